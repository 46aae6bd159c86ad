"""Requests to the function URL: answered in the response, recorded like events, and always completed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from handler import reasons
from handler.errors import PermanentError
from handler.rate_limits import CAPACITY
from handler.records import Record
from tests.handler.fakes import (
    ACCOUNT,
    LIFECYCLE,
    NEW_ACCOUNT,
    OTHER_ACCOUNT,
    POLICY,
    PROD,
    CrashError,
    Held,
    World,
    settings_document,
)
from tests.handler.http_requests import CALLER, REQUEST_ID, answered, body, http, outcomes
from tests.handler.test_requests import SCHEMA

KEY = (ACCOUNT, "eu-west-1", "team-a/api")
ANSWER = Draft202012Validator(SCHEMA["$defs"]["answer"])


def ask(world: World, event: Any = None, *, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send one request to a new container."""
    service = world.service(world.handler(document))
    response = service.handle(event or http(), request_id="lambda-1")
    if response["statusCode"] == 200:
        ANSWER.validate(answered(response)[1])
    return response


def deliver_handed_over(world: World, document: dict[str, Any] | None = None) -> None:
    """Lambda's asynchronous invocations of what was handed over."""
    while world.handed_over:
        event = world.handed_over.pop(0)
        world.deliver(world.handler(document), event, request_id=f"lambda-of-{event['id']}")


def with_principals(**rules: Any) -> dict[str, Any]:
    document = settings_document()
    document["ous"][PROD]["create"]["principals"] = rules
    return document


def is_complete(world: World) -> bool:
    held = world.repositories[KEY]
    return (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)


def test_a_missing_repository_is_created_with_all_of_its_settings_and_recorded_once() -> None:
    world = World()
    response = ask(world, http(request_id=REQUEST_ID))
    assert outcomes(response) == [("created", "created")]
    (result,) = answered(response)[1]["results"]
    assert (result["event_id"], result["rule"]) == (f"{REQUEST_ID}-1", "create.names.allow: team-*/**")
    assert is_complete(world)
    (record,) = world.records.values()
    assert (record.outcome, record.via, record.principal, record.event_id) == (
        "created",
        "request",
        CALLER,
        f"{REQUEST_ID}-1",
    )
    deliver_handed_over(world)
    assert (len(world.creations), len(world.records), len(world.notices.sent)) == (1, 1, 1)
    assert not world.messages


def test_work_is_handed_over_before_anything_is_changed() -> None:
    world = World()
    ask(world)
    changing = {"create", "lifecycle", "policy", "write", "reserve", "count", "send", "notify"}
    first = next(number for number, call in enumerate(world.faults.calls) if call in changing)
    assert world.faults.calls[:first] == ["organization", "exists", "invoke"]
    assert [event["detail"]["requestParameters"]["repositoryName"] for event in world.handed_over] == ["team-a/api"]


def test_an_existing_repository_is_reported_without_a_change_or_a_hand_over() -> None:
    document = settings_document()
    document["ous"][PROD]["create"]["limit"] = {"per_hour": 1}
    world = World(repositories={KEY: Held(tags={}, settings=None, created_at=World().now)})
    assert outcomes(ask(world, document=document)) == [("exists", "already-exists")]
    assert world.outcomes() == [("exists", "already-exists")]
    assert not {"create", "invoke", "reserve"} & set(world.faults.calls)
    assert world.repositories[KEY].lifecycle_policy is None


def test_a_refusal_is_returned_with_its_rule_and_recorded_without_a_hand_over() -> None:
    world = World()
    response = ask(world, http(body("team-a/tmp-1")))
    assert outcomes(response) == [("refused", "name-denied")]
    (result,) = answered(response)[1]["results"]
    assert result["rule"] == "create.names.deny: **/tmp-*"
    assert f"deployer explain {ACCOUNT} team-a/tmp-1 --region eu-west-1 --principal {CALLER}" in result["next_step"]
    (record,) = world.records.values()
    assert (record.outcome, record.reason, record.via) == ("refused", "name-denied", "request")
    assert "invoke" not in world.faults.calls


def test_each_repository_of_a_request_has_its_own_result_in_order() -> None:
    world = World(repositories={(ACCOUNT, "eu-west-1", "team-a/b"): Held({}, None, World().now)})
    response = ask(world, http(body("team-a/tmp-1", "team-a/b", "team-a/c", "Team/\u202e", "team-b/d")))
    found = [(one["repository"], one["outcome"]) for one in answered(response)[1]["results"]]
    assert found == [
        ("team-a/tmp-1", "refused"),
        ("team-a/b", "exists"),
        ("team-a/c", "created"),
        ("Team/\\u202e", "refused"),
        ("team-b/d", "created"),
    ]
    assert len({record.event_id for record in world.records.values()}) == 5
    assert sorted(name for _, _, name in world.creations) == ["team-a/c", "team-b/d"]


def test_twenty_repositories_are_one_request() -> None:
    world = World()
    names = [f"team-a/service-{number}" for number in range(20)]
    assert outcomes(ask(world, http(body(*names)))) == [("created", "created")] * 20
    assert len(world.handed_over) == len(world.creations) == 20


@pytest.mark.parametrize(
    ("rules", "outcome", "asked"),
    [
        ({"allow": ["arn:aws:iam::*:role/ci/*"]}, ("created", "created"), True),
        ({"allow": ["arn:aws:iam::*:role/other/*"]}, ("refused", "principal-not-allowed"), True),
        ({"deny": ["arn:aws:iam::*:role/ci/*"]}, ("refused", "principal-denied"), True),
        ({"deny": ["arn:aws:sts::*:assumed-role/ci-build/*"]}, ("refused", "principal-denied"), False),
        ({"allow": ["*"]}, ("created", "created"), False),
    ],
    ids=["allowed by its path", "of another path", "denied by its path", "denied as a session", "without a rule"],
)
def test_rules_on_principals_apply_to_the_role_with_its_path_as_in_an_event(
    rules: dict[str, Any], outcome: tuple[str, str], asked: bool
) -> None:
    world = World()
    assert outcomes(ask(world, document=with_principals(**rules))) == [outcome]
    assert ("role" in world.faults.calls) == asked
    deliver_handed_over(world, with_principals(**rules))
    assert len(world.records) == 1


@pytest.mark.parametrize(
    "path", ["ci-build/x:assumed-role/", "ci-build/arn:aws:sts::111111111111:assumed-role/ci-build/", "x:role/ci/"]
)
def test_no_path_of_a_user_is_mistaken_for_a_role(path: str) -> None:
    """A user's path may contain every printable character of ASCII."""
    world = World()
    user = {"userArn": f"arn:aws:iam::{ACCOUNT}:user/{path}mallory"}
    document = with_principals(allow=["arn:aws:iam::*:role/ci/*", "arn:aws:sts::*:assumed-role/ci-build/*"])
    assert outcomes(ask(world, http(iam=user), document=document)) == [("refused", "principal-not-allowed")]
    assert "role" not in world.faults.calls


def test_if_the_role_cannot_be_read_the_request_fails_and_nothing_is_allowed() -> None:
    document = with_principals(deny=["arn:aws:iam::*:role/ci/*"])
    world = World(role_paths={})
    assert outcomes(ask(world, document=document)) == [("failed", "request-not-accepted")]
    deliver_handed_over(world, document)
    assert (world.outcomes(), len(world.messages)) == ([("failed", "request-not-accepted")], 1)
    assert not world.creations


def test_an_ou_that_is_not_enabled_is_refused_without_a_call_to_the_account() -> None:
    document = settings_document()
    document["ous"][PROD] |= {"enabled": False}
    document["ous"][PROD]["create"]["principals"] = {"allow": ["arn:aws:iam::*:role/ci/*"]}
    world = World()
    assert outcomes(ask(world, document=document)) == [("refused", "ou-not-enabled")]
    assert world.faults.calls == ["organization", "count", "push", "write", "notify"]


@pytest.mark.parametrize("organization", [None, ""], ids=["null", "empty"])
def test_a_caller_whose_organization_aws_does_not_report_is_looked_up(organization: str | None) -> None:
    world = World()
    assert outcomes(ask(world, http(iam={"principalOrgId": organization}))) == [("created", "created")]
    outside = World(chains={})
    status, document = answered(ask(outside, http(iam={"principalOrgId": organization})))
    assert (status, document["error"]["code"]) == (403, "outside-organization")
    assert not outside.creations
    assert not outside.handed_over


def test_another_accounts_registry_is_not_touched() -> None:
    world = World()
    status, document = answered(ask(world, http(body("team-a/api", account=NEW_ACCOUNT))))
    assert (status, document["error"]["code"]) == (403, "other-account")
    assert not world.faults.calls


def test_a_caller_above_the_rate_limit_receives_when_to_retry() -> None:
    world = World()
    service = world.service()
    names = [f"team-a/service-{number}" for number in range(20)]
    for _ in range(CAPACITY // 20):
        assert service.handle(http(body(*names)), request_id="1")["statusCode"] == 200
    response: Any = service.handle(http(body(*names)), request_id="1")
    status, document = answered(response)
    assert (status, document["error"]["code"], response["headers"]["retry-after"]) == (429, "too-many-requests", "2")
    assert (world.lines[-1]["status"], world.lines[-1]["principal"]) == (429, CALLER)
    other = http(body("team-x/y", account=OTHER_ACCOUNT), iam={
        "accountId": OTHER_ACCOUNT, "userArn": f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice",
    })  # fmt: skip
    assert service.handle(other, request_id="1")["statusCode"] == 200
    world.pass_time(timedelta(seconds=2))
    assert service.handle(http(body(*names)), request_id="1")["statusCode"] == 200


def test_a_rejection_is_logged_in_one_line_and_not_recorded() -> None:
    world = World()
    ask(world, http("{"))
    (line,) = world.lines
    assert (line["status"], line["code"], line["request_id"], "outcome" in line) == (
        400,
        "malformed-body",
        "lambda-1",
        False,
    )
    assert not world.records
    assert not world.messages


def test_the_limit_of_new_repositories_counts_requests_and_is_recorded_once() -> None:
    document = settings_document()
    document["ous"][PROD]["create"]["limit"] = {"per_hour": 1}
    world = World()
    assert outcomes(ask(world, document=document)) == [("created", "created")]
    assert outcomes(ask(world, http(body("team-a/web")), document=document)) == [("refused", "limit-reached")]
    deliver_handed_over(world, document)
    assert world.outcomes() == [("created", "created"), ("refused", "limit-reached")]
    assert len(world.notices.sent) == 2


# errors: everything that this run cannot finish is left to the asynchronous run


def created(record: Record) -> bool:
    return record.outcome == "created"


CALLS = ["organization", "role", "exists", "invoke", "reserve", "create", "lifecycle", "policy", "write", "notify"]
DOCUMENT = with_principals(allow=["arn:aws:iam::*:role/ci/*"])
DOCUMENT["ous"][PROD]["create"]["limit"] = {"per_hour": 5}


def test_every_call_of_a_request_is_covered_by_these_tests() -> None:
    world = World()
    ask(world, document=DOCUMENT)
    assert set(world.faults.calls) == set(CALLS)
    assert len(world.faults.calls) == len(CALLS)


def world_with(error: Callable[[], BaseException], *, number: int, moment: str) -> World:
    world = World()
    {"before": world.faults.before, "after": world.faults.after}[moment][number] = error()
    return world


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(len(CALLS)), ids=CALLS)
def test_after_an_error_at_any_call_the_request_has_a_response_and_the_work_is_done_once(
    number: int, moment: str
) -> None:
    world = world_with(ConnectionError, number=number, moment=moment)
    ((outcome, _),) = outcomes(ask(world, document=DOCUMENT))
    if CALLS[number] == "write":
        assert outcome == "created"  # it is, and the other run records it
    else:
        assert outcome in ({"created"} if CALLS[number] == "notify" else {"pending"})
    deliver_handed_over(world, DOCUMENT)
    assert [one.outcome for one in world.records.values()] == ["created"]
    assert len(world.creations) == 1
    assert is_complete(world)
    assert not world.messages


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(len(CALLS)), ids=CALLS)
def test_a_run_that_is_killed_at_any_call_leaves_nothing_incomplete(number: int, moment: str) -> None:
    world = world_with(CrashError, number=number, moment=moment)
    with pytest.raises(CrashError):
        ask(world, document=DOCUMENT)
    accepted = bool(world.handed_over)
    assert accepted or not world.creations
    deliver_handed_over(world, DOCUMENT)
    assert [one.outcome for one in world.records.values()] == ["created"] * accepted
    repeated = outcomes(ask(world, document=DOCUMENT))
    assert repeated == [("exists", "already-exists") if accepted else ("created", "created")]
    deliver_handed_over(world, DOCUMENT)
    assert sum(created(one) for one in world.records.values()) == len(world.creations) == 1
    assert is_complete(world)
    assert not world.messages


@pytest.mark.parametrize("name", ["exists", "create", "lifecycle"])
def test_a_permanent_error_is_returned_and_recorded_once_by_the_asynchronous_run(name: str) -> None:
    world = World()
    world.faults.by_name[name] = PermanentError(reasons.QUOTA_REACHED, "CreateRepository: LimitExceeded")
    response = ask(world)
    assert outcomes(response) == [("failed", "quota-reached")]
    assert "LimitExceeded" in answered(response)[1]["results"][0]["message"]
    assert not world.records
    assert not world.messages
    if name == "exists":
        world.faults.by_name["create"] = world.faults.by_name["exists"]
    deliver_handed_over(world)
    assert [(one.outcome, one.via) for one in world.records.values()] == [("failed", "request")]
    (message,) = world.messages
    world.faults.by_name.clear()
    world.deliver(world.handler(), message["event"])
    assert sorted(one.outcome for one in world.records.values()) == ["created", "failed"]
    assert is_complete(world)


@pytest.mark.parametrize("reason", [reasons.ACCESS_DENIED, reasons.ROLE_NOT_ASSUMABLE])
def test_a_temporary_denial_is_pending_and_retried(reason: str) -> None:
    world = World()
    world.faults.passing["exists"] = [PermanentError(reason, "denied")]
    assert outcomes(ask(world)) == [("pending", reason)]
    deliver_handed_over(world)
    assert world.outcomes() == [("created", "created")]


def test_work_that_cannot_be_handed_over_is_not_started() -> None:
    world = World()
    world.faults.by_name["invoke"] = ConnectionError("throttled")
    response = ask(world)
    assert outcomes(response) == [("failed", "not-handed-over")]
    assert not world.creations
    assert not world.records
    world.faults.by_name.clear()
    assert outcomes(ask(world)) == [("created", "created")]


def test_a_refusal_that_cannot_be_recorded_is_returned_and_recorded_by_the_asynchronous_run() -> None:
    world = World()
    world.faults.passing["write"] = [ConnectionError()]
    assert outcomes(ask(world, http(body("team-a/tmp-1")))) == [("refused", "name-denied")]
    assert not world.records
    deliver_handed_over(world)
    assert world.outcomes() == [("refused", "name-denied")]


def test_the_asynchronous_run_does_not_recreate_a_repository_that_was_deleted_meanwhile() -> None:
    world = World()
    ask(world)
    del world.repositories[KEY]
    deliver_handed_over(world)
    assert len(world.creations) == 1
    assert not world.repositories
