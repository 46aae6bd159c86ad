"""Many concurrent events: one repository and one `created` for each name, few look-ups, and exact limits.

At most four processes handle events at the same time, one event each: there are several times as many events.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.faults import Crash, Delay, Fault, Moment
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from handler.ledger import COUNTER_PREFIX
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from tests.handler.installation import CONFIG, REGION, Installed, by_handler, install, push

LIMIT = 12
"""`create.limit.per_hour` of the OU."""


@pytest.fixture(scope="module")
def shared(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """One handler for the tests, each of which has accounts of its own."""
    config = tmp_path_factory.mktemp("floods") / "config"
    shutil.copytree(CONFIG, config)
    prod = config / "ous" / "workloads" / "prod.yaml"
    prod.write_text(prod.read_text().replace("per_hour: 50", f"per_hour: {LIMIT}"))
    running_sandbox.reset()
    yield install(running_sandbox, config=config)
    check(running_sandbox)


@pytest.fixture
def installed(shared: Installed) -> Iterator[Installed]:
    """The handler, whose calls are recorded from now on; no test leaves anything in the failures queue."""
    shared.sandbox.calls.clear()
    yield shared
    shared.sandbox.faults.clear()
    assert not shared.failures()


@pytest.fixture
def account(installed: Installed) -> str:
    return installed.new_accounts(1)[0]


def layers(name: str, number: int, *, account: str) -> list[Any]:
    """The events of one push of this many missing layers, all of the same second."""
    return [push(name, event_id=f"{name.replace('/', '-')}-layer-{index}", account=account) for index in range(number)]


def created(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """`created` records of each repository."""
    return Counter((record.account, record.repository or "") for record in records if record.outcome == "created")


def repositories(installed: Installed, account: str) -> set[str]:
    ecr = installed.sandbox.client("ecr", account=account, region=REGION)
    pages = ecr.get_paginator("describe_repositories").paginate()
    return {found["repositoryName"] for page in pages for found in page["repositories"]}


def look_ups(installed: Installed) -> Counter[tuple[str, str, str]]:
    """How often each process (each has an access key) looked up each account and assumed its role."""
    keys = {"DescribeAccount": "AccountId", "AssumeRole": "RoleArn"}
    return Counter(
        (call.principal.access_key_id, call.operation, str(call.parameters[keys[call.operation]]))
        for call in installed.calls()
        if call.operation in keys
    )


def work(installed: Installed) -> Counter[str]:
    """How often each operation was called, without the look-ups."""
    calls = Counter(call.operation for call in installed.calls())
    return calls - Counter({"DescribeAccount": calls["DescribeAccount"], "AssumeRole": calls["AssumeRole"]})


def whole(repositories: int) -> Counter[str]:
    """The calls that create this many repositories: one each to count, create, set each policy, record and notify."""
    each = ("UpdateItem", "CreateRepository", "PutLifecyclePolicy", "SetRepositoryPolicy", "ExecuteStatement")
    return Counter(dict.fromkeys((*each, "PutEvents"), repositories))


def processes(installed: Installed) -> int:
    own = (call.principal for call in installed.calls() if "deployer-handler" in call.principal.arn)
    return len({principal.access_key_id for principal in own})


def records_of(installed: Installed, *accounts: str) -> list[Record]:
    return [record for record in installed.records() if record.account in accounts]


def test_invariant_1_one_push_of_many_layers_gives_one_repository_and_one_created(
    installed: Installed, account: str
) -> None:
    installed.send(*layers("team-a/api", 16, account=account))
    outcomes = Counter((record.outcome, record.reason) for record in records_of(installed, account))
    assert outcomes == {("created", "created"): 1, ("exists", "already-exists"): 15}
    assert set(look_ups(installed).values()) == {1}
    found = dict.fromkeys(("UpdateItem", "CreateRepository", "ListTagsForResource", "ExecuteStatement"), 15)
    assert work(installed) == whole(1) + Counter(found)


def test_invariant_1_many_concurrent_copies_of_an_event_give_one_created(installed: Installed, account: str) -> None:
    installed.send(push("team-a/api", event_id="event-1", account=account), copies=24)
    outcomes = Counter(record.outcome for record in records_of(installed, account))
    assert outcomes == {"created": 1, "ignored": 1}, "all duplicates that found the work done share a record"
    assert set(look_ups(installed).values()) == {1}


def test_invariant_1_many_concurrent_pushes_from_many_accounts_give_one_created_each(installed: Installed) -> None:
    """Each process receives several events of most accounts."""
    accounts = installed.new_accounts(6)
    names = [f"team-{index}/api" for index in range(10)]
    events = [push(name, event_id=f"of-{name[:6]}", account=account) for name in names for account in accounts]
    random.Random(4).shuffle(events)
    installed.send(*events)

    assert created(records_of(installed, *accounts)) == {(account, name): 1 for account in accounts for name in names}
    assert all(repositories(installed, account) == set(names) for account in accounts)
    found = look_ups(installed)
    assert set(found.values()) == {1}, "single-flight, and cached for as long as the process lives"
    assert len(found) <= 2 * len(accounts) * processes(installed)
    assert work(installed) == whole(len(events)), "not one call more than a single push takes"
    assert not [call for call in installed.calls() if call.error_code]


def test_invariant_1_events_out_of_order_give_one_created_each(installed: Installed, account: str) -> None:
    """Layers of three pushes in mixed order, one of them twice and one much later than the others."""
    names = ["team-a/one", "team-a/two", "team-a/three"]
    events = [event for name in names for event in layers(name, 5, account=account)]
    events.sort(key=lambda event: event["detail"]["eventID"][::-1], reverse=True)
    late = push(names[0], event_id="team-a-one-layer-late", account=account, ago=timedelta(hours=2))
    installed.send(*events, events[3], late)
    assert created(records_of(installed, account)) == {(account, name): 1 for name in names}
    assert repositories(installed, account) == set(names)


def test_a_limit_is_exact_with_concurrent_events_duplicates_and_crashes(installed: Installed, account: str) -> None:
    """Reservations take some time, so that several processes count the slots before one is reserved."""
    names = [f"team-a/n{number}" for number in range(LIMIT + 5)]
    crashes = [
        Fault(
            effect=Crash(),
            operation="UpdateItem",
            when=by_handler,
            first=nth,
            times=1,
            moment=Moment.AFTER if nth == 7 else Moment.BEFORE,
        )
        for nth in (2, 7, 11)
    ]
    for fault in (Fault(effect=Delay(seconds=0.05), operation="UpdateItem", when=by_handler), *crashes):
        installed.sandbox.faults.add(fault)
    events = [event for name in names for event in layers(name, 2, account=account)]
    installed.send(*events)

    assert [fault.hits for fault in crashes] == [1, 1, 1]
    there = repositories(installed, account)
    assert len(there) == LIMIT
    records = records_of(installed, account)
    assert created(records) == {(account, name): 1 for name in there}
    refused = {record.repository for record in records if record.reason == "limit-reached"}
    assert refused == set(names) - there
    counters = [item for item in installed.items() if item["account"]["S"].startswith(f"{COUNTER_PREFIX}{account}#")]
    (counter,) = [item for item in counters if "slots" in item]
    assert len(counter["slots"]["SS"]) == LIMIT
    assert all(
        (installed.repository(name, account=account) or {})["tags"][EVENT_ID_TAG].startswith(name.replace("/", "-"))
        for name in there
    )


def test_a_flood_stays_within_the_reserved_concurrency_and_no_event_is_lost(sandbox: Sandbox, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    with (config / "organization.yaml").open("a") as file:
        file.write("\nhandler: {reserved_concurrency: 2}\n")
    installed = install(sandbox, config=config)
    function = sandbox.client("lambda").get_function(FunctionName=installed.synthesis.names.function)
    assert function["Concurrency"] == {"ReservedConcurrentExecutions": 2}

    installed.send(*(push(f"team-a/tmp-{number}", event_id=f"refused-{number}") for number in range(20)))
    installed.send(push("team-a/api", event_id="event-1"))
    assert processes(installed) <= 2
    assert Counter(record.outcome for record in installed.records()) == {"refused": 20, "created": 1}
    assert not installed.failures()
