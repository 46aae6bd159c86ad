"""Results of `audit verify --json` that need attention: drifted, untagged, gone, unrecorded, blank, unread. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handler.json_values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A state of a repository, what it means, and the command for the next step."""

    state: str
    weight: Literal["act", "look"]
    one: str
    many: str
    explanation: str
    command: str


KINDS = (
    Kind(
        state="drifted",
        weight="act",
        one="repository has drifted",
        many="repositories have drifted",
        explanation="The settings differ from the config files: somebody changed either since.",
        command="deployer audit repair",
    ),
    Kind(
        state="untagged",
        weight="act",
        one="repository lost deployer's tag",
        many="repositories lost deployer's tag",
        explanation="The ledger records their creation; somebody removed the tag that says so.",
        command="deployer audit repair",
    ),
    Kind(
        state="blank",
        weight="look",
        one="repository is blank",
        many="repositories are blank",
        explanation="Created for a push that did not complete: the repository has no image.",
        command="deployer audit repair --delete-blank",
    ),
    Kind(
        state="gone",
        weight="look",
        one="repository is gone",
        many="repositories are gone",
        explanation="The ledger records their creation and no deletion.",
        command="deployer audit list --outcome created",
    ),
    Kind(
        state="unrecorded",
        weight="look",
        one="repository has deployer's tag and no record",
        many="repositories have deployer's tag and no record",
        explanation="The tag names deployer as the creator, but the ledger has no record of it.",
        command="deployer audit verify",
    ),
    Kind(
        state="unread",
        weight="look",
        one="account or region could not be read",
        many="accounts or regions could not be read",
        explanation="Whether the repositories there are in sync is unknown.",
        command="deployer audit verify",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One repository and its state; without a name, a whole account or region that could not be read."""

    state: str
    account: str
    account_name: str
    region: str
    repository: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The time of the verification, the number of repositories in sync, and all others."""

    at: datetime
    in_sync: int
    judged: tuple[Judged, ...]

    def of(self, kind: Kind) -> list[Judged]:
        """The repositories in one state."""
        return [one for one in self.judged if one.state == kind.state]

    def kinds(self) -> Iterator[Kind]:
        """The states that occur."""
        states = {one.state for one in self.judged}
        return (kind for kind in KINDS if kind.state in states)


def verification_from(document: Mapping[str, JsonValue]) -> Verification:
    """Read the document; raises KeyError, TypeError, ValueError or AttributeError for any other document."""
    repositories = document["repositories"]
    return Verification(
        at=datetime.fromisoformat(document["at"]),
        in_sync=sum(one["verdict"] == "in sync" for one in repositories),
        judged=(
            *(judged for one in repositories for judged in _judged(one)),
            *(_found(one, "unread", note=one["problem"]) for one in document["unread"]),
        ),
    )


def _judged(one: Mapping[str, JsonValue]) -> Iterator[Judged]:
    if one["verdict"] in ("in sync", "under way", "deleted"):
        pass
    elif one["verdict"] not in {kind.state for kind in KINDS}:
        raise ValueError(f"unknown verdict: {one['verdict']}")
    else:
        differences = (f"{it['setting']}: {it['found']} → {it['desired']}" for it in one["differences"])
        yield _found(one, one["verdict"], note="; ".join(differences) or one["note"] or "")
    if one["blank"]:
        since = f"created {one['created_at'][:10]}" if one["created_at"] else ""
        yield _found(one, "blank", note=" for ".join(part for part in (since, one["principal"]) if part))


def _found(one: Mapping[str, JsonValue], state: str, *, note: str) -> Judged:
    return Judged(
        state=state,
        account=one["account"],
        account_name=one["name"] or "",
        region=one["region"] or "",
        repository=one["repository"] or "",
        note=note,
    )
