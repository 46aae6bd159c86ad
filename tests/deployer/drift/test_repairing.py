"""Which changes repair a repository, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from deployer.audit.adopted import is_released
from deployer.drift.comparison import compare
from deployer.drift.findings import AccountReport, CheckedRepository, Report
from deployer.drift.ports import RepositoryGoneError
from deployer.drift.repairing import (
    Change,
    PutLifecyclePolicy,
    PutMutability,
    PutScanOnPush,
    PutTags,
    Repair,
    RepairPlan,
    SetRepositoryPolicy,
    clean,
    plan_repairs,
    repair,
)
from deployer.errors import ServiceError
from handler.adoption_requests import adoption_id
from handler.reasons import Outcome
from handler.tags import OWN_TAGS
from tests.deployer.drift.examples import HOME, NOW, SHOP, desired_state_of, record

DESIRED_STATE = desired_state_of(record())


def drifted(**actual: object) -> CheckedRepository:
    differences = compare(replace(DESIRED_STATE, **actual), DESIRED_STATE)  # type: ignore[arg-type]
    return CheckedRepository(
        account=SHOP,
        region=HOME,
        name="team-a/api",
        verdict="drifted",
        event_id="event-1",
        differences=differences,
        desired=DESIRED_STATE,
    )


def plan_for(*checked: CheckedRepository) -> RepairPlan:
    return plan_repairs(Report(accounts=(AccountReport(account=SHOP, checked=checked),)))


@dataclass
class Fake:
    """A registry whose only repository belongs to `owner`."""

    owner: str | None = "event-1"
    error: Exception | None = None
    changes: list[Change] = field(default_factory=list)
    has_image: bool = False
    created: datetime = NOW

    def created_at(self, name: str) -> datetime:
        return self.created

    def creator(self, name: str) -> str | None:
        return self.owner

    def change(self, name: str, change: Change) -> None:
        if self.error:
            raise self.error
        self.changes.append(change)

    def delete(self, name: str) -> bool:
        if self.error:
            raise self.error
        return not self.has_image


def test_each_difference_has_its_change_and_encryption_has_none() -> None:
    one = drifted(
        image_tag_mutability="MUTABLE",
        scan_on_push=False,
        lifecycle_policy=None,
        repository_policy="{}",
        tags={},
        encryption="KMS",
    )
    (planned,) = plan_for(one).repairs
    assert planned.changes == (
        PutTags({key: DESIRED_STATE.tags[key] for key in OWN_TAGS}),
        PutMutability("IMMUTABLE_WITH_EXCLUSION", ("latest", "sha256-*")),
        PutScanOnPush(True),
        PutLifecyclePolicy(DESIRED_STATE.lifecycle_policy),
        SetRepositoryPolicy(DESIRED_STATE.repository_policy),
        PutTags({key: value for key, value in DESIRED_STATE.tags.items() if key not in OWN_TAGS}),
    )
    assert [difference.aspect for difference in planned.unchangeable] == ["encryption"]


def test_only_different_tags_are_set() -> None:
    (planned,) = plan_for(drifted(tags={**DESIRED_STATE.tags, "env": "dev", "theirs": "1"})).repairs
    assert planned.changes == (PutTags({"env": "prod"}),)


def test_a_repository_in_sync_is_in_no_plan() -> None:
    gone = replace(drifted(), verdict="gone", desired=None)
    plan = plan_for(gone, replace(gone, verdict="unrecorded"), replace(gone, verdict="in sync", is_blank=True))
    assert (plan.repairs, plan.blank, plan.changes_something) == ((), (), False)


@pytest.mark.parametrize(
    ("registry", "status"),
    [
        (Fake(), "repaired"),
        (Fake(owner="event-2"), "left alone"),
        (Fake(owner=None), "left alone"),
        (Fake(error=RepositoryGoneError()), "left alone"),
        (Fake(error=ServiceError("throttled")), "failed"),
    ],
    ids=["still ours", "of another event", "of somebody else", "deleted meanwhile", "refused by AWS"],
)
def test_the_tag_is_read_again_before_anything_is_changed(registry: Fake, status: str) -> None:
    shown: list[object] = []
    repairs: tuple[Repair, ...] = plan_for(drifted(scan_on_push=False)).repairs
    (done,) = repair(repairs, lambda *_: registry, is_released=lambda _: False, report=shown.append)
    assert (done.status, shown) == (status, [done])
    assert registry.changes == ([PutScanOnPush(True)] if status == "repaired" else [])


def test_invariant_3_a_repository_that_was_released_after_the_plan_is_left_alone() -> None:
    event_id = adoption_id("arn", NOW)
    checked = replace(drifted(scan_on_push=False), event_id=event_id, created_at=NOW)
    registry = Fake(owner=event_id)
    (done,) = repair(plan_for(checked).repairs, lambda *_: registry, is_released=lambda _: True, report=lambda _: None)
    assert (done.status, done.problem, registry.changes) == ("left alone", "it was released in the meantime", [])


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((), False),
        (("adopted",), False),
        (("adopted", "released"), True),
        (("adopted", "released", "adopted"), False),
        (("released", "failed"), True),
    ],
    ids=str,
)
def test_the_last_decision_of_a_person_counts(outcomes: tuple[Outcome, ...], expected: bool) -> None:
    records = [record(outcome=one, event_time=NOW + timedelta(minutes=n)) for n, one in enumerate(outcomes)]
    assert is_released(records) == is_released(reversed(records)) == expected


@pytest.mark.parametrize("verdict", ["drifted", "untagged"])
@pytest.mark.parametrize(("seconds", "status"), [(1, "repaired"), (3, "left alone")], ids=["the same", "another"])
def test_invariant_3_an_adopted_repository_that_was_created_again_needs_more_than_a_copy_of_its_tag(
    verdict: Literal["drifted", "untagged"], seconds: int, status: str
) -> None:
    event_id = adoption_id("arn", NOW)
    checked = replace(drifted(scan_on_push=False), verdict=verdict, event_id=event_id, created_at=NOW)
    owner = None if verdict == "untagged" else event_id
    registry = Fake(owner=owner, created=NOW + timedelta(seconds=seconds))
    (done,) = repair(plan_for(checked).repairs, lambda *_: registry, is_released=lambda _: False, report=lambda _: None)
    assert (done.status, bool(registry.changes)) == (status, status == "repaired")


@pytest.mark.parametrize(
    ("registry", "status"),
    [
        (Fake(), "deleted"),
        (Fake(has_image=True), "left alone"),
        (Fake(owner=None), "left alone"),
        (Fake(error=RepositoryGoneError()), "left alone"),
        (Fake(error=ServiceError("throttled")), "failed"),
    ],
    ids=["still blank", "an image was pushed", "of somebody else", "deleted meanwhile", "refused by AWS"],
)
def test_a_blank_repository_is_deleted_only_while_it_is_ours_and_blank(registry: Fake, status: str) -> None:
    assert clean(drifted(), lambda *_: registry).status == status


@pytest.mark.parametrize(
    ("registry", "status"),
    [
        (Fake(owner=None), "repaired"),
        (Fake(owner=None, created=NOW + timedelta(milliseconds=999)), "repaired"),
        (Fake(owner=None, created=NOW + timedelta(seconds=3)), "left alone"),
        (Fake(owner="event-2"), "left alone"),
        (Fake(owner=None, error=ServiceError("throttled")), "failed"),
    ],
    ids=["the same", "the same, rounded", "created again meanwhile", "tagged by another event", "refused by AWS"],
)
def test_a_lost_tag_is_set_only_while_the_repository_is_the_same(registry: Fake, status: str) -> None:
    lost = replace(drifted(tags={}), verdict="untagged", created_at=NOW)
    (planned,) = plan_for(lost).repairs
    (done,) = repair([planned], lambda *_: registry, is_released=lambda _: False, report=lambda _: None)
    assert done.status == status
    assert registry.changes == (list(planned.changes) if status == "repaired" else [])


def test_a_repository_that_lost_its_tag_is_not_deleted_for_being_blank() -> None:
    lost = replace(drifted(tags={}), verdict="untagged", is_blank=True)
    reports = (AccountReport(account=SHOP, checked=(lost, replace(lost, verdict="in sync", name="team-a/web"))),)
    assert [one.name for one in plan_repairs(Report(accounts=reports), delete_blank=True).blank] == ["team-a/web"]
