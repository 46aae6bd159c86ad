"""The output of `audit usage --json`: sums by OU and account, and repositories that need attention. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from deployer.usage.findings import USAGE_FINDINGS, UsageFinding
from deployer.usage.images import ImageSummary
from deployer.usage.totals import Total
from deployer.usage.wording import contents_text, length_text
from deployer.words import counted, size_text
from handler.json_values import JsonValue

ACCOUNTS = 12
"""How many accounts are shown, the largest."""

COMMAND = "deployer audit usage"

_EXPLANATIONS: Mapping[UsageFinding, str] = {
    "near-quota": "The quotas are AWS's defaults; yours may be higher. At a quota, ECR refuses images or repositories.",
    "unused": "AWS recorded pulls before. What started then may still run these images, and somebody may still push: "
    "compare the dates.",
    "never-pulled": "AWS recorded no pull of any image that they hold. Images that were deleted may have been pulled.",
    "blank": "Created for a push that did not complete, or all images were deleted since.",
    "unread": "What they hold, and who pulls it, is unknown.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An OU or account, and what its repositories hold; `id` is that of an account."""

    name: str
    total: Total
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A repository that needs attention, or without a name an account or region."""

    account: str
    account_name: str
    region: str
    repository: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageNote:
    """Something that needs attention, and where."""

    kind: UsageFinding
    noted: tuple[Noted, ...]
    size: int
    """Bytes of the repositories."""
    unused_for: timedelta

    @property
    def weight(self) -> Literal["act", "look"]:
        return "act" if self.kind == "near-quota" else "look"

    @property
    def title(self) -> str:
        number, held = len(self.noted), size_text(self.size)
        repositories = counted(number, "repository", "repositories")
        was, holds = ("was", "holds") if number == 1 else ("were", "hold")
        match self.kind:
            case "near-quota":
                near = counted(number, "repository or registry is", "repositories or registries are")
                return f"{near} near a quota"
            case "unused":
                return f"{repositories} {was} not pulled for {length_text(self.unused_for)}: {held}"
            case "never-pulled":
                return f"{repositories} {holds} only images that were never pulled: {held}"
            case "blank":
                return f"{repositories} {holds} no image"
            case "unread":
                unread = counted(number, "account, region or repository", "accounts, regions or repositories")
                return f"Usage of {unread} could not be read"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was held at the time of the audit, the largest first, and what needs attention."""

    at: datetime
    total: Total
    ous: tuple[Held, ...]
    accounts: tuple[Held, ...]
    others: int
    """Repositories that were not read, since deployer neither created nor adopted them."""
    notes: tuple[UsageNote, ...]

    @property
    def unread(self) -> int:
        """The number of accounts, regions and repositories that could not be read."""
        return sum(len(note.noted) for note in self.notes if note.kind == "unread")


def usage_from(document: Mapping[str, JsonValue]) -> Usage:
    """Read the document; raises KeyError, TypeError, ValueError or AttributeError for any other document."""
    return Usage(
        at=datetime.fromisoformat(document["at"]),
        total=_total(document["total"]),
        ous=tuple(Held(name=one["ou"], total=_total(one)) for one in document["ous"]),
        accounts=tuple(
            Held(name=one["name"] or one["account"], total=_total(one), id=one["account"])
            for one in document["accounts"]
        ),
        others=document["others"],
        notes=tuple(_notes(document)),
    )


def _notes(document: Mapping[str, JsonValue]) -> Iterator[UsageNote]:
    noted: dict[UsageFinding, list[Noted]] = {kind: [] for kind in USAGE_FINDINGS}
    sizes = dict.fromkeys(USAGE_FINDINGS, 0)
    quotas = document["quotas"]
    for one in document["registries"]:
        if one["near_quota"]:
            number = f"{one['repositories']:,} of {quotas['repositories_per_registry']:,} repositories"
            noted["near-quota"].append(_noted(one, number))
    for one in document["repositories"]:
        for kind in one["findings"]:
            sizes[kind] += one["bytes"]
            noted[kind].append(_noted(one, _note_of(kind, one, quotas)))
    noted["unread"] += [_noted(one, one["problem"]) for one in document["unread"]]
    unused_for = timedelta(hours=document["unused_for_hours"])
    for kind, some in noted.items():
        if some:
            yield UsageNote(kind=kind, noted=tuple(some), size=sizes[kind], unused_for=unused_for)


def _note_of(kind: str, one: Mapping[str, JsonValue], quotas: Mapping[str, JsonValue]) -> str:
    if kind == "near-quota":
        return f"{one['images'] + one['archived_images']:,} of {quotas['images_per_repository']:,} images"
    return f"created {one['created_at'][:10]}" if kind == "blank" else contents_text(_images(one))


def _noted(one: Mapping[str, JsonValue], note: str) -> Noted:
    return Noted(
        account=one["account"],
        account_name=one["name"] or "",
        region=one["region"] or "",
        repository=one.get("repository") or "",
        note=note,
    )


def _total(one: Mapping[str, JsonValue]) -> Total:
    return Total(repositories=one["repositories"], images=_images(one))


def _images(one: Mapping[str, JsonValue]) -> ImageSummary:
    return ImageSummary(
        images=one["images"],
        size=one["bytes"],
        archived=one["archived_images"],
        archived_size=one["archived_bytes"],
        first_push=_time(one["first_push"]),
        last_push=_time(one["last_push"]),
        last_pull=_time(one["last_pull"]),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
