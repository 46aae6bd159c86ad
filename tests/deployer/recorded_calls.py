"""The calls that roles with one policy made in the sandbox, compared with that policy in both directions.

None was denied, the independent simulator allows each, and each action of each statement is needed: without it, the
simulator denies a call that was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from aws_org_sandbox.iam import authorization, services, trust
from aws_org_sandbox.iam.evaluation import Decision, PolicySet, evaluate
from aws_org_sandbox.iam.identities import find_role
from aws_org_sandbox.iam.requests import AccessRequest
from templates.permissions import VIA_CLOUDFORMATION, Permission, policy_of
from templates.policies import ASSUME
from tests.iam_simulate import installation
from tests.iam_simulate.judge import Call, is_installed, is_required, judge

AWS_POLICIES = "arn:aws:organizations::aws:policy/"
SINGLE_VALUED = frozenset({"aws:calledvia", "dynamodb:leadingkeys", "aws:tagkeys", "sts:transitivetagkeys"})
Needed = tuple[str, str, str]
"""A policy, the Sid of one of its statements, and an action of it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The requests of roles named `<prefix><policy>`.

    `resource_policies` are by service and ARN: the trust policies of the roles that they assumed, and what a test adds.
    """

    prefix: str
    requests: list[AccessRequest] = field(default_factory=list)
    resource_policies: dict[tuple[str, str], Any] = field(default_factory=dict)

    def policy_name(self, request: AccessRequest) -> str:
        """The policy of the calling role; empty for other callers."""
        session = request.subject.arns[0] if request.subject.arns else ""
        _, found, rest = session.partition(f":assumed-role/{self.prefix}")
        return rest.split("/")[0] if found else ""

    def of(self, name: str) -> list[AccessRequest]:
        """The different calls of the role with one policy."""
        found = [one for one in self.requests if self.policy_name(one) == name]
        return list({(one.action.lower(), one.resource, _is_forwarded(one)): one for one in found}.values())

    def call(self, request: AccessRequest, permissions: Iterable[Permission]) -> Call:
        """The request as the simulator takes it, by a role that has these permissions."""
        assert request.resource is not None, request.action
        is_id = request.resource != "*"
        resource = request.resource.replace("*", "0") if is_id else request.resource  # an id that AWS gives
        if resource.startswith(AWS_POLICIES):  # the simulator supports only policies of organizations
            policy = f"{installation.ORGANIZATION}/service_control_policy/p-00000000"
            resource = f"arn:aws:organizations::100000000000:policy/{policy}"
        return Call(
            principal=request.subject.arns[0],
            action=request.action,
            resource=resource,
            account=request.resource_account or request.subject.account or installation.CENTRAL,
            context={
                key: list(found) if key in SINGLE_VALUED else found[0]
                for key in request.context
                if (found := request.context.get(key))
            },
            identity_policies=[policy_of(list(permissions))],
            resource_policy=self.resource_policies.get((request.action.partition(":")[0], resource)),
        )


@contextmanager
def recording(prefix: str) -> Iterator[Recorded]:
    """Record what the sandbox's IAM evaluates for roles whose names begin with `prefix`."""
    found = Recorded(prefix)

    def record(request: AccessRequest, policies: PolicySet) -> Decision:
        if found.policy_name(request):
            found.requests.append(request)
        if request.action in ASSUME and (assumed := find_role(request.resource or "")):
            found.resource_policies["sts", assumed.arn] = json.loads(assumed.assume_role_policy_document)
        return evaluate(request, policies)

    with pytest.MonkeyPatch.context() as patch:
        for module in (authorization, services, trust):
            patch.setattr(module, "evaluate", record)
        yield found


def unneeded(recorded: Recorded, name: str, permissions: Sequence[Permission]) -> set[Needed]:
    """Actions that one policy allows the caller itself and that no recorded call needs.

    CloudFormation's own calls are held to AWS's list for each type (tests/templates/test_operator_policy.py).
    """
    calls = recorded.of(name)
    return {
        (name, one.sid, action)
        for one in permissions
        for action in one.actions
        if one.condition != VIA_CLOUDFORMATION and not any(_needs(call, one, action) for call in calls)
    }


def disagreements(
    recorded: Recorded,
    policies: Mapping[str, Sequence[Permission]],
    *,
    is_expected: Callable[[str, AccessRequest], bool] = lambda *_: False,
) -> list[str]:
    """Recorded calls that the simulator denies, and those that it allows without the action that allows them."""
    if not is_installed() and not is_required():
        return []
    asked: list[tuple[str, Call, bool]] = []
    for name, permissions in policies.items():
        made = [one for one in recorded.of(name) if not is_expected(name, one)]
        asked += [(f"{name} with its policy", recorded.call(one, permissions), True) for one in made]
        for one, action, request in _needing(permissions, made):
            others = [_without(other, action) if other is one else other for other in permissions]
            text = f"{name} without {action} in {one.sid}"
            asked.append((text, recorded.call(request, [other for other in others if other.actions]), False))
    assert {expected for _, _, expected in asked} == {True, False}
    return [
        f"{text}: {call.action} on {call.resource} ({verdict.error or verdict.result})"
        for (text, call, expected), verdict in zip(asked, judge([call for _, call, _ in asked]), strict=True)
        if verdict.error or verdict.is_allowed is not expected
    ]


def _needing(
    permissions: Sequence[Permission], made: Sequence[AccessRequest]
) -> Iterator[tuple[Permission, str, AccessRequest]]:
    """A call for each action of each statement, one that no other statement allows.

    A call that several statements allow is given only if none is for CloudFormation's calls: which of its calls a
    command's own statements allow, too, is AWS's business.
    """
    for one in permissions:
        for action in one.actions:
            calls = [call for call in made if _needs(call, one, action)]
            others = [
                (other, also) for other in permissions for also in other.actions if (other, also) != (one, action)
            ]
            alone = [call for call in calls if not any(_allows(other, also, call) for other, also in others)]
            own = calls if one.condition != VIA_CLOUDFORMATION else []
            for call in [*alone, *own][:1]:
                yield one, action, call


def _allows(one: Permission, action: str, request: AccessRequest) -> bool:
    """Whether this action of a statement allows the call; of its condition only the caller is considered."""
    return (
        fnmatchcase(request.action.lower(), action.lower())
        and any(fnmatchcase(request.resource or "", resource) for resource in one.resources)
        and (one.condition != VIA_CLOUDFORMATION or _is_forwarded(request))
    )


def _needs(request: AccessRequest, one: Permission, action: str) -> bool:
    """Whether this action of a statement is meant for the call: calls of CloudFormation have their own statements.

    Except for passing roles (assumption A8).
    """
    is_for_its_caller = (one.condition == VIA_CLOUDFORMATION) == _is_forwarded(request)
    return _allows(one, action, request) and (is_for_its_caller or request.action == "iam:PassRole")


def _is_forwarded(request: AccessRequest) -> bool:
    """Whether CloudFormation makes the call with its caller's permissions."""
    return bool(request.context.get("aws:CalledVia"))


def _without(one: Permission, action: str) -> Permission:
    return replace(one, actions=tuple(other for other in one.actions if other != action))
