from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from handler import log, reasons
from handler.errors import DeniedError, PermanentError
from handler.notices import message_of
from handler.records import MAX_REFUSALS
from handler.redrives import MARK
from tests.handler.events import load, names
from tests.handler.fakes import (
    ACCOUNT,
    LIFECYCLE,
    NEW_ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    POLICY,
    PROD,
    ROOT,
    SANDBOX,
    CrashError,
    Held,
    World,
    settings_document,
)

KEY = (ACCOUNT, "eu-west-1", "team-a/api")


def limited(per_hour: int) -> dict[str, Any]:
    document = settings_document()
    document["ous"][PROD]["create"]["limit"] = {"per_hour": per_hour}
    return document


def sibling(number: int, **changes: Any) -> Any:
    """Another event of the same push, for another layer."""
    return load(changes={"detail.eventID": f"event-{number}", "id": f"envelope-{number}", **changes})


def throttled(operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)


def test_a_push_gets_its_repository_with_all_settings_and_one_record() -> None:
    world = World()
    world.handler().handle(load(), request_id="request-1")

    held = world.repositories[KEY]
    assert held.lifecycle_policy == LIFECYCLE
    assert held.repository_policy == POLICY
    assert held.tags == {
        "managed-by": "deployer",
        "pushed-by": "arn:aws:sts::300000000001:assumed-role/ci-build/build-4711",
        "ou": "Workloads/Prod",
        "deployer:event-id": "0f8e4c6a-0000-4000-8000-000000000001",
        "deployer:installation": "deployer",
    }
    (record,) = world.records.values()
    assert (record.outcome, record.reason) == ("created", "created")
    assert record.repository_arn == "arn:aws:ecr:eu-west-1:300000000001:repository/team-a/api"
    assert record.created_at == world.now
    assert (record.ou_path, record.ou_source, record.account_name) == ("Workloads/Prod", "asked", "shop-prod")
    assert record.rule == "create.names.allow: team-*/**"
    assert not world.messages


def test_invariant_6_a_warm_path_has_one_call_before_the_repository_two_with_a_limit() -> None:
    world = World()
    world.handler().handle(load(), request_id="request-1")
    assert world.faults.calls[:2] == ["organization", "create"]  # the look-up is cached, in handler.organization

    world = World()
    world.handler(limited(5)).handle(load(), request_id="request-1")
    assert world.faults.calls[:3] == ["organization", "reserve", "create"]


@pytest.mark.parametrize(
    ("name", "changes", "outcome", "reason"),
    [
        pytest.param("question-about-layers", {}, "ignored", "not-a-push", id="a question about layers"),
        pytest.param("pull", {}, "ignored", "not-a-push", id="a pull"),
        pytest.param("push-to-a-foreign-registry", {}, "ignored", "foreign-registry", id="a foreign registry"),
        pytest.param(
            "push-by-a-role",
            {"detail.recipientAccountId": OTHER_ACCOUNT},
            "ignored",
            "account-mismatch",
            id="a forged recipient",
        ),
        pytest.param(
            "push-by-a-role", {"detail.awsRegion": "us-east-1"}, "ignored", "region-mismatch", id="another region"
        ),
        pytest.param(
            "push-by-a-role",
            {"account": "999999999999", "detail.recipientAccountId": "999999999999"}
            | {"detail.requestParameters.registryId": "999999999999"},
            "ignored",
            "not-in-organization",
            id="an account outside the organization",
        ),
        pytest.param(
            "push-by-a-role",
            {"region": "eu-north-1", "detail.awsRegion": "eu-north-1"},
            "refused",
            "region-not-enabled",
            id="a region that is not enabled",
        ),
        pytest.param(
            "push-by-a-role",
            {"detail.requestParameters.repositoryName": "team-a/tmp-1"},
            "refused",
            "name-denied",
            id="a denied name",
        ),
    ],
)
def test_calls_that_create_nothing_are_recorded_with_the_reason(
    name: str, changes: dict[str, Any], outcome: str, reason: str
) -> None:
    world = World()
    world.handler().handle(load(name, changes), request_id="request-1")
    assert world.outcomes() == [(outcome, reason)]
    assert not world.repositories
    assert "create" not in world.faults.calls


def test_an_account_in_an_ou_that_is_not_enabled_is_refused() -> None:
    world = World()
    world.chains[ACCOUNT] = (ROOT, SANDBOX)
    world.handler().handle(load(), request_id="request-1")
    assert world.outcomes() == [("refused", "ou-not-enabled")]


def test_the_settings_of_the_ou_apply_to_an_account_that_is_newer_than_the_last_roll_out() -> None:
    world = World()
    changes = {"account": NEW_ACCOUNT, "detail.recipientAccountId": NEW_ACCOUNT}
    event = load(changes=changes | {"detail.requestParameters.registryId": NEW_ACCOUNT})
    world.handler().handle(event, request_id="request-1")
    assert (NEW_ACCOUNT, "eu-west-1", "team-a/api") in world.repositories
    (record,) = world.records.values()
    assert record.account_name == "orders-prod"


def test_a_malformed_event_changes_nothing_and_is_sent_to_the_failures_queue() -> None:
    world = World()
    event = load(changes={"detail.requestParameters": "x"})
    world.handler().handle(event, request_id="request-1")
    assert world.outcomes() == [("failed", "malformed-event")]
    assert [message["event"] for message in world.messages] == [event]
    assert not world.repositories


def test_input_that_is_not_an_event_is_sent_to_the_failures_queue() -> None:
    world = World()
    world.handler().handle({"account": "?"}, request_id="request-1")
    assert not world.records
    assert [message["reason"] for message in world.messages] == ["malformed-event"]


def test_invariant_1_the_same_event_a_hundred_times_gives_one_created_record() -> None:
    world = World()
    handler = world.handler()
    for number in range(100):
        handler.handle(load(), request_id=f"request-{number}")
    assert world.creations == [KEY]
    assert [outcome for outcome, _ in world.outcomes()].count("created") == 1
    assert not world.messages


def test_invariant_1_five_events_of_one_push_give_one_created_and_four_exists() -> None:
    world = World()
    handler = world.handler()
    for number in range(5):
        handler.handle(sibling(number), request_id=f"request-{number}")
    outcomes = [outcome for outcome, _ in world.outcomes()]
    assert sorted(outcomes) == ["created", "exists", "exists", "exists", "exists"]


def _calls_of_a_whole_run(event: Any, document: dict[str, Any]) -> int:
    world = World()
    world.handler(document).handle(event, request_id="request-1")
    return len(world.faults.calls)


CALLS = _calls_of_a_whole_run(load(), limited(5))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(CALLS))
@pytest.mark.parametrize("error", [CrashError(), throttled(), ConnectTimeoutError(endpoint_url="x")])
def test_invariants_1_and_2_a_retry_finishes_the_work_wherever_it_was_interrupted(
    number: int, moment: str, error: BaseException
) -> None:
    world = World()
    getattr(world.faults, moment)[number] = error
    world.deliver(world.handler(limited(5)), load())

    assert world.creations == [KEY]
    held = world.repositories[KEY]
    assert (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)
    assert [outcome for outcome, _ in world.outcomes()].count("created") == 1
    assert not world.messages
    assert [len(taken) for taken in world.slots.values()] == [1]


CREATE = 1
"""Number of the call that creates the repository without a limit, after the look-up of the OU."""


def test_invariants_1_and_2_a_replay_finishes_interrupted_work_that_the_retry_was_not_allowed_to_finish() -> None:
    """A retry cannot be distinguished from a first attempt, so changed rules apply to it."""
    world = World()
    world.faults.after[CREATE] = CrashError()
    with pytest.raises(CrashError):
        world.handler().handle(load(), request_id="request-1")
    assert (world.creations, world.records) == ([KEY], {})

    forbidding = settings_document()
    forbidding["ous"][PROD]["create"]["names"] = {"allow": ["team-b/**"]}
    world.deliver(world.handler(forbidding), load())
    assert world.outcomes() == [("refused", "name-not-allowed")]
    assert world.repositories[KEY].lifecycle_policy is None

    world.deliver(world.handler(), load() | {"replay-name": "again"}, request_id="request-2")
    assert ("created", "finished") in world.outcomes()
    assert world.creations == [KEY]
    held = world.repositories[KEY]
    assert (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)


@pytest.mark.parametrize("name", ["create", "lifecycle", "policy", "write", "reserve", "organization"])
def test_invariant_5_an_event_that_no_retry_can_handle_is_kept_and_a_redrive_finishes_it(name: str) -> None:
    world = World()
    handler = world.handler(limited(5))
    world.faults.by_name[name] = throttled()
    world.deliver(handler, load())
    assert [message["reason"] for message in world.messages] == ["RetriesExhausted"]

    world.faults.by_name.clear()
    world.pass_time(timedelta(hours=5))
    world.deliver(handler, world.messages[0]["event"], request_id="request-2")
    assert [outcome for outcome, _ in world.outcomes()] == ["created"]
    assert world.repositories[KEY].repository_policy == POLICY


@pytest.mark.parametrize("name", ["create", "lifecycle", "policy"])
def test_invariant_2_a_permanent_refusal_is_reported_once_and_a_redrive_completes_the_event(name: str) -> None:
    world = World()
    handler = world.handler()
    world.faults.by_name[name] = PermanentError(reasons.KMS_FAILED, "CreateRepository: the key is disabled")
    world.deliver(handler, load())
    world.deliver(handler, load())  # the same request once more, as after a crash: the record is there
    assert world.outcomes() == [("failed", "kms-failed")]
    (record,) = world.records.values()
    assert "the key is disabled" in (record.detail or "")
    assert (record.repository_arn is None) is (name == "create")
    assert world.messages[0]["reason"] == "kms-failed"

    world.faults.by_name.clear()
    world.pass_time(timedelta(days=2))
    world.deliver(handler, world.messages[0]["event"], request_id="request-2")
    assert sorted(outcome for outcome, _ in world.outcomes()) == ["created", "failed"]
    assert world.creations == [KEY]
    assert world.repositories[KEY].lifecycle_policy == LIFECYCLE


def test_a_refused_policy_and_a_throttled_policy_are_retried_together() -> None:
    world = World()
    world.faults.by_name["lifecycle"] = PermanentError(reasons.ACCESS_DENIED, "denied")
    world.faults.by_name["policy"] = throttled()
    with pytest.raises(ClientError):
        world.handler().handle(load(), request_id="request-1")
    assert not world.records


def test_both_refused_policies_are_named() -> None:
    world = World()
    world.faults.by_name["lifecycle"] = PermanentError(reasons.SETTINGS_NOT_ACCEPTED, "PutLifecyclePolicy: no")
    world.faults.by_name["policy"] = PermanentError(reasons.SETTINGS_NOT_ACCEPTED, "SetRepositoryPolicy: no")
    fields = world.handler().handle(load(), request_id="request-1")
    assert "PutLifecyclePolicy: no; SetRepositoryPolicy: no" in str(fields["detail"])


def test_invariant_3_a_repository_of_somebody_else_is_left_alone() -> None:
    world = World()
    handler = world.handler()
    handler.handle(sibling(1), request_id="request-1")
    held = world.repositories[KEY]
    held.tags.pop("deployer:event-id")
    held.lifecycle_policy = "theirs"
    handler.handle(load(), request_id="request-2")
    assert held.lifecycle_policy == "theirs"
    assert ("exists", "already-exists") in world.outcomes()


def test_invariant_3_a_duplicate_does_not_undo_what_people_changed_since() -> None:
    world = World()
    handler = world.handler()
    handler.handle(load(), request_id="request-1")
    world.repositories[KEY].lifecycle_policy = "changed by its team"
    handler.handle(load(), request_id="request-2")
    assert world.repositories[KEY].lifecycle_policy == "changed by its team"


@pytest.mark.parametrize(
    ("name", "later"),
    [
        pytest.param("push-replayed", timedelta(), id="an archive's replay"),
        pytest.param("push-by-a-role", timedelta(hours=1), id="a late duplicate"),
    ],
)
def test_a_repository_that_was_deleted_since_is_not_created_again(name: str, later: timedelta) -> None:
    world = World()
    handler = world.handler()
    handler.handle(load(), request_id="request-1")
    del world.repositories[KEY]
    world.pass_time(later)
    handler.handle(load(name), request_id="request-2")
    assert not world.repositories
    assert sorted(world.outcomes()) == [("created", "created"), ("ignored", "duplicate-event")]


def test_replayed_events_that_found_a_repository_do_not_create_it_again() -> None:
    world = World()
    handler = world.handler()
    for number in range(5):
        handler.handle(sibling(number), request_id=f"request-{number}")
    del world.repositories[KEY]
    world.pass_time(timedelta(days=1))
    for number in range(5):
        handler.handle(sibling(number) | {"replay-name": "again"}, request_id=f"replay-{number}")
    assert not world.repositories
    assert world.creations == [KEY]


def test_invariant_4_a_call_never_leaves_the_account_that_the_envelope_names() -> None:
    world = World()
    handler = world.handler()
    for name in names():
        for account in (ACCOUNT, OTHER_ACCOUNT, "999999999999"):
            for path in ("detail.recipientAccountId", "detail.requestParameters.registryId"):
                world.deliver(handler, load(name, {path: account}))
    assert {account for account, _, _ in world.creations} == {ACCOUNT}


def test_a_limit_counts_new_names_exactly_and_ignores_existing_repositories() -> None:
    world = World()
    handler = world.handler(limited(2))
    world.repositories[ACCOUNT, "eu-west-1", "team-a/theirs"] = Held(tags={}, settings=None, created_at=world.now)
    for number, name in enumerate(["theirs", "one", "one", "two", "three", "one"]):
        event = sibling(number, **{"detail.requestParameters.repositoryName": f"team-a/{name}"})
        handler.handle(event, request_id=f"request-{number}")
    assert [name for _, _, name in world.creations] == ["team-a/one", "team-a/two"]
    assert ("refused", "limit-reached") in world.outcomes()
    assert {record.detail for record in world.records.values() if record.reason == "limit-reached"} == {
        "The limit is 2 in an hour; it resets at 2026-11-23 08:00 UTC."
    }
    (notice,) = (message_of(one) for one in world.notices.sent if one.reason == "limit-reached")
    assert "resets at 2026-11-23 08:00 UTC" in notice["text"]


def test_the_next_hour_has_its_own_limit() -> None:
    world = World()
    handler = world.handler(limited(1))
    handler.handle(sibling(1), request_id="request-1")
    changes = {"detail.requestParameters.repositoryName": "team-a/next", "detail.eventTime": "2026-11-23T08:00:00Z"}
    handler.handle(sibling(2, **changes), request_id="request-2")
    assert len(world.creations) == 2


def test_the_role_is_assumed_again_after_denied_access_and_stale_credentials() -> None:
    world = World()
    world.faults.by_name["create"] = PermanentError(reasons.ACCESS_DENIED, "denied")
    with pytest.raises(DeniedError):
        world.handler().handle(load(), request_id="request-1")
    assert world.forgotten == [ACCOUNT]

    expired = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "CreateRepository")
    world.faults.by_name["create"] = expired
    with pytest.raises(ClientError):
        world.handler().handle(load(), request_id="request-2")
    assert world.forgotten == [ACCOUNT, ACCOUNT]


def redriven(event: Any, *, sent: str = "2026-11-23T07:50:00Z", queue: str = "member") -> Any:
    return event | {MARK: {"sent": sent, "queue": queue}}


def test_a_redriven_event_is_recorded_as_redriven() -> None:
    world = World()
    world.handler().handle(redriven(load("push-replayed")), request_id="request-1")
    (record,) = world.records.values()
    assert (record.outcome, record.via) == ("created", "redrive")


MADE_UP = {"detail.requestParameters.repositoryName": "team-a/made-up"}


def test_invariants_1_and_3_a_forged_event_with_the_id_of_a_recorded_one_is_a_conflict() -> None:
    world = World()
    handler = world.handler()
    handler.handle(load(), request_id="request-1")
    made_up = redriven(load(changes=MADE_UP))
    handler.handle(made_up, request_id="request-2")
    assert world.creations == [KEY]
    assert world.outcomes() == [("created", "created"), ("failed", "record-conflict")]
    assert world.messages[0]["event"] == made_up

    copied = (ACCOUNT, "eu-west-1", "team-a/made-up")
    world.repositories[copied] = Held(tags=dict(world.repositories[KEY].tags), settings=None, created_at=world.now)
    handler.handle(made_up, request_id="request-3")
    assert world.repositories[copied].lifecycle_policy is None, "a tag that was copied makes it ours for nobody"


@pytest.mark.parametrize("changes", [{}, {"detail.requestParameters.repositoryName": "team-a/tmp-1"}])
def test_an_event_with_a_record_for_another_repository_is_a_failure(changes: dict[str, Any]) -> None:
    world = World()
    handler = world.handler()
    handler.handle(load(changes=changes), request_id="request-1")
    other = "team-a/made-up" if not changes else "team-a/tmp-2"
    forged = load(changes={"detail.requestParameters.repositoryName": other})
    world.deliver(handler, forged, request_id="request-2")
    world.deliver(handler, forged, request_id="request-2")
    reasons_found = [reason for outcome, reason in world.outcomes() if outcome == "failed"]
    assert reasons_found == ["record-conflict"]
    assert world.messages[0]["reason"] == "record-conflict"
    assert len(world.records) == 2


def test_a_flood_of_refusals_is_recorded_up_to_a_limit_and_then_in_one_record() -> None:
    world = World()
    handler = world.handler()
    refused = {"detail.requestParameters.repositoryName": "team-a/tmp-1"}
    for number in range(MAX_REFUSALS + 50):
        other = {"detail.requestParameters.repositoryName": f"team-a/tmp-{number}"}
        handler.handle(sibling(number, **other), request_id=f"request-{number}")
    reasons_found = Counter(record.reason for record in world.records.values())
    assert reasons_found == {"name-denied": MAX_REFUSALS, "refusals-left-out": 1}
    assert len(world.lines) == MAX_REFUSALS + 50
    assert {line["reason"] for line in world.lines} == {"name-denied"}
    assert len(world.notices.sent) == MAX_REFUSALS
    (left_out,) = [record for record in world.records.values() if record.reason == "refusals-left-out"]
    assert (left_out.account, left_out.at) == (ACCOUNT, "2026-11-23T07:00:00Z#refusals-left-out#refused")

    handler.handle(sibling(9999), request_id="request-x")
    assert world.creations == [KEY], "whoever else pushes there is served"
    next_hour = refused | {"detail.eventTime": "2026-11-23T08:00:00Z"}
    handler.handle(sibling(10_000, **next_hour), request_id="request-y")
    assert Counter(record.reason for record in world.records.values())["name-denied"] == MAX_REFUSALS + 1


def test_the_record_of_omitted_refusals_is_written_despite_a_crash_before_it() -> None:
    world = World()
    handler = world.handler()
    world.refusals[ACCOUNT, NOW.replace(minute=0, second=0)] = MAX_REFUSALS
    refused = {"detail.requestParameters.repositoryName": "team-a/tmp-1"}
    world.faults.by_name["write"] = CrashError()
    with pytest.raises(CrashError):
        handler.handle(sibling(1, **refused), request_id="request-1")
    world.faults.by_name.clear()
    handler.handle(sibling(1, **refused), request_id="request-1")
    assert world.outcomes() == [("refused", "refusals-left-out")]


def test_a_forged_event_with_the_id_of_a_repositorys_tag_is_recorded_as_redriven() -> None:
    """The tag proves nothing against principals that can set it; no record has the forged time."""
    world = World()
    handler = world.handler()
    handler.handle(load(), request_id="request-1")
    made_up = redriven(load(changes={"detail.eventTime": "2026-11-23T07:40:00Z"}), sent="2026-11-23T07:50:00Z")
    handler.handle(made_up, request_id="request-2")
    assert world.creations == [KEY]
    found = [(record.outcome, record.reason, record.via) for record in world.records.values()]
    assert found == [("created", "created", None), ("created", "finished", "redrive")]


def test_the_record_of_a_redriven_malformed_event_has_its_origin() -> None:
    world = World()
    made_up = redriven(load(), sent="2026-11-20T00:00:00Z")
    fields = world.handler().handle(made_up, request_id="request-1")
    (record,) = world.records.values()
    assert (record.reason, record.via, fields["via"]) == ("malformed-event", "redrive", "redrive")


OUTSIDE = {"detail.userIdentity.accountId": "999999999999"}


def test_a_caller_outside_the_organization_is_refused_and_one_of_a_sibling_account_is_not() -> None:
    world = World()
    handler = world.handler()
    handler.handle(load("push-from-another-account", OUTSIDE), request_id="request-1")
    assert world.outcomes() == [("refused", "principal-outside-organization")]
    assert not world.creations
    (record,) = world.records.values()
    assert record.principal_account == "999999999999"

    sibling_call = {"detail.userIdentity.accountId": OTHER_ACCOUNT, "detail.eventID": "event-2"}
    handler.handle(load("push-from-another-account", sibling_call), request_id="request-2")
    assert world.creations == [KEY]


def test_settings_may_allow_callers_outside_the_organization_without_a_look_up() -> None:
    world = World()
    document = settings_document()
    document["ous"][PROD]["create"]["principals"] = {"outside_organization": True}
    world.handler(document).handle(load("push-from-another-account", OUTSIDE), request_id="request-1")
    assert world.creations == [KEY]
    assert world.faults.calls.count("organization") == 1


@pytest.mark.parametrize("name", ["push-by-a-role", "push-by-a-user", "push-by-a-service"])
def test_a_caller_of_the_account_itself_or_a_service_needs_no_look_up(name: str) -> None:
    world = World()
    world.handler().handle(load(name), request_id="request-1")
    assert world.creations == [KEY]
    assert world.faults.calls.count("organization") == 1


def test_an_account_whose_look_up_is_denied_is_outside_if_organizations_can_be_read() -> None:
    world = World()
    world.strangers.add("999999999999")
    world.handler().handle(load("push-from-another-account", OUTSIDE), request_id="request-1")
    assert world.outcomes() == [("refused", "principal-outside-organization")]
    assert not world.messages


def test_a_caller_of_an_account_that_left_is_outside_though_the_last_roll_out_remembers_it() -> None:
    """Organizations may deny a call for an account that left the organization (A19)."""
    world = World()
    world.strangers.add(OTHER_ACCOUNT)
    left = load("push-from-another-account", {"detail.userIdentity.accountId": OTHER_ACCOUNT})
    world.handler().handle(left, request_id="request-1")
    assert world.outcomes() == [("refused", "principal-outside-organization")]
    assert not world.creations


def test_a_caller_of_a_known_account_is_inside_while_organizations_denies_everything() -> None:
    world = World()
    world.strangers.update({ACCOUNT, OTHER_ACCOUNT})
    call = load("push-from-another-account", {"detail.userIdentity.accountId": OTHER_ACCOUNT})
    world.handler().handle(call, request_id="request-1")
    assert world.creations == [KEY]


def test_a_caller_that_cannot_be_looked_up_is_a_failure_and_not_a_refusal() -> None:
    world = World()
    world.strangers.add("999999999999")
    world.ou_source = "remembered"
    world.handler().handle(load("push-from-another-account", OUTSIDE), request_id="request-1")
    assert world.outcomes() == [("failed", "organization-not-readable")]
    assert len(world.messages) == 1


def test_an_attempt_that_is_to_be_retried_is_logged_too() -> None:
    world = World()
    world.faults.by_name["create"] = throttled("CreateRepository")
    with pytest.raises(ClientError):
        world.handler().handle(load(), request_id="request-1")
    (fields,) = world.lines
    assert fields["outcome"] == "retry"
    assert "Rate exceeded" in fields["detail"]


def test_a_log_line_of_a_hostile_event_is_one_line_of_json() -> None:
    world = World()
    changes = {
        "detail.requestParameters.repositoryName": 'x"}\n{"outcome":"created',
        "detail.userAgent": "\u2028\x1b]0;owned\x07",
    }
    world.handler().handle(load(changes=changes), request_id="request-1")
    text = log.line(world.lines[0])
    assert len(text.splitlines()) == 1
    assert text.isascii()
    assert json.loads(text)["reason"] == "name-invalid"


def test_the_log_has_the_time_from_the_push_to_the_repository() -> None:
    world = World()
    fields: Any = world.handler().handle(load(), request_id="request-1")
    assert fields["milliseconds_to_repository"] == 8000
    assert {"organization", "role", "create", "policies", "record", "total"} <= fields["milliseconds"].keys()
