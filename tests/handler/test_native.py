"""Repositories that ECR created by a creation template: completed, judged by the full rules, and recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler import reasons
from handler.errors import PermanentError
from handler.redrives import MARK
from tests.handler.events import MISSING, load
from tests.handler.fakes import ACCOUNT, PROD, CrashError, Held, World, settings_document

NAME = "team-b/site"
KEY = (ACCOUNT, "eu-west-1", NAME)
CREATED_AT = datetime(2026, 11, 23, 7, 45, 12, 250_000, tzinfo=UTC)
BY_TEMPLATE = {"env": "prod"}
EVENT_ID = load("creation-by-template")["detail"]["eventID"]


def native_world(**changes: Any) -> World:
    """A registry in which ECR has just created the repository, with the settings of the template."""
    world = World()
    values: dict[str, Any] = {"tags": dict(BY_TEMPLATE), "settings": None, "created_at": CREATED_AT}
    world.repositories[KEY] = Held(**values | changes)
    return world


def document(**create: Any) -> dict[str, Any]:
    found = settings_document()
    found["ous"][PROD]["create"].update(create)
    return found


def kept(world: World) -> list[str]:
    """The outcomes in the ledger, without duplicates of an event."""
    return [one.outcome for one in world.records.values() if one.reason != reasons.DUPLICATE_EVENT]


def complete(world: World, changes: Mapping[str, Any] | None = None, settings: dict[str, Any] | None = None) -> None:
    world.deliver(world.handler(settings), load("creation-by-template", changes))


def test_a_repository_gets_the_tags_and_scan_settings_that_templates_cannot_set_and_one_record() -> None:
    world = native_world()
    complete(world)
    held = world.repositories[KEY]
    assert held.tags == {
        "env": "prod",
        "managed-by": "deployer",
        "ou": "Workloads/Prod",
        "pushed-by": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer-native-eu-west-1-0123abcd/ecr",
        "deployer:event-id": EVENT_ID,
        "deployer:installation": "deployer",
    }
    assert held.scans
    assert (held.lifecycle_policy, held.repository_policy, world.creations) == (None, None, [])
    (record,) = world.records.values()
    assert (record.outcome, record.reason, record.engine) == ("created", "created-by-template", "native")
    assert (record.event_id, record.created_at) == (EVENT_ID, CREATED_AT)
    assert record.repository_arn == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{NAME}"
    assert record.rule == "create.names.allow: team-*/**"
    assert record.to_item()["version"] == {"N": "2"}
    assert [one.outcome for one in world.notices.sent] == ["created"]
    assert not world.messages


def test_the_ownership_tag_is_set_before_the_calls_that_depend_on_it() -> None:
    world = native_world()
    complete(world)
    assert world.faults.calls == ["organization", "find", "creator", "tag", "scan", "write", "notify"]


def test_scan_on_push_stays_off_if_configured() -> None:
    world = native_world()
    settings = settings_document(scan_on_push=False)
    complete(world, settings=settings)
    assert not world.repositories[KEY].scans
    assert world.outcomes() == [("created", "created-by-template")]


@pytest.mark.parametrize(
    ("settings", "changes", "reason", "rule"),
    [
        pytest.param(document(names={"allow": ["**"], "deny": ["**/site"]}), {}, "name-denied",
                     "create.names.deny: **/site", id="a denied name"),
        pytest.param(document(names={"allow": ["team-a/**"]}), {}, "name-not-allowed",
                     "create.names.allow: team-a/**", id="a name that is not allowed"),
        pytest.param({**settings_document(), "ous": {}}, {}, "ou-not-enabled", "enabled: false",
                     id="an OU that is not enabled"),
        pytest.param(document(limit={"per_hour": 0}), {}, "limit-reached", "create.limit.per_hour: 0", id="a limit"),
    ],
)  # fmt: skip
def test_a_repository_that_the_rules_would_have_refused_is_a_violation_and_is_never_deleted(
    settings: dict[str, Any], changes: dict[str, Any], reason: str, rule: str
) -> None:
    world = native_world()
    complete(world, changes, settings)
    (record,) = world.records.values()
    assert (record.outcome, record.reason, record.rule, record.engine) == ("violation", reason, rule, "native")
    assert record.repository_arn
    assert world.repositories[KEY].tags["deployer:event-id"] == EVENT_ID
    assert [one.outcome for one in world.notices.sent] == ["violation"]
    assert world.lines[-1]["outcome"] == "violation"
    assert not world.messages


def test_both_engines_share_one_limit() -> None:
    settings = document(limit={"per_hour": 1})
    world = native_world()
    complete(world, settings=settings)
    world.deliver(world.handler(settings), load())
    assert {one.outcome: one.reason for one in world.records.values()} == {
        "created": "created-by-template",
        "refused": "limit-reached",
    }


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("per_hour", [None, 5], ids=["without a limit", "with a limit"])
def test_wherever_the_process_is_killed_the_repository_is_completed_and_recorded_once(
    moment: str, per_hour: int | None
) -> None:
    settings = document(limit={"per_hour": per_hour})
    undisturbed = native_world()
    complete(undisturbed, settings=settings)
    assert len(undisturbed.faults.calls) > 6
    for number in range(len(undisturbed.faults.calls)):
        world = native_world()
        getattr(world.faults, moment)[number] = CrashError()
        complete(world, settings=settings)
        assert kept(world) == ["created"], number
        assert world.repositories[KEY].tags["deployer:event-id"] == EVENT_ID
        assert world.repositories[KEY].scans
        assert not world.messages


def test_a_repository_that_was_deleted_in_the_meantime_is_recorded_and_nothing_is_changed() -> None:
    world = World()
    complete(world)
    (record,) = world.records.values()
    assert (record.outcome, record.repository_arn) == ("created", None)
    assert "deleted" in (record.detail or "")
    assert not world.tagged


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"created_at": CREATED_AT + timedelta(hours=1)}, id="created again later"),
        pytest.param({"created_at": CREATED_AT - timedelta(days=1)}, id="older than the event"),
        pytest.param({"tags": {"deployer:event-id": "another"}}, id="created by a decision of the handler"),
    ],
)
def test_invariant_3_another_repository_with_the_same_name_is_left_alone(changes: dict[str, Any]) -> None:
    world = native_world(**changes)
    before = dict(world.repositories[KEY].tags)
    complete(world)
    assert (world.repositories[KEY].tags, world.repositories[KEY].scans, world.tagged) == (before, False, [])


CREATED_TEXT = "detail.responseElements.repository.createdAt"


def test_two_repositories_with_one_name_within_a_minute_are_each_completed_and_recorded_for_their_own_event() -> None:
    """The first was deleted before its event arrived, and a push created it again: by its time it is the second."""
    again = CREATED_AT + timedelta(seconds=30)
    second = {
        "detail.eventID": "0c0ffee0-0000-4000-8000-000000000002",
        "detail.eventTime": f"{again:%Y-%m-%dT%H:%M:%SZ}",
        CREATED_TEXT: "Nov 23, 2026 7:45:42 AM",
    }
    for order in ((None, second), (second, None)):
        world = native_world(created_at=again)
        for changes in order:
            complete(world, changes)
        assert world.repositories[KEY].tags["deployer:event-id"] == second["detail.eventID"]
        assert {one.event_id: one.created_at for one in world.records.values()} == {
            EVENT_ID: None,
            second["detail.eventID"]: again,
        }


@pytest.mark.parametrize("text", [MISSING, "soon", "Nov 23, 2026 9:45:12 AM", 7, None])
def test_without_a_valid_creation_time_the_time_of_the_event_is_used(text: Any) -> None:
    """Its format and time zone are undocumented."""
    world = native_world()
    complete(world, {CREATED_TEXT: text})
    assert world.repositories[KEY].tags["deployer:event-id"] == EVENT_ID


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="a duplicate"),
        pytest.param({"replay-name": "replay-1"}, id="a replay"),
        pytest.param({MARK: {"sent": "2026-11-23T08:00:00Z", "queue": "member"}}, id="a redrive"),
    ],
)
def test_invariant_3_a_repeated_event_does_not_undo_later_changes_by_people(changes: dict[str, Any]) -> None:
    world = native_world()
    complete(world)
    world.repositories[KEY].tags["ou"] = "changed"
    complete(world, changes)
    assert world.repositories[KEY].tags["ou"] == "changed"
    assert kept(world) == ["created"]


def test_a_refusal_by_aws_is_reported_once_and_a_redrive_completes_the_repository() -> None:
    world = native_world()
    world.faults.by_name["tag"] = PermanentError(reasons.SETTINGS_NOT_ACCEPTED, "TagResource: too many tags")
    complete(world)
    (record,) = world.records.values()
    assert (record.outcome, record.reason, record.engine) == ("failed", "settings-not-accepted", "native")
    assert record.repository_arn
    (message,) = world.messages

    world.faults.by_name.clear()
    world.deliver(world.handler(), message["event"], request_id="request-2")
    assert sorted(one.outcome for one in world.records.values()) == ["created", "failed"]
    assert world.repositories[KEY].scans


def test_a_denied_role_is_retried_before_it_is_a_failure() -> None:
    world = native_world()
    world.faults.passing["scan"] = [PermanentError(reasons.ACCESS_DENIED, "denied")] * 4
    complete(world)
    assert world.outcomes() == [("created", "created-by-template")]
    assert world.repositories[KEY].scans


def test_a_template_of_another_installation_is_only_observed() -> None:
    world = native_world()
    issuer = f"arn:aws:iam::{ACCOUNT}:role/other-native-eu-west-1-0123abcd"
    complete(world, {"detail.userIdentity.sessionContext.sessionIssuer.arn": issuer})
    assert world.outcomes() == [("observed", "repository-created")]
    assert not world.tagged
