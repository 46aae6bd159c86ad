"""What `audit verify --json` found, as far as it wants attention: drifted, gone, unrecorded, blank, unread. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A state that a repository is found in, what it means, and what to do about it."""

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
        explanation="Somebody changed settings, or the rules changed since: not as the config files say today.",
        command="deployer audit repair",
    ),
    Kind(
        state="blank",
        weight="look",
        one="repository is blank",
        many="repositories are blank",
        explanation="Created for a push that never came through: without an image.",
        command="deployer audit repair --delete-blank",
    ),
    Kind(
        state="gone",
        weight="look",
        one="repository is gone",
        many="repositories are gone",
        explanation="Created, as the ledger has it, and deleted by somebody since.",
        command="deployer audit list --outcome created",
    ),
    Kind(
        state="unrecorded",
        weight="look",
        one="repository has our tag and no record",
        many="repositories have our tag and no record",
        explanation="Created by deployer, says the tag, and the ledger knows nothing of it.",
        command="deployer audit verify",
    ),
    Kind(
        state="unread",
        weight="look",
        one="place could not be looked at",
        many="places could not be looked at",
        explanation="Whether repositories there are as they should be is not known.",
        command="deployer audit verify",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One repository, and how it was found; without a name it is a whole account or region that was not looked at."""

    state: str
    account: str
    account_name: str
    region: str
    repository: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """When it was looked, how many are in step, and all that are not."""

    at: datetime
    in_step: int
    judged: tuple[Judged, ...]

    def of(self, kind: Kind) -> list[Judged]:
        """Those that were found in one state."""
        return [one for one in self.judged if one.state == kind.state]

    def kinds(self) -> Iterator[Kind]:
        """States that some repository was found in."""
        states = {one.state for one in self.judged}
        return (kind for kind in KINDS if kind.state in states)


def verification_from(document: Mapping[str, Any]) -> Verification:
    """Read the document; raises KeyError, TypeError, ValueError or AttributeError where it is another."""
    repositories = document["repositories"]
    return Verification(
        at=datetime.fromisoformat(document["at"]),
        in_step=sum(one["verdict"] == "in step" for one in repositories),
        judged=(
            *(judged for one in repositories for judged in _judged(one)),
            *(_found(one, "unread", note=one["problem"]) for one in document["unread"]),
        ),
    )


def _judged(one: Mapping[str, Any]) -> Iterator[Judged]:
    if one["verdict"] in {kind.state for kind in KINDS}:
        differences = (f"{it['setting']}: {it['found']} → {it['wanted']}" for it in one["differences"])
        yield _found(one, one["verdict"], note="; ".join(differences) or one["note"] or "")
    if one["blank"]:
        since = f"created {one['created_at'][:10]}" if one["created_at"] else ""
        yield _found(one, "blank", note=" for ".join(part for part in (since, one["principal"]) if part))


def _found(one: Mapping[str, Any], state: str, *, note: str) -> Judged:
    return Judged(
        state=state,
        account=one["account"],
        account_name=one["name"] or "",
        region=one["region"] or "",
        repository=one["repository"] or "",
        note=note,
    )
