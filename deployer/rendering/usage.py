"""Usage of repositories as text of 80 columns and as JSON: what needs attention first, then sums. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from deployer.drift.findings import Unread
from deployer.organization import Organization
from deployer.rendering.plan_json import place
from deployer.rendering.text import WIDTH, Line, Tone, table, wrapped
from deployer.times import iso, iso_or_none
from deployer.usage.findings import (
    IMAGES_QUOTA,
    REPOSITORIES_QUOTA,
    USAGE_KINDS,
    RegistryUsage,
    RepositoryUsage,
    UsageKind,
    UsageReport,
    UsageRules,
)
from deployer.usage.images import ImageSummary
from deployer.usage.totals import Total, by_account, by_ou, total_of
from deployer.usage.wording import contents_text, length_text
from deployer.words import account_name, counted, size_text

Document = dict[str, object]

SHOWN = 20
"""How many repositories of a kind, accounts and problems are shown as text."""

_COLUMNS = ("repositories", "images", "size", "last push", "last pull")
_TONES: Mapping[UsageKind, Tone] = {"near-quota": "bad"}


def usage_lines(report: UsageReport, organization: Organization, *, ignored: Collection[str] = ()) -> Iterator[Line]:
    """Findings by kind; then sums by OU and account, and repositories, each the largest first; a summary last."""
    for kind in USAGE_KINDS:
        if kind not in ignored:
            yield from _kind_lines(kind, report, organization)
    if "unread" not in ignored:
        yield from _unread_lines([*report.unread()], organization)
    yield from _total_lines("OU", by_ou(report, organization))
    accounts = by_account(report)
    yield from _total_lines("account", {_named(one, organization): total for one, total in accounts.items()})
    yield from _repository_lines(report, organization)
    yield from _summary_lines(report)


def _kind_lines(kind: UsageKind, report: UsageReport, organization: Organization) -> Iterator[Line]:
    registries = report.near_quota() if kind == "near-quota" else []
    repositories = report.of_kind(kind)
    shown = [*(_registry_line(one, organization) for one in registries), *(_lines_of(repositories, kind, organization))]
    if not shown:
        return
    size = sum(one.images.size for one in repositories)
    held = f", {size_text(size)}" if kind in ("unused", "never-pulled") else ""
    yield from wrapped(f"{title(kind, report.rules)}: {len(shown):,}{held}", indent=0, tone="heading")
    for lines in shown[:SHOWN]:
        for number, text in enumerate(lines):
            yield from wrapped(text, indent=2 if number == 0 else 4, tone=_TONES.get(kind, "") if number == 0 else "")
    if len(shown) > SHOWN:
        yield from wrapped(f"and {len(shown) - SHOWN:,} more; --json has all", indent=2, tone="quiet")
    yield Line("")


def title(kind: UsageKind, rules: UsageRules) -> str:
    """A kind of finding in words."""
    return {
        "near-quota": "Near a quota of AWS (its default; yours may be higher)",
        "unused": f"Not pulled for {length_text(rules.unused_for)}",
        "never-pulled": "None of the images was ever pulled",
        "blank": "Without an image",
    }[kind]


def _registry_line(one: RegistryUsage, organization: Organization) -> Sequence[str]:
    number = f"{one.repositories:,} of {REPOSITORIES_QUOTA:,} repositories"
    return [f"{account_name(organization, one.account)} {one.region}: {number}"]


def _lines_of(
    repositories: Sequence[RepositoryUsage], kind: UsageKind, organization: Organization
) -> Iterator[Sequence[str]]:
    for one in repositories:
        about = f"{one.name} in {account_name(organization, one.account)} {one.region}"
        if kind == "near-quota":
            yield [f"{about}: {one.images.total:,} of {IMAGES_QUOTA:,} images"]
        elif kind == "blank":
            yield [f"{about}: created {one.created_at:%Y-%m-%d}"]
        else:
            yield [about, contents_text(one.images)]


def _unread_lines(problems: Sequence[Unread], organization: Organization) -> Iterator[Line]:
    if problems:
        yield Line("Not read", "heading")
    for one in problems[:SHOWN]:
        parts = (account_name(organization, one.account), one.region, one.repository)
        yield from wrapped(f"{' '.join(part for part in parts if part)}: {one.problem}", indent=2, tone="bad")
    if len(problems) > SHOWN:
        yield from wrapped(f"and {len(problems) - SHOWN:,} more; --json has all", indent=2, tone="quiet")
    if problems:
        yield Line("")


def _total_lines(name: str, totals: Mapping[str, Total]) -> Iterator[Line]:
    if not totals:
        return
    shown = [*totals.items()][:SHOWN]
    yield from table([name, *_COLUMNS], [[key, *_cells(total)] for key, total in shown], width=WIDTH, numbers_from=1)
    if len(totals) > SHOWN:
        yield Line(f"and {len(totals) - SHOWN:,} more; --json has all", "quiet")
    yield Line("")


def _repository_lines(report: UsageReport, organization: Organization) -> Iterator[Line]:
    found = report.by_size()
    if not found:
        return
    rows = [[_short_place(one, organization), *_image_cells(one.images)] for one in found[:SHOWN]]
    yield from table(["repository", *_COLUMNS[1:]], rows, width=WIDTH, numbers_from=1)
    if len(found) > SHOWN:
        yield Line(f"and {len(found) - SHOWN:,} more; --json has all", "quiet")
    yield Line("")


def _named(account: str, organization: Organization) -> str:
    """`shop-prod 300000000001`: if a column is too narrow, the name is shortened, and the id is not."""
    known = organization.accounts.get(account)
    return f"{known.name} {account}" if known else account


def _short_place(one: RepositoryUsage, organization: Organization) -> str:
    account = organization.accounts.get(one.account)
    return f"{account.name if account else one.account} {one.region} {one.name}"


def _cells(total: Total) -> Sequence[str]:
    return [f"{total.repositories:,}", *_image_cells(total.images)]


def _image_cells(images: ImageSummary) -> Sequence[str]:
    days = [f"{moment:%Y-%m-%d}" if moment else "-" for moment in (images.last_push, images.last_pull)]
    return [f"{images.images:,}", size_text(images.size), *days]


def _summary_lines(report: UsageReport) -> Iterator[Line]:
    total = total_of(report)
    images = total.images
    archived = f", and {images.archived:,} archived ones ({size_text(images.archived_size)})" if images.archived else ""
    yield from wrapped(
        f"{counted(total.repositories, 'repository', 'repositories')} with {counted(images.images, 'image')},"
        f" {size_text(images.size)}{archived}. Layers that images share count for each of them.",
        indent=0,
    )
    registries = [*report.registries()]
    accounts = counted(len({one.account for one in registries}), "account")
    read = f"{accounts}, {counted(len(registries), 'region')} in them"
    others = (
        f"Repositories that deployer neither created nor adopted: {report.others:,}; --all reads them. "
        if report.others
        else ""
    )
    yield from wrapped(f"{others}Read: {read}.", indent=0, tone="quiet")


def usage_document(report: UsageReport, organization: Organization, *, reads_others: bool) -> Document:
    """All of it for programs: every repository that was read, not only findings."""
    rules = report.rules
    return {
        "at": iso(rules.now),
        "unused_for_hours": rules.unused_for / timedelta(hours=1),
        "grace_hours": rules.grace / timedelta(hours=1),
        "all": reads_others,
        "quotas": {"images_per_repository": IMAGES_QUOTA, "repositories_per_registry": REPOSITORIES_QUOTA},
        "counts": dict(report.counts()),
        "others": report.others,
        "total": _total_document(total_of(report)),
        "ous": [{"ou": ou, **_total_document(total)} for ou, total in by_ou(report, organization).items()],
        "accounts": [
            {**place(organization, one), **_total_document(total)} for one, total in by_account(report).items()
        ],
        "registries": [
            {
                **place(organization, one.account),
                "region": one.region,
                "repositories": one.repositories,
                "near_quota": one.is_near_quota,
            }
            for one in report.registries()
        ],
        "repositories": [_repository_document(one, rules, organization) for one in report.by_attention()],
        "unread": [
            {
                **place(organization, one.account),
                "region": one.region,
                "repository": one.repository,
                "problem": one.problem,
            }
            for one in report.unread()
        ],
    }


def _total_document(total: Total) -> Document:
    return {"repositories": total.repositories, **_images_document(total.images)}


def _images_document(images: ImageSummary) -> Document:
    return {
        "images": images.images,
        "bytes": images.size,
        "archived_images": images.archived,
        "archived_bytes": images.archived_size,
        "first_push": iso_or_none(images.first_push),
        "last_push": iso_or_none(images.last_push),
        "last_pull": iso_or_none(images.last_pull),
    }


def _repository_document(one: RepositoryUsage, rules: UsageRules, organization: Organization) -> Document:
    return {
        **place(organization, one.account),
        "region": one.region,
        "repository": one.name,
        "managed": one.is_ours,
        "created_at": iso(one.created_at),
        **_images_document(one.images),
        "findings": list(rules.kinds(one)),
    }
