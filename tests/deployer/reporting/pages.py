"""Pages to test: a month of an organization, and one in which every text is an attack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from deployer.drift.comparison import Difference
from deployer.drift.findings import AccountReport, CheckedRepository, Report, Unread
from deployer.organization import Organization
from deployer.rendering.drift import report_document
from deployer.rendering.usage import usage_document
from deployer.reporting.aggregation import aggregate
from deployer.reporting.coverage import Coverage, coverage_from
from deployer.reporting.page import Subject, write_page
from deployer.reporting.usage import Usage, usage_from
from deployer.reporting.verification import Verification, verification_from
from deployer.usage.account_reading import OUTDATED_ROLE
from deployer.usage.findings import AccountUsage, RepositoryUsage, UsageReport, UsageRules
from deployer.usage.images import ImageSummary
from handler.records import Record
from tests.deployer.command_line import CONFIG
from tests.deployer.reporting.samples import PLACES, UNTIL, record

DAYS = 30

ATTACKS = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "' onmouseover='alert(4)",
    "javascript:alert(5)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "\u2028alert(6)\u2029",
    "</style><style>*{display:none}",
    "]]></title></svg><script>alert(7)</script>",
)


def write(file: Path, records: Iterable[Record], *, subject: Subject | None = None, rows: int = 50_000) -> Path:
    """Write the page of some records of the last month."""
    found = aggregate(records, since=UNTIL - timedelta(days=DAYS), until=UNTIL, rows=rows)
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(write_page(found, subject or full_subject()))
    return file


def full_subject() -> Subject:
    """Everything that a report shows besides its records."""
    return Subject(
        made_at=UNTIL,
        command="deployer audit report --html report.html",
        ledger="the ledger in account 200000000001, eu-west-1",
        organization_id="o-exampleorg1",
        filters=(("Outcomes", "created, refused, failed"),),
        coverage=coverage(),
        verification=verification(),
        usage=usage(),
    )


def coverage(regions: Sequence[str] = ("eu-west-1", "us-east-1")) -> Coverage:
    """One account without its creator role, and one region in which forwarding failed for all accounts."""
    return coverage_from(coverage_json(regions))


def coverage_json(regions: Sequence[str] = ("eu-west-1", "us-east-1")) -> Any:
    """The same, as `status --json` prints it."""
    instances = []
    for account, name, ou, _ in PLACES:
        for region in regions:
            state = "failed" if region == "us-east-1" and ou.endswith("Payments") else "current"
            instances.append(_instance(account, name, ou, region=region, state=state))
        state = "missing" if name == "search-dev" else "current"
        instances.append(_instance(account, name, ou, region="eu-west-1", state=state, part="access"))
    return {"instances": instances}


def _instance(
    account: str, name: str, ou: str, *, region: str, state: str, part: str = "forwarding"
) -> dict[str, object]:
    place = {"account": account, "name": name, "ou": ou, "region": region}
    return {
        **place,
        "stack_set": f"deployer-{part}",
        "state": state,
        "reason": "AccessDenied" if state == "failed" else None,
    }


def verification() -> Verification:
    """One repository of each kind."""
    return verification_from(verification_json())


def verification_json() -> Any:
    """The same, as `audit verify --json` prints it."""
    place: dict[str, Any] = {"account": "300000000001", "region": "eu-west-1", "event_id": "event"}
    checked = (
        CheckedRepository(
            **place,
            name="team-a/api",
            verdict="drifted",
            differences=(Difference(aspect="image_tag_mutability", actual="MUTABLE", desired="IMMUTABLE"),),
        ),
        CheckedRepository(
            **place,
            name="team-a/web",
            verdict="in sync",
            is_blank=True,
            created_at=UNTIL - timedelta(days=11),
            principal="arn:aws:iam::300000000001:role/ci-release",
        ),
        CheckedRepository(**place, name="team-a/worker", verdict="in sync"),
    )
    unread = Unread(account="300000000002", problem="the role is missing")
    report = Report(accounts=(AccountReport(account="300000000001", checked=checked, unread=(unread,)),))
    return report_document(report, _organization(), now=UNTIL, grace_hours=24)


def usage(attack: str = "") -> Usage:
    """Repositories of each kind in several OUs; `attack` is in every text."""
    return usage_from(usage_json(attack))


def usage_json(attack: str = "") -> Any:
    """The same, as `audit usage --json` prints it."""

    def one(account: str, name: str, images: ImageSummary, *, days: int = 300) -> RepositoryUsage:
        return RepositoryUsage(
            account=account, region="eu-west-1", name=attack or name, created_at=UNTIL - timedelta(days=days),
            is_ours=True, images=images,
        )  # fmt: skip

    def images(number: int, *, pushed: int, pulled: int | None, archived: int = 0) -> ImageSummary:
        return ImageSummary(
            images=number, size=number * 84_500_000, archived=archived, archived_size=archived * 84_500_000,
            first_push=UNTIL - timedelta(days=pushed + 100), last_push=UNTIL - timedelta(days=pushed),
            last_pull=None if pulled is None else UNTIL - timedelta(days=pulled),
            pullable_since=UNTIL - timedelta(days=pushed + 100),
        )  # fmt: skip

    repositories = (
        one("300000000001", "team-a/api", images(214, pushed=1, pulled=0)),
        one("300000000001", "team-a/legacy", images(41, pushed=160, pulled=140, archived=12)),
        one("300000000001", "team-a/web", ImageSummary(), days=11),
        one("300000000002", "team-a/index", images(81_234, pushed=0, pulled=1)),
        one("400000000001", "team-a/try", images(3, pushed=20, pulled=None)),
    )
    names = sorted({one.account for one in repositories})
    unread = Unread(account="300000000003", problem=attack or OUTDATED_ROLE)
    accounts = (
        *(
            AccountUsage(account=name, repositories=tuple(one for one in repositories if one.account == name))
            for name in names
        ),
        AccountUsage(account="300000000003", unread=(unread,), others=7),
    )
    rules = UsageRules(now=UNTIL, unused_for=timedelta(days=90), grace=timedelta(days=1))
    document: Any = usage_document(UsageReport(accounts=accounts, rules=rules), _organization(), reads_others=False)
    if attack:
        for part in (*document["ous"], *document["accounts"], *document["repositories"], *document["unread"]):
            part.update({key: attack for key in ("ou", "name", "account", "region") if key in part})
    return document


def _organization() -> Organization:
    return Organization.from_json((CONFIG / "snapshot.json").read_text(encoding="utf-8"))


def hostile_records() -> list[Record]:
    """Each attack in every text that an outsider can choose, for every outcome."""
    found = []
    for number, attack in enumerate(ATTACKS):
        for place, outcome in enumerate(("created", "refused", "failed")):
            found += [
                replace(
                    record(
                        outcome=outcome, reason={"created": "created", "refused": "name-invalid"}.get(outcome, attack)
                    ),
                    event_time=UNTIL - timedelta(hours=3 * number + place + 1, minutes=5 * again),
                    event_id=f"{attack}-{place}-{again}",
                    repository=attack,
                    account_name=attack,
                    ou_path=attack,
                    region=attack,
                    principal=attack,
                    detail=attack,
                    rule=attack,
                    user_agent=attack,
                    source_ip=attack,
                )
                for again in range(4)
            ]
    return sorted(found, key=lambda one: one.at, reverse=True)
