"""Many concurrent events: one repository and one `created` for each name, few look-ups, and exact limits."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from aws_org_sandbox.faults import Crash, Fault, Moment
from aws_org_sandbox.sandbox import Sandbox
from handler.ledger import COUNTER_PREFIX
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from tests.handler.installation import ACCOUNT, CONFIG, REGION, Installed, by_handler, install, push

LIMIT = 50
"""`create.limit.per_hour` of config/ous/workloads/prod.yaml."""


def layers(name: str, number: int, *, account: str = ACCOUNT) -> list[Any]:
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


def test_invariant_1_one_push_of_forty_layers_gives_one_repository_and_one_created(installed: Installed) -> None:
    installed.send(*layers("team-a/api", 40))
    outcomes = Counter((record.outcome, record.reason) for record in installed.records())
    assert outcomes == {("created", "created"): 1, ("exists", "already-exists"): 39}
    assert set(look_ups(installed).values()) == {1}
    found = dict.fromkeys(("UpdateItem", "CreateRepository", "ListTagsForResource", "ExecuteStatement"), 39)
    assert work(installed) == whole(1) + Counter(found)
    assert not installed.failures()


def test_invariant_1_a_hundred_concurrent_copies_of_an_event_give_one_created(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"), copies=100)
    outcomes = Counter(record.outcome for record in installed.records())
    assert outcomes == {"created": 1, "ignored": 1}, "all duplicates that found the work done share a record"
    assert set(look_ups(installed).values()) == {1}
    assert not installed.failures()


def test_invariant_1_five_hundred_concurrent_pushes_from_fifty_accounts_give_one_created_each(
    installed: Installed,
) -> None:
    accounts = installed.new_accounts(50)
    names = [f"team-{index}/api" for index in range(10)]
    events = [push(name, event_id=f"of-{name[:6]}", account=account) for name in names for account in accounts]
    random.Random(4).shuffle(events)
    installed.send(*events)

    assert created(installed.records()) == {(account, name): 1 for account in accounts for name in names}
    assert all(repositories(installed, account) == set(names) for account in accounts)
    found = look_ups(installed)
    assert set(found.values()) == {1}, "single-flight, and cached for as long as the process lives"
    assert len(found) <= 2 * len(accounts) * processes(installed)
    assert work(installed) == whole(500), "not one call more than a single push takes"
    assert not [call for call in installed.calls() if call.error_code]
    assert not installed.failures()


def test_invariant_1_events_out_of_order_give_one_created_each(installed: Installed) -> None:
    """Layers of three pushes in mixed order, one of them twice and one much later than the others."""
    names = ["team-a/one", "team-a/two", "team-a/three"]
    events = [event for name in names for event in layers(name, 5)]
    events.sort(key=lambda event: event["detail"]["eventID"][::-1], reverse=True)
    late = push(names[0], event_id="team-a-one-layer-late", ago=timedelta(hours=2))
    installed.send(*events, events[3], late)
    assert created(installed.records()) == {(ACCOUNT, name): 1 for name in names}
    assert repositories(installed, ACCOUNT) == set(names)
    assert not installed.failures()


def test_a_limit_is_exact_with_concurrent_events_duplicates_and_crashes(installed: Installed) -> None:
    names = [f"team-a/n{number}" for number in range(LIMIT + 15)]
    for nth in (5, 25, 45):
        moment = Moment.AFTER if nth == 25 else Moment.BEFORE
        crash = Fault(effect=Crash(), operation="UpdateItem", when=by_handler, first=nth, times=1, moment=moment)
        installed.sandbox.faults.add(crash)
    events = [event for name in names for event in layers(name, 2)]
    installed.send(*events)

    there = repositories(installed, ACCOUNT)
    assert len(there) == LIMIT
    assert created(installed.records()) == {(ACCOUNT, name): 1 for name in there}
    refused = {record.repository for record in installed.records() if record.reason == "limit-reached"}
    assert refused == set(names) - there
    counters = [item for item in installed.items() if item["account"]["S"].startswith(COUNTER_PREFIX)]
    (counter,) = [item for item in counters if "slots" in item]
    assert len(counter["slots"]["SS"]) == LIMIT
    assert all(
        (installed.repository(name) or {})["tags"][EVENT_ID_TAG].startswith(name.replace("/", "-")) for name in there
    )
    assert not installed.failures()


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
