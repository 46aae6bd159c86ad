"""Verdicts on repositories, by their tag, their record, today's settings, and their images."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.drift.findings import AccountReport
from deployer.drift.ports import StoppedError
from deployer.errors import CredentialsError, PermissionDeniedError, ServiceError
from deployer.rendering.drift import kinds_of
from handler.records import Record
from handler.tags import INSTALLATION_TAG
from tests.deployer.drift.examples import ABROAD, HOME, NOW, SHOP, World, desired_state_of, record, tagged


@pytest.fixture
def world() -> World:
    return World()


def verdicts(report: AccountReport) -> dict[str, str]:
    return {one.name: one.verdict for one in report.checked}


def test_a_repository_with_the_desired_settings_is_in_sync(world: World) -> None:
    world.create(record())
    report = world.auditor().audit_account(SHOP)
    assert verdicts(report) == {"team-a/api": "in sync"}
    assert report.regions == (HOME, ABROAD)


def test_a_changed_repository_has_drifted_and_the_report_has_both_values(world: World) -> None:
    made = record()
    world.create(made, scan_on_push=False)
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, one.desired) == ("drifted", desired_state_of(made))
    assert [(item.aspect, item.actual, item.desired) for item in one.differences] == [("scan_on_push", "false", "true")]


def test_a_record_without_a_repository_is_reported_as_gone(world: World) -> None:
    world.records.append(record("team-a/old", number=7))
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, one.event_id, one.note) == ("gone", "event-7", "")


def deletion(**changes: Any) -> Record:
    """An `observed` record of a deletion, one hour ago if not changed; CloudTrail's times are whole seconds."""
    values: dict[str, Any] = {
        "number": 9,
        "outcome": "observed",
        "reason": "repository-deleted",
        "action": "deleted",
        "how": "by hand",
    }
    at: dict[str, Any] = {
        "event_time": NOW - timedelta(hours=1),
        "created_at": None,
        "settings": None,
        "repository_arn": None,
    }
    return record(**values | at | {"principal": "arn:aws:iam::300000000001:role/tidy"} | changes)


def test_an_observed_deletion_is_not_a_finding_and_the_report_names_who_deleted_the_repository(
    world: World,
) -> None:
    world.records += [record(), deletion()]
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, one.event_id, kinds_of(one)) == ("deleted", "event-1", set())
    assert one.note == f"deleted {NOW - timedelta(hours=1):%Y-%m-%d %H:%M:%S} by arn:aws:iam::300000000001:role/tidy"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"event_time": NOW - timedelta(hours=3)}, "deleted"),
        ({"event_time": NOW - timedelta(hours=3, seconds=1)}, "gone"),
        ({"region": ABROAD}, "gone"),
        ({"repository": "team-a/web"}, "gone"),
    ],
    ids=["in the same second as its creation", "of an earlier repository", "in another region", "with another name"],
)
def test_only_a_later_deletion_of_that_name_and_region_explains_a_missing_repository(
    changes: dict[str, Any], verdict: str, world: World
) -> None:
    world.records += [record(created_at=NOW - timedelta(hours=3) + timedelta(milliseconds=700)), deletion(**changes)]
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": verdict}


def test_a_deletion_without_a_caller_in_the_event_counts_too(world: World) -> None:
    world.records += [record(), deletion(principal=None)]
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, "by an unknown principal" in one.note) == ("deleted", True)


def test_a_repository_that_others_created_after_a_deletion_is_theirs(world: World) -> None:
    world.create(record(), tags={}).created_at = NOW - timedelta(minutes=30)
    world.records.append(deletion())
    report = world.auditor().audit_account(SHOP)
    assert (verdicts(report), report.others) == ({"team-a/api": "deleted"}, {HOME: 1})
    assert "has its name now" in report.checked[0].note


def test_a_repository_that_exists_is_never_reported_as_deleted(world: World) -> None:
    world.create(record())
    world.records.append(deletion())
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "in sync"}


def test_a_repository_that_replaces_ours_is_foreign_and_ours_is_reported_as_gone(world: World) -> None:
    world.create(record(), tags={}).created_at = NOW - timedelta(hours=1)
    report = world.auditor().audit_account(SHOP)
    assert (verdicts(report), report.others) == ({"team-a/api": "gone"}, {HOME: 1})
    assert "has its name now" in report.checked[0].note


def test_a_repository_that_a_later_push_created_again_is_in_sync(world: World) -> None:
    world.records.append(record(number=1))
    world.create(record(number=2))
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "in sync"}


@pytest.mark.parametrize(
    "left",
    [{}, {"team": "a"}, {INSTALLATION_TAG: "deployer"}],
    ids=["no tag", "another tag", "one of the ownership tags"],
)
def test_a_repository_that_lost_its_tag_is_untagged_and_every_tag_is_restored(
    left: Mapping[str, str], world: World
) -> None:
    made = record()
    world.create(made, tags=left)
    report = world.auditor().audit_account(SHOP)
    assert (verdicts(report), report.others) == ({"team-a/api": "untagged"}, {})
    (one,) = report.checked
    assert (one.event_id, one.desired) == (made.event_id, desired_state_of(made))
    missing = {f"tags.{key}" for key in desired_state_of(made).tags.keys() - left.keys()}
    assert {difference.aspect for difference in one.differences} == missing


@given(
    st.timedeltas(timedelta(days=-3), timedelta(days=3)) | st.timedeltas(timedelta(seconds=-4), timedelta(seconds=4))
)
def test_only_the_time_of_creation_proves_that_a_repository_without_our_tag_is_ours(later: timedelta) -> None:
    world = World()
    world.create(record(), tags={}).created_at += later
    found = verdicts(world.auditor().audit_account(SHOP))
    assert found == {"team-a/api": "untagged" if abs(later) <= timedelta(seconds=2) else "gone"}


def test_among_several_records_of_a_name_the_creation_time_decides(world: World) -> None:
    world.create(record(number=1), tags={})
    world.records.append(record(number=2, created_at=NOW - timedelta(hours=1)))
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, one.event_id) == ("untagged", "event-1")


@pytest.mark.parametrize(
    ("created_at", "tags"),
    [(None, {}), (NOW - timedelta(hours=3), {INSTALLATION_TAG: "other"})],
    ids=["a record without a time of creation", "the tag of another installation"],
)
def test_a_repository_without_our_tag_that_may_belong_to_others_is_foreign(
    created_at: datetime | None, tags: Mapping[str, str], world: World
) -> None:
    world.create(record(created_at=created_at), tags=tags)
    report = world.auditor().audit_account(SHOP)
    assert (verdicts(report), report.others) == ({"team-a/api": "gone"}, {HOME: 1})


def test_a_forged_tag_does_not_prove_ownership(world: World) -> None:
    world.registry().add(record(), tags=tagged("event-99"))
    (one,) = world.auditor().audit_account(SHOP).checked
    assert (one.verdict, one.event_id, one.desired) == ("unrecorded", "event-99", None)


def test_a_repository_of_another_installation_is_foreign_unless_the_ledger_has_its_record(world: World) -> None:
    registry, other = world.registry(), {**tagged("theirs"), INSTALLATION_TAG: "other"}
    registry.add(record("theirs"), tags=other)
    report = world.auditor().audit_account(SHOP)
    assert (report.checked, report.others) == ((), {HOME: 1})

    world.records.append(record("theirs", event_id="theirs"))  # copied from the other ledger
    (found,) = world.auditor().audit_account(SHOP).checked
    assert found.verdict == "drifted"
    assert f"tags.{INSTALLATION_TAG}" in [one.aspect for one in found.differences]


def test_our_tag_copied_to_another_repository_does_not_prove_ownership(world: World) -> None:
    """Whoever may set tags can copy a tag, but not the name in the record."""
    world.create(record(number=1))
    world.registry().add(record("team-b/copy"), tags=tagged("event-1"))
    report = world.auditor().audit_account(SHOP)
    assert verdicts(report) == {"team-a/api": "in sync", "team-b/copy": "unrecorded"}
    assert [one.note for one in report.checked if one.note] == [
        f"the record of that event names team-a/api in {HOME}, created 2026-11-23 09:00:00"
    ]


def test_a_repository_created_again_with_the_old_tag_does_not_match_the_record(world: World) -> None:
    made = record(created_at=NOW - timedelta(days=3))
    world.create(made).created_at = NOW - timedelta(days=3)
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "in sync"}
    world.registry().held["team-a/api"].created_at = NOW - timedelta(days=1)
    report = world.auditor().audit_account(SHOP)
    assert ("team-a/api", "unrecorded") in {(one.name, one.verdict) for one in report.checked}
    assert "created 20" in next(one.note for one in report.checked if one.verdict == "unrecorded")


def test_a_repository_that_is_minutes_old_may_still_lack_its_record(world: World) -> None:
    world.registry().add(record()).created_at = NOW - timedelta(minutes=2)
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "under way"}


@pytest.mark.parametrize(
    ("age", "images", "is_blank"),
    [(timedelta(hours=3), 0, True), (timedelta(hours=1), 0, False), (timedelta(hours=3), 1, False)],
    ids=["old and without an image", "within the grace period", "with an image"],
)
def test_a_repository_without_an_image_is_blank_after_the_grace_period(
    age: timedelta, images: int, is_blank: bool, world: World
) -> None:
    repository = world.create(record(created_at=NOW - age))
    repository.created_at, repository.images = NOW - age, images
    (one,) = world.auditor().audit_account(SHOP).checked
    assert one.is_blank is is_blank


def test_a_repository_left_without_a_policy_by_a_failure_is_ours(world: World) -> None:
    world.create(record(outcome="failed", reason="access-denied"), lifecycle_policy=None)
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "drifted"}


def test_repositories_of_others_are_only_counted(world: World) -> None:
    for number in range(3):
        world.registry().add(record(f"theirs/{number}"), tags={})
    report = world.auditor().audit_account(SHOP)
    assert (report.checked, report.others) == ((), {HOME: 3})


def test_a_repository_that_is_deleted_while_it_is_read_is_reported_as_gone(world: World) -> None:
    world.create(record())
    world.registry().vanishing.add("team-a/api")
    assert verdicts(world.auditor().audit_account(SHOP)) == {"team-a/api": "gone"}


def test_a_region_that_only_a_record_names_is_read_too(world: World) -> None:
    world.create(record(region="ap-south-1"))
    assert world.auditor().audit_account(SHOP).regions == ("ap-south-1", HOME, ABROAD)


def test_only_selected_repositories_and_regions_are_read(world: World) -> None:
    world.create(record("team-a/api"))
    world.create(record("team-b/api", number=2))
    world.records.append(record("team-b/old", number=3))
    auditor = world.auditor(repositories=("team-a/*",), regions=frozenset({HOME}))
    report = auditor.audit_account(SHOP)
    assert (verdicts(report), report.regions) == ({"team-a/api": "in sync"}, (HOME,))


@pytest.mark.parametrize(
    ("error", "may_be_temporary"), [(PermissionDeniedError("no role"), False), (ServiceError("throttled"), True)]
)
def test_an_unreadable_region_is_reported_and_the_others_are_read(
    error: Any, may_be_temporary: bool, world: World
) -> None:
    world.create(record())
    world.registry(region=ABROAD).error = error
    report = world.auditor().audit_account(SHOP)
    assert verdicts(report) == {"team-a/api": "in sync"}
    assert [(one.region, one.problem, one.may_be_temporary) for one in report.unread] == [
        (ABROAD, error.message, may_be_temporary)
    ]


def test_a_missing_role_is_reported_once_for_the_account(world: World) -> None:
    for region in (HOME, ABROAD):
        world.registry(region=region).error = PermissionDeniedError("no role")
    assert [(one.region, one.problem) for one in world.auditor().audit_account(SHOP).unread] == [(None, "no role")]


def test_expired_credentials_end_the_audit(world: World) -> None:
    world.registry().error = CredentialsError("expired")
    with pytest.raises(CredentialsError):
        world.auditor().audit_account(SHOP)


def test_a_report_can_be_kept_and_read_back(world: World) -> None:
    world.create(record(), scan_on_push=False)
    world.registry(region=ABROAD).error = ServiceError("throttled")
    world.registry().add(record("theirs/1"), tags={})
    report = world.auditor().audit_account(SHOP)
    assert AccountReport.from_json(report.to_json()) == report


PAYMENTS = "300000000003"
ALIAS = f"arn:aws:kms:{HOME}:{PAYMENTS}:alias/aws/ecr"
KEY = f"arn:aws:kms:{HOME}:{PAYMENTS}:key/1"


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [({ALIAS: KEY}, "in sync"), ({ALIAS: f"{KEY}2"}, "drifted"), ({}, "in sync")],
    ids=["the key of the alias", "another key", "an alias whose key is unknown"],
)
def test_a_key_is_compared_with_the_key_of_the_alias(keys: dict[str, str], verdict: str, world: World) -> None:
    world.registry(PAYMENTS).keys = keys
    world.create(record(account=PAYMENTS), kms_key=KEY)
    assert verdicts(world.auditor().audit_account(PAYMENTS)) == {"team-a/api": verdict}


def test_an_account_is_left_when_the_audit_ends(world: World) -> None:
    world.create(record())
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        world.auditor(stop=stop).audit_account(SHOP)
