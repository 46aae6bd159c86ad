"""What `audit verify --json` found, as far as it wants attention: drifted, gone, unrecorded and blank. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
        explanation="Somebody changed them, or the rules changed since: they are not as the config files say today.",
        command="deployer audit repair",
    ),
    Kind(
        state="blank",
        weight="look",
        one="repository is blank",
        many="repositories are blank",
        explanation="They were created for a push that never came through: no image is in them.",
        command="deployer audit repair --delete-blank",
    ),
    Kind(
        state="gone",
        weight="look",
        one="repository is gone",
        many="repositories are gone",
        explanation="The ledger says that they were created; somebody has deleted them since.",
        command="deployer audit list --outcome created",
    ),
    Kind(
        state="unrecorded",
        weight="look",
        one="repository has our tag and no record",
        many="repositories have our tag and no record",
        explanation="The tag says that deployer created them, and the ledger knows nothing of it.",
        command="deployer audit verify",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One repository, and how it was found."""

    state: str
    account: str
    account_name: str
    region: str
    repository: str
    note: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All repositories that are not in step."""

    judged: tuple[Judged, ...]

    def of(self, kind: Kind) -> list[Judged]:
        """Those that were found in one state."""
        return [one for one in self.judged if one.state == kind.state]

    def kinds(self) -> Iterator[Kind]:
        """States that some repository was found in."""
        states = {one.state for one in self.judged}
        return (kind for kind in KINDS if kind.state in states)


def verification_from(document: Mapping[str, Any]) -> Verification:
    """Read the document; raises KeyError, TypeError or AttributeError where it is not what `audit verify` prints."""
    known = {kind.state for kind in KINDS}
    return Verification(tuple(_judged(one) for one in document["repositories"] if one["state"] in known))


def _judged(one: Mapping[str, Any]) -> Judged:
    differences = [_difference(difference) for difference in one.get("differences") or ()]
    return Judged(
        state=one["state"],
        account=one["account"],
        account_name=one.get("account_name") or "",
        region=one["region"],
        repository=one["repository"],
        note="; ".join(differences) or one.get("detail") or "",
    )


def _difference(difference: Mapping[str, Any]) -> str:
    return f"{difference['setting']}: {_said(difference['from'])} → {_said(difference['to'])}"


def _said(value: object) -> str:
    return "nothing" if value is None else str(value)
