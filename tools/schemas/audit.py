"""What `deployer audit` prints with --json."""

from __future__ import annotations

from deployer.audit.documents import COLUMNS, TIMES
from deployer.drift.adopting import AdoptionStatus
from deployer.drift.findings import RepositoryStatus
from deployer.drift.repairing import RepairStatus
from deployer.rendering.report import PERCENTS
from deployer.reporting.attention import Weight
from deployer.reporting.tallies import OUTCOMES
from deployer.settings.verdicts import VerdictOutcome
from deployer.usage.findings import UsageKind
from handler.adoption_requests import Action
from handler.reasons import Outcome
from tools.schemas.parts import (
    BOOLEAN,
    INSTANCE,
    LOCATION,
    PLACE,
    TEXTS,
    TIME,
    TIME_OR_NULL,
    Schema,
    count,
    document,
    enum,
    list_of,
    mapping_of,
    object_of,
    or_null,
    seconds,
    text,
    text_or_null,
)

_REQUIRED_COLUMNS = ("account", "outcome", "reason", "event_id", "request_id", "settings_digest")
_DIFFERENCES = list_of(object_of({"setting": text(), "found": {}, "desired": {}}))
_REPOSITORY = {**INSTANCE, "repository": text()}


def _record() -> Schema:
    columns: dict[str, Schema] = {name: text_or_null() for name in COLUMNS}
    columns |= {name: TIME if name in ("event_time", "received_at") else TIME_OR_NULL for name in TIMES}
    columns |= {name: text() for name in _REQUIRED_COLUMNS} | {"outcome": enum(Outcome)}
    columns |= {"settings": or_null(mapping_of({})), "steps": or_null(mapping_of({}))}
    return object_of(columns, description="A record of the ledger")


def list_records() -> Schema:
    """The documents of `audit list --json` and `--json-lines`."""
    return document("audit list") | list_of(_record(), description="--json-lines prints a record in each line")


def show() -> Schema:
    """The document of `audit show --json`."""
    brief = object_of({"event_time": TIME, "event_id": text(), "outcome": enum(Outcome), "reason": text()})
    brief["properties"] |= {"action": text("If it was observed"), "how": text_or_null("If it was observed")}
    set_by = or_null(LOCATION, "In today's files; null for a built-in default")
    setting = object_of({"key": text(), "same": BOOLEAN, "set_by": set_by})
    setting["properties"] |= {
        "then": {"description": "As recorded; absent if unknown, like the next two"},
        "today": {"description": "By today's files"},
        "actual": {"description": "As the repository has it"},
    }
    today = object_of({"outcome": enum(VerdictOutcome), "reason": text(), "settings_digest": text()})
    details = object_of({
        "record": _record(),
        "reason": text_or_null("The reason as a sentence"),
        "rules": list_of(object_of({"rule": text(), "decides_today": BOOLEAN, "set_by": set_by})),
        "steps": {**mapping_of(seconds()), "description": "Milliseconds by step of the handler"},
        "seconds_to_handler": {"type": "number"},
        "today": or_null(today, "What today's files decide; null if that is unknown"),
        "is_gone": {**BOOLEAN, "description": "The repository no longer exists"},
        "settings": list_of(setting),
        "history": list_of(brief, description="Other decisions about this name, the newest first"),
        "pusher": text_or_null("Who pushed to a repository that ECR created"),
        "pusher_look_up": or_null(TEXTS, "The command that asks CloudTrail who pushed"),
        "lifetime": list_of(brief, description="Decisions about this repository, from the first to its deletion"),
        "notes": list_of(text(), description="Why a part is missing"),
    })  # fmt: skip
    return document("audit show") | list_of(details, description="The newest decision in each registry")


def export() -> Schema:
    """The document of `audit export --json`."""
    properties = {"file": text(), "records": count(), "resumed_after": count("Records of an earlier, interrupted run")}
    return document("audit export") | object_of(properties)


def report() -> Schema:
    """The document of `audit report --json`."""
    finding = object_of({"id": text(), "weight": enum(Weight), "title": text(), "items": count()})
    percentiles = {f"p{percent}": or_null(seconds()) for percent in PERCENTS}
    properties = {
        "file": text(), "bytes": count(), "since": TIME, "until": TIME, "records": count(),
        "rows": count("In the table"), "retries": count("Records of repeated pushes"),
        "adoption": object_of({
            "handler": count("Repositories that the handler created"), "native": count("That ECR created by templates"),
            "others": count("That others created"), "accounts": count("With repositories"),
        }),
        "outcomes": object_of({outcome: count() for outcome in OUTCOMES}),
        "seconds_to_repository": object_of(percentiles, description="Percentiles; null if there are too few values"),
        "attention": list_of(finding),
    }  # fmt: skip
    return document("audit report") | object_of(properties)


def verify() -> Schema:
    """The document of `audit verify --json`."""
    repository = object_of({
        **_REPOSITORY, "verdict": enum(RepositoryStatus), "blank": BOOLEAN,
        "created_at": TIME_OR_NULL, "event_id": text_or_null(), "principal": text_or_null(),
        "differences": _DIFFERENCES, "note": text_or_null(),
    })  # fmt: skip
    properties = {
        "at": TIME,
        "grace_hours": {"type": "number"},
        "counts": {**mapping_of(count()), "description": "Repositories by verdict"},
        "others": count("Repositories that deployer neither created nor adopted"),
        "accounts": count(),
        "regions": count(),
        "repositories": list_of(repository),
        "others_by_region": list_of(object_of({**INSTANCE, "count": count()})),
        "unread": list_of(object_of({
            **PLACE, "region": text_or_null(), "repository": text_or_null(), "problem": text(),
        })),
    }  # fmt: skip
    return document("audit verify") | object_of(properties)


def repair() -> Schema:
    """The document of `audit repair --json`."""
    repository = {**_REPOSITORY, "event_id": text_or_null("Of its creation")}
    change = object_of({"setting": text()})
    change["properties"] |= {
        "mutability": text(), "exclusions": TEXTS, "scan_on_push": BOOLEAN, "tags": mapping_of(text()),
        "text": text_or_null("The policy; null removes it"),
    }  # fmt: skip
    properties = {
        "repairs": list_of(object_of({
            **repository, "changes": list_of(change),
            "unchangeable": {**_DIFFERENCES, "description": "What AWS fixes when a repository is created"},
        })),
        "blank": list_of(object_of(repository), description="Repositories that may be deleted"),
        "done": list_of(object_of({**repository, "status": enum(RepairStatus), "problem": text()})),
    }  # fmt: skip
    return document("audit repair") | object_of(properties)


def usage() -> Schema:
    """The document of `audit usage --json`."""
    sums = {
        "images": count("Without archived ones"), "bytes": count("Compressed; a shared layer counts for each image"),
        "archived_images": count(), "archived_bytes": count(), "first_push": TIME_OR_NULL, "last_push": TIME_OR_NULL,
        "last_pull": or_null(TIME, "null if AWS recorded none; refreshed at least once in 24 hours"),
    }  # fmt: skip
    total = {"repositories": count(), **sums}
    repository = object_of({
        **_REPOSITORY, "managed": {**BOOLEAN, "description": "Whether deployer created or adopted it"},
        "created_at": TIME, **sums, "findings": list_of(enum(UsageKind)),
    })  # fmt: skip
    properties = {
        "at": TIME,
        "unused_for_hours": {"type": "number"},
        "grace_hours": {"type": "number"},
        "all": {**BOOLEAN, "description": "Whether repositories were read that are not managed"},
        "quotas": object_of(
            {"images_per_repository": count(), "repositories_per_registry": count()}, description="AWS's defaults"
        ),
        "counts": {**mapping_of(count()), "description": "By finding"},
        "others": count("Repositories that were not read"),
        "total": object_of(total),
        "ous": list_of(object_of({"ou": text(), **total})),
        "accounts": list_of(object_of({**PLACE, **total})),
        "registries": list_of(object_of({
            **INSTANCE, "repositories": count("All, whoever created them"), "near_quota": BOOLEAN,
        })),
        "repositories": list_of(repository, description="By their most urgent finding, the largest first"),
        "unread": list_of(object_of({
            **PLACE, "region": text_or_null(), "repository": text_or_null(), "problem": text(),
        })),
    }  # fmt: skip
    return document("audit usage") | object_of(properties)


def adopt() -> Schema:
    """The document of `audit adopt --json`."""
    properties = {
        "action": enum(Action),
        "repositories": list_of(object_of({
            **_REPOSITORY, "event_id": text("Of the adoption"), "created_at": TIME,
            "is_recorded": {**BOOLEAN, "description": "An earlier run wrote the record; only tags are missing"},
            "refused": or_null(object_of({"reason": text(), "rule": text()}), "Why a new one would be refused"),
            "differences": {**_DIFFERENCES, "description": "What audit repair would then change, and encryption"},
        })),
        "others": list_of(object_of({
            **_REPOSITORY, "problem": text(),
            "is_ours": {**BOOLEAN, "description": "deployer created or adopted it"},
        }), description="Repositories that are left alone"),
        "unmatched": {**TEXTS, "description": "Names that match no repository in the scope"},
        "done": list_of(object_of({
            **_REPOSITORY, "event_id": text(), "status": enum(AdoptionStatus), "problem": text(),
        })),
    }  # fmt: skip
    return document("audit adopt") | object_of(properties)


SCHEMAS = {
    "audit-list": list_records,
    "audit-show": show,
    "audit-export": export,
    "audit-report": report,
    "audit-verify": verify,
    "audit-repair": repair,
    "audit-usage": usage,
    "audit-adopt": adopt,
}
