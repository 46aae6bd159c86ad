"""Repairs of repositories, as typed changes, and their execution. Pure; AWS is behind a Protocol.

Only what an audit found to be ours, by its record and its tag or time of creation, can get here. Before the first
change to a repository these are read once more, so that one that somebody else created again in between is not changed.
IAM denies the roles any change of a repository without the tag, except to set the ownership tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from deployer.audit.adopted import is_adoption_id
from deployer.drift.comparison import Difference
from deployer.drift.findings import CheckedRepository, Report
from deployer.drift.ports import RepositoryGoneError, is_same_creation_time
from deployer.errors import DeployerError, PermissionDeniedError
from handler.tags import EVENT_ID_TAG, OWN_TAGS

AT_ONCE = 16
"""Repositories in parallel."""


@dataclass(frozen=True, slots=True)
class PutMutability:
    """Whether tags may be moved, and the tags for which the opposite applies."""

    mutability: str
    exclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutScanOnPush:
    """Whether each image is scanned."""

    scan_on_push: bool


@dataclass(frozen=True, slots=True)
class PutLifecyclePolicy:
    """The lifecycle policy; None deletes one that the settings do not request."""

    text: str | None


@dataclass(frozen=True, slots=True)
class SetRepositoryPolicy:
    """The repository policy; None deletes one that the settings do not request."""

    text: str | None


@dataclass(frozen=True, slots=True)
class PutTags:
    """Tags that are missing or differ; others stay."""

    tags: Mapping[str, str]


Change = PutMutability | PutScanOnPush | PutLifecyclePolicy | SetRepositoryPolicy | PutTags


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repository that drifted: the planned changes, and what cannot be changed."""

    checked: CheckedRepository
    changes: tuple[Change, ...]
    unchangeable: tuple[Difference, ...] = ()
    """Encryption: ECR fixes it when a repository is created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan:
    """The planned repairs, printed first; `blank` are those that may be deleted, each after its own confirmation."""

    repairs: tuple[Repair, ...]
    blank: tuple[CheckedRepository, ...] = ()

    @property
    def changes_something(self) -> bool:
        """Whether there is anything to repair."""
        return any(repair.changes for repair in self.repairs)


class Tagged(Protocol):
    """A registry that reports who created a repository; each call raises DeployerError, or RepositoryGoneError if it no
    longer exists.
    """

    def creator(self, name: str) -> str | None:
        """The event that its tag names; None if it is not ours."""
        ...

    def created_at(self, name: str) -> datetime:
        """The time at which ECR created the repository."""
        ...


class Repairer(Tagged, Protocol):
    """A registry through the repairer role."""

    def change(self, name: str, change: Change) -> None: ...


class Cleaner(Tagged, Protocol):
    """A registry through the cleaner role."""

    def delete(self, name: str) -> bool:
        """Delete a repository without images; False if one was pushed meanwhile."""
        ...


R = TypeVar("R", bound=Tagged)

RepairStatus = Literal["repaired", "deleted", "left alone", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """The result for one repository."""

    checked: CheckedRepository
    status: RepairStatus
    problem: str = ""


def plan_repairs(report: Report, *, delete_blank: bool = False) -> RepairPlan:
    """Changes for everything that drifted or lost its tag; with `delete_blank`, deletions of blank repositories too.

    A repository that lost its tag is deleted only after a later audit found it tagged again, and still blank.
    """
    blank = (one for one in report.checked() if one.is_blank and one.verdict != "untagged")
    return RepairPlan(
        repairs=tuple(_repair(one) for one in report.checked() if one.verdict in {"drifted", "untagged"}),
        blank=tuple(blank) if delete_blank else (),
    )


def _repair(one: CheckedRepository) -> Repair:
    return Repair(
        checked=one,
        changes=tuple(_changes(one)),
        unchangeable=tuple(difference for difference in one.differences if difference.aspect == "encryption"),
    )


def _changes(one: CheckedRepository) -> Iterator[Change]:
    repairable = one.desired
    if repairable is None:
        return
    aspects = {difference.aspect for difference in one.differences}
    tags = {key: value for key, value in repairable.tags.items() if f"tags.{key}" in aspects}
    if EVENT_ID_TAG in tags:  # first and alone: IAM permits the other changes because of it
        yield PutTags({key: tags.pop(key) for key in OWN_TAGS if key in tags})
    if "image_tag_mutability" in aspects:
        yield PutMutability(repairable.image_tag_mutability, repairable.mutability_exclusions)
    if "scan_on_push" in aspects:
        yield PutScanOnPush(repairable.scan_on_push)
    if "lifecycle_policy" in aspects:
        yield PutLifecyclePolicy(repairable.lifecycle_policy)
    if "repository_policy" in aspects:
        yield SetRepositoryPolicy(repairable.repository_policy)
    if tags:
        yield PutTags(tags)


IsReleased = Callable[[CheckedRepository], bool]
"""Whether a person released an adopted repository since it was audited. Raises DeployerError."""


def repair(
    repairs: Sequence[Repair],
    open_registry: Callable[[str, str], Repairer],
    *,
    is_released: IsReleased,
    report: Callable[[RepairResult], None],
) -> list[RepairResult]:
    """Make all changes; a repository that fails does not stop the others, and a repeated run repairs it."""
    repairable = [one for one in repairs if one.changes]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = []
        for result in pool.map(lambda one: _repaired(one, open_registry, is_released), repairable):
            done.append(result)
            report(result)
    return done


def _repaired(one: Repair, open_registry: Callable[[str, str], Repairer], is_released: IsReleased) -> RepairResult:
    def change(registry: Repairer) -> RepairResult:
        if is_adoption_id(one.checked.event_id) and is_released(one.checked):
            return RepairResult(checked=one.checked, status="left alone", problem="it was released in the meantime")
        for change in one.changes:
            registry.change(one.checked.name, change)
        return RepairResult(checked=one.checked, status="repaired")

    return _if_unchanged(one.checked, open_registry, change)


def clean(checked: CheckedRepository, open_registry: Callable[[str, str], Cleaner]) -> RepairResult:
    """Delete one blank repository, unless an image was pushed meanwhile: ECR itself refuses then."""

    def delete(registry: Cleaner) -> RepairResult:
        if registry.delete(checked.name):
            return RepairResult(checked=checked, status="deleted")
        return RepairResult(checked=checked, status="left alone", problem="an image was pushed to it in the meantime")

    return _if_unchanged(checked, open_registry, delete)


def _if_unchanged(
    checked: CheckedRepository, open_registry: Callable[[str, str], R], make_change: Callable[[R], RepairResult]
) -> RepairResult:
    """Repair a repository that is still the one that was verified, or report why it was not."""
    try:
        registry = open_registry(checked.account, checked.region)
        if not _is_unchanged(checked, registry):
            return RepairResult(checked=checked, status="left alone", problem="it was replaced by another repository")
        return make_change(registry)
    except RepositoryGoneError:
        return RepairResult(checked=checked, status="left alone", problem="it no longer exists")
    except DeployerError as error:
        advice = f". {error.next_step}" if isinstance(error, PermissionDeniedError) and error.next_step else ""
        return RepairResult(checked=checked, status="failed", problem=f"{error.message}{advice}")


def _is_unchanged(checked: CheckedRepository, registry: Tagged) -> bool:
    """Whether it still has the tag of its event, or none if it lost its tag; without a tag, and if it was adopted, also
    whether it has the same time of creation.
    """
    is_tagged = checked.verdict != "untagged"
    if registry.creator(checked.name) != (checked.event_id if is_tagged else None):
        return False
    if is_tagged and not is_adoption_id(checked.event_id):
        return True
    return checked.created_at is not None and is_same_creation_time(
        registry.created_at(checked.name), checked.created_at
    )
