"""StackSets are read in the background: nothing twice, nothing outdated, and errors are raised to the caller."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.errors import PermissionDeniedError
from deployer.operation_preferences import OperationPreferences
from deployer.stack_sets import DeploymentTargets, InstanceOperation
from tests.clocks import timeless

OURS = ("deployer-access", "deployer-forwarding")
LIMIT = 30.0
OPERATION = InstanceOperation(
    action="CREATE", targets=DeploymentTargets(ou_ids=("ou-1",)), regions=("eu-west-1",), instances=()
)


class Client:
    """CloudFormation with some StackSets of three pages each; `before` is called before each call is answered."""

    def __init__(self, *names: str, before: Callable[[str], None] = lambda _: None) -> None:
        self._names = names
        self._before = before
        self.calls: Counter[str] = Counter()
        self.in_progress: list[Any] = []

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[Any]:
        self._call("list_stack_sets")
        return [{"Summaries": [{"StackSetName": name} for name in self._names]}]

    def describe_stack_set(self, *, StackSetName: str, **_: Any) -> Any:  # noqa: N803 - as AWS names it
        self._call(f"describe_stack_set {StackSetName}")
        if StackSetName not in self._names:
            raise ClientError({"Error": {"Code": "StackSetNotFoundException", "Message": "none"}}, "DescribeStackSet")
        return {
            "StackSet": {"StackSetName": StackSetName, "Status": "ACTIVE", "StackSetARN": "a", "TemplateBody": "{}"}
        }

    def list_stack_instances(self, *, StackSetName: str, NextToken: str = "0", **_: Any) -> Any:  # noqa: N803
        self._call(f"list_stack_instances {StackSetName}")
        page = int(NextToken)
        one = {"Account": f"{page:012}", "Region": "eu-west-1", "Status": "CURRENT"}
        return {"Summaries": [one], **({"NextToken": str(page + 1)} if page < 2 else {})}

    def list_stack_set_auto_deployment_targets(self, **_: Any) -> Any:
        self._call("list_stack_set_auto_deployment_targets")
        return {"Summaries": []}

    def list_stack_set_operations(self, **_: Any) -> Any:
        self._call("list_stack_set_operations")
        return {"Summaries": self.in_progress}

    def create_stack_instances(self, **_: Any) -> Any:
        return {"OperationId": "1"}

    def _call(self, name: str) -> None:
        self._before(name)
        self.calls[name] += 1


def stack_sets(client: Client) -> CloudFormationStackSets:
    return CloudFormationStackSets(
        cast("Any", client),
        call_as="SELF",
        store=lambda body: body,
        preferences=OperationPreferences(),
        caller="arn:aws:iam::200000000001:user/alice",
        clock=timeless(),
    )


def prefetching(client: Client) -> CloudFormationStackSets:
    found = stack_sets(client)
    found.prefetch(OURS.__contains__)
    return found


def test_prefetching_returns_the_same_with_the_same_calls() -> None:
    plain, ahead = Client(*OURS, "other"), Client(*OURS, "other")
    expected, found = stack_sets(plain), prefetching(ahead)
    assert found.names() == expected.names() == (*OURS, "other")
    for name in OURS:
        assert found.describe(name) == expected.describe(name)
    assert ahead.calls == plain.calls
    assert not ahead.calls["describe_stack_set other"]


def test_stack_sets_are_read_while_the_caller_reads_the_organization() -> None:
    """All reads have started before the organization or a StackSet is finished."""
    together = threading.Barrier(len(OURS) + 1)

    def meet(name: str) -> None:
        if name.startswith("describe_stack_set"):
            together.wait(LIMIT)

    found = prefetching(Client(*OURS, before=meet))
    together.wait(LIMIT)
    assert [found.describe(name) is not None for name in OURS] == [True, True]


def test_a_stack_set_is_prefetched_once_and_then_read() -> None:
    client = Client(*OURS)
    found = prefetching(client)
    for _ in range(3):
        found.describe(OURS[0])
    assert client.calls[f"describe_stack_set {OURS[0]}"] == 3
    found.names()
    found.names()
    assert client.calls["list_stack_sets"] == 2


def test_a_missing_stack_set_is_read_when_it_is_needed() -> None:
    assert prefetching(Client()).describe(OURS[0]) is None


@pytest.mark.parametrize("call", ["list_stack_sets", "describe_stack_set", "list_stack_instances"])
def test_an_error_is_raised_when_the_result_is_needed(call: str) -> None:
    def deny(name: str) -> None:
        if name.startswith(call):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, call)

    found = prefetching(Client(*OURS, before=deny))
    with pytest.raises(PermissionDeniedError, match=f"{call} was denied: not you"):
        (found.names(), found.describe(OURS[0]))


def test_prefetching_stops_if_the_caller_fails() -> None:
    listing, failed = threading.Event(), threading.Event()
    listers: list[threading.Thread] = []

    def hold(name: str) -> None:
        if name == "list_stack_sets":
            listers.append(threading.current_thread())
            listing.set()
            assert failed.wait(LIMIT)

    client = Client(*OURS, before=hold)
    found = prefetching(client)
    assert listing.wait(LIMIT)
    (lister,) = listers
    assert lister.daemon  # Ctrl-C does not wait for it
    found.stop_prefetching()
    failed.set()
    lister.join(LIMIT)
    assert client.calls == {"list_stack_sets": 1}


@pytest.mark.parametrize("is_prefetched", [False, True])
def test_a_stack_set_that_this_command_changes_is_read_again(is_prefetched: bool) -> None:
    client = Client(*OURS)
    found = prefetching(client) if is_prefetched else stack_sets(client)
    if not is_prefetched:
        found.describe(OURS[0])
    found.operate(OURS[0], OPERATION)
    before = client.calls[f"describe_stack_set {OURS[0]}"]
    found.recall(OURS[0])
    assert client.calls[f"describe_stack_set {OURS[0]}"] == before + 1


def test_an_unchanged_stack_set_is_not_read_again() -> None:
    client = Client(*OURS)
    found = stack_sets(client)
    first = found.recall(OURS[0])
    assert found.recall(OURS[0]) is first
    assert client.calls[f"list_stack_instances {OURS[0]}"] == 3


def test_a_stack_set_that_an_operation_changes_is_read_again() -> None:
    client = Client(*OURS)
    found = stack_sets(client)
    client.in_progress = [{"OperationId": "1", "Action": "CREATE", "Status": "RUNNING"}]
    found.describe(OURS[0])
    client.in_progress = []
    found.recall(OURS[0])
    assert client.calls[f"describe_stack_set {OURS[0]}"] == 2
