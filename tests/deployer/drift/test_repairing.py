"""Which changes bring a repository back, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from deployer.drift.comparison import compare
from deployer.drift.findings import AccountReport, Checked, Report
from deployer.drift.ports import VanishedError
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
from tests.deployer.drift.examples import HOME, SHOP, as_wanted, record

WANTED = as_wanted(record())


def drifted(**found: object) -> Checked:
    differences = compare(replace(WANTED, **found), WANTED)  # type: ignore[arg-type]
    return Checked(
        account=SHOP,
        region=HOME,
        name="team-a/api",
        verdict="drifted",
        event_id="event-1",
        differences=differences,
        wanted=WANTED,
    )


def plan_for(*checked: Checked) -> RepairPlan:
    return plan_repairs(Report(accounts=(AccountReport(account=SHOP, checked=checked),)))


@dataclass
class Fake:
    """A registry whose one repository is of `owner`."""

    owner: str | None = "event-1"
    error: Exception | None = None
    changes: list[Change] = field(default_factory=list)
    has_image: bool = False

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
        PutMutability("IMMUTABLE_WITH_EXCLUSION", ("latest",)),
        PutScanOnPush(True),
        PutLifecyclePolicy(WANTED.lifecycle_policy),
        SetRepositoryPolicy(WANTED.repository_policy),
        PutTags(WANTED.tags),
    )
    assert [difference.aspect for difference in planned.beyond] == ["encryption"]


def test_only_tags_that_differ_are_put() -> None:
    (planned,) = plan_for(drifted(tags={**WANTED.tags, "env": "dev", "theirs": "1"})).repairs
    assert planned.changes == (PutTags({"env": "prod"}),)


def test_what_did_not_drift_is_in_no_plan() -> None:
    gone = replace(drifted(), verdict="gone", wanted=None)
    plan = plan_for(gone, replace(gone, verdict="unrecorded"), replace(gone, verdict="in step", is_blank=True))
    assert (plan.repairs, plan.blank, plan.changes_something) == ((), (), False)


@pytest.mark.parametrize(
    ("registry", "fate"),
    [
        (Fake(), "repaired"),
        (Fake(owner="event-2"), "left alone"),
        (Fake(owner=None), "left alone"),
        (Fake(error=VanishedError()), "left alone"),
        (Fake(error=ServiceError("throttled")), "failed"),
    ],
    ids=["still ours", "of another event", "of somebody else", "deleted meanwhile", "refused by AWS"],
)
def test_the_tag_is_read_once_more_before_anything_is_changed(registry: Fake, fate: str) -> None:
    told: list[object] = []
    repairs: tuple[Repair, ...] = plan_for(drifted(scan_on_push=False)).repairs
    (done,) = repair(repairs, lambda *_: registry, report=told.append)
    assert (done.fate, told) == (fate, [done])
    assert registry.changes == ([PutScanOnPush(True)] if fate == "repaired" else [])


@pytest.mark.parametrize(
    ("registry", "fate"),
    [
        (Fake(), "deleted"),
        (Fake(has_image=True), "left alone"),
        (Fake(owner=None), "left alone"),
        (Fake(error=VanishedError()), "left alone"),
        (Fake(error=ServiceError("throttled")), "failed"),
    ],
    ids=["still blank", "an image came", "of somebody else", "deleted meanwhile", "refused by AWS"],
)
def test_a_blank_repository_is_deleted_only_while_it_is_ours_and_blank(registry: Fake, fate: str) -> None:
    assert clean(drifted(), lambda *_: registry).fate == fate
