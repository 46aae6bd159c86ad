"""Repositories that others create or delete: what is recorded, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import reasons
from handler.creators import How, OwnRoles, how_of
from handler.errors import PermanentError
from handler.redrives import MARK
from handler.settings_file import SettingsFile
from tests.handler.events import MISSING, load, observed
from tests.handler.fakes import ACCOUNT, NOW, OTHER_ACCOUNT, PROD, CrashError, World, settings_document

ROLES = OwnRoles.read(settings_document()["roles"])
ISSUER = "detail.userIdentity.sessionContext.sessionIssuer.arn"

WAYS: dict[str, How] = {
    "creation-by-hand": "by hand",
    "creation-by-another-tool": "by hand",
    "creation-by-deployer": "deployer",
    "creation-by-pull-through": "pull-through",
    "creation-by-replication": "replication",
    "creation-by-template": "native",
    "deletion-by-hand": "by hand",
}


def observe(world: World, name: str = "creation-by-hand", changes: Mapping[str, Any] | None = None) -> None:
    world.deliver(world.handler(), load(name, changes))


def test_a_repository_that_a_person_creates_is_recorded_with_who_how_and_its_settings() -> None:
    world = World()
    observe(world)
    (record,) = world.records.values()
    assert (record.outcome, record.reason, record.action, record.how) == (
        "observed", "repository-created", "created", "by hand",
    )  # fmt: skip
    assert (record.account, record.region, record.repository) == (ACCOUNT, "eu-west-1", "team-b/site")
    assert record.repository_arn == "arn:aws:ecr:eu-west-1:300000000001:repository/team-b/site"
    assert (record.principal, record.user_agent) == ("arn:aws:iam::300000000001:user/alice", "aws-cli/2.31.0")
    assert (record.ou_path, record.account_name) == ("Workloads/Prod", "shop-prod")
    assert record.settings == (
        '{"encryption":{"kms_key":null,"type":"AES256"},"image_tag_mutability":"MUTABLE","mutability_exclusions":[],'
        '"scan_on_push":false,"tags":{"owner":"team-b"}}'
    )
    assert record.to_item()["version"] == {"N": "2"}


def test_recording_takes_one_look_up_and_one_write_and_no_call_in_the_account() -> None:
    world = World()
    observe(world)
    assert world.faults.calls == ["organization", "write"]


@pytest.mark.parametrize(("name", "how"), WAYS.items())
def test_how_a_repository_was_created_is_derived_from_the_event(name: str, how: How) -> None:
    assert how_of(observed(name), ROLES) == how


@pytest.mark.parametrize(
    ("name", "changes", "how"),
    [
        pytest.param("creation-by-deployer", {ISSUER: f"arn:aws:iam::{ACCOUNT}:role/x/deployer-creator"}, "by hand",
                     id="a role with the same name and a path is another role"),
        pytest.param("creation-by-deployer", {ISSUER: f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer-creator"},
                     "by hand", id="a role with the same name in another account is another role"),
        pytest.param("creation-by-deployer", {ISSUER: f"arn:aws:iam::{ACCOUNT}:role/deployer-cleaner"}, "deployer",
                     id="the role that deletes blank repositories belongs to deployer"),
        pytest.param("creation-by-template", {ISSUER: f"arn:aws:iam::{ACCOUNT}:role/other-native-eu-west-1-0123abcd"},
                     "by hand", id="a template of another installation"),
        pytest.param("creation-by-pull-through", {"detail.sourceIPAddress": "203.0.113.7"}, "pull-through",
                     id="the service-linked role is enough"),
        pytest.param("creation-by-another-tool", {"detail.userAgent": "replication.ecr.amazonaws.com"}, "by hand",
                     id="a user agent proves nothing"),
        pytest.param("creation-by-another-tool", {"detail.userIdentity.invokedBy": "cloudformation.amazonaws.com"},
                     "unknown", id="a service in the name of a caller"),
        pytest.param("creation-by-pull-through",
                     {ISSUER: f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecr.amazonaws.com/AWSServiceRole",
                      "detail.sourceIPAddress": "ecr.amazonaws.com"}, "unknown", id="another service-linked role"),
        pytest.param("creation-by-hand", {"detail.userIdentity": MISSING}, "unknown", id="no caller"),
        pytest.param("creation-by-another-tool", {"detail.userIdentity.sessionContext": MISSING}, "by hand",
                     id="a session without its issuer"),
    ],
)  # fmt: skip
def test_other_fields_do_not_prove_how_a_repository_was_created(name: str, changes: dict[str, Any], how: How) -> None:
    assert how_of(observed(name, changes), ROLES) == how


@given(name=st.sampled_from(list(WAYS)), session=st.text(min_size=1, max_size=64), agent=st.text(max_size=64))
def test_neither_a_session_name_nor_a_user_agent_changes_the_result(name: str, session: str, agent: str) -> None:
    event = load(name)
    role = event["detail"]["userIdentity"].get("arn", "").rpartition("/")[0]
    changes = {"detail.userAgent": agent} | ({"detail.userIdentity.arn": f"{role}/{session}"} if role else {})
    assert how_of(observed(name, changes), ROLES) == WAYS[name]


def test_a_settings_file_of_an_older_version_has_no_roles() -> None:
    assert OwnRoles.read({}).how(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/deployer-creator") is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"detail.requestParameters": None}, id="without a request"),
        pytest.param({"detail.responseElements": None}, id="without a response"),
        pytest.param({"detail.requestParameters": None, "detail.responseElements": None}, id="with neither"),
        pytest.param({"detail-type": "AWS Service Event via CloudTrail"}, id="as an event of a service"),
    ],
)
def test_the_repository_name_is_found_wherever_the_event_contains_it(changes: dict[str, Any]) -> None:
    world = World()
    observe(world, changes=changes)
    assert [(one.repository, one.outcome) for one in world.records.values()] == [("team-b/site", "observed")]


def test_an_event_without_a_repository_name_goes_to_the_failures_queue() -> None:
    world = World()
    observe(world, changes={"detail.requestParameters": None, "detail.responseElements": None, "detail.resources": []})
    assert world.outcomes() == [("failed", "malformed-event")]
    assert len(world.messages) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"detail.requestParameters.registryId": OTHER_ACCOUNT}, "foreign-registry", id="foreign registry"),
        pytest.param({"detail.recipientAccountId": OTHER_ACCOUNT}, "account-mismatch", id="another recipient"),
        pytest.param({"detail.awsRegion": "us-east-1"}, "region-mismatch", id="another region"),
        pytest.param({"account": "999999999999", "detail.recipientAccountId": "999999999999",
                      "detail.responseElements": None}, "not-in-organization", id="an unknown account"),
    ],
)  # fmt: skip
def test_a_contradictory_event_is_not_observed(changes: dict[str, Any], reason: str) -> None:
    world = World()
    observe(world, changes=changes)
    assert world.outcomes() == [("ignored", reason)]
    assert [(one.action, one.how, one.settings) for one in world.records.values()] == [(None, None, "")]


def test_the_record_is_written_even_if_the_ou_cannot_be_read() -> None:
    world = World()
    world.faults.by_name["organization"] = PermanentError(reasons.ORGANIZATION_NOT_READABLE, "DescribeAccount: denied")
    observe(world)
    (record,) = world.records.values()
    assert (record.outcome, record.ou_path, record.detail) == ("observed", None, "DescribeAccount: denied")
    assert not world.messages


# Own creations


def test_a_creation_by_the_handler_has_no_second_record() -> None:
    world = World()
    world.deliver(world.handler(), load())
    before = dict(world.records)
    assert world.outcomes() == [("created", "created")]

    observe(world, "creation-by-deployer")
    assert world.records == before
    assert world.lines[-1]["reason"] == "recorded-already"
    assert not world.messages


def test_a_creation_whose_record_is_written_a_minute_later_has_no_second_record() -> None:
    world = World()
    handler = world.handler()
    world.faults.after[1] = CrashError()  # CreateRepository
    with pytest.raises(CrashError):
        handler.handle(load(), request_id="request-1")
    with pytest.raises(Exception, match="no `created` record yet"):
        handler.handle(load("creation-by-deployer"), request_id="request-2")

    world.deliver(handler, load())
    handler.handle(load("creation-by-deployer"), request_id="request-2")
    assert world.outcomes() == [("created", "finished")]


def test_a_creation_without_a_record_of_a_decision_is_recorded() -> None:
    world = World()
    observe(world, "creation-by-deployer")
    assert world.outcomes() == [("observed", "repository-created")]
    assert [one.how for one in world.records.values()] == ["deployer"]
    assert not world.messages


def test_a_repository_of_another_installation_is_recorded_as_observed() -> None:
    world = World()
    world.deliver(world.handler(), load())
    tags = [{"key": "deployer:event-id", "value": "0f8e4c6a-0000-4000-8000-000000000001"},
            {"key": "deployer:installation", "value": "other"}]  # fmt: skip
    observe(world, "creation-by-deployer", {"detail.requestParameters.tags": tags})
    assert {one.outcome for one in world.records.values()} == {"created", "observed"}


# Duplicates, replays, kills


def test_an_event_with_duplicates_replays_and_redrives_has_one_record() -> None:
    world = World()
    observe(world)
    observe(world)
    observe(world, changes={"replay-name": "replay-1"})
    observe(world, changes={MARK: {"sent": "2026-11-23T08:00:00Z", "queue": "member"}})
    assert world.outcomes() == [("observed", "repository-created")]
    assert not world.messages


def test_a_redriven_event_whose_time_contradicts_its_message_is_malformed() -> None:
    world = World()
    observe(world, changes={MARK: {"sent": "2026-11-27T08:00:00Z", "queue": "member"}})
    assert world.outcomes() == [("failed", "malformed-event")]


def test_two_repositories_of_one_event_are_a_conflict() -> None:
    world = World()
    observe(world)
    observe(world, changes={"detail.requestParameters.repositoryName": "team-b/forged"})
    assert sorted(world.outcomes()) == [("failed", "record-conflict"), ("observed", "repository-created")]


@pytest.mark.parametrize("name", sorted(WAYS.keys() - {"creation-by-template"}))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_one_record_exists_in_the_end_wherever_the_process_is_killed(name: str, moment: str) -> None:
    undisturbed = World()
    observe(undisturbed, name)
    assert undisturbed.faults.calls
    for number in range(len(undisturbed.faults.calls)):
        world = World()
        getattr(world.faults, moment)[number] = CrashError()
        observe(world, name)
        redriven = [message["event"] for message in world.messages]
        world.messages.clear()
        for event in redriven:
            world.deliver(world.handler(), event, request_id="request-2")
        assert [(one.outcome, one.how) for one in world.records.values()] == [("observed", WAYS[name])], number
        assert not world.messages


def test_a_repository_that_is_deleted_and_created_again_has_a_record_of_each() -> None:
    world = World()
    observe(world)
    observe(world, "deletion-by-hand")
    observe(world, changes={"detail.eventID": "again", "detail.eventTime": "2026-11-25T07:00:00Z"})
    assert [one.action for _, one in sorted(world.records.items())] == ["created", "deleted", "created"]


# The request path, and notices


def test_observed_repositories_do_not_affect_decisions() -> None:
    document = settings_document()
    document["ous"][PROD]["create"]["limit"] = {"per_hour": 1}
    world = World()
    handler = world.handler(document)
    for number in range(300):
        handler.handle(load(changes={"detail.eventID": f"flood-{number}"}, name="creation-by-hand"), request_id="r")
    assert set(world.faults.calls) == {"organization", "write"}
    assert (world.slots, world.refusals, world.denials, world.creations) == ({}, {}, {}, [])

    handler.handle(load(), request_id="request-1")
    assert world.creations == [(ACCOUNT, "eu-west-1", "team-a/api")]


def test_a_notice_is_sent_only_if_configured() -> None:
    world = World()
    observe(world)
    assert not world.notices.sent

    world = World()
    handler = world.handler(settings_document() | {"notices_of_observed": True})
    handler.handle(load("deletion-by-hand"), request_id="request-1")
    assert [(one.action, one.how) for one in world.notices.sent] == [("deleted", "by hand")]


def test_records_do_not_expire_unless_configured() -> None:
    world = World()
    observe(world)
    (record,) = world.records.values()
    assert "expires" not in record.to_item()
    kept = SettingsFile({**settings_document(), "retention": {"observed": 10}}, digest="").kept
    assert record.to_item(kept)["expires"] == {"N": str(int((NOW + timedelta(days=10)).timestamp()))}
