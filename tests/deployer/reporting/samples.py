"""Records of a year in an organization: deterministic, any number, generated one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from handler.records import Record

UNTIL = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

PLACES = (
    ("300000000001", "shop-prod", "Workloads/Prod", 14),
    ("300000000002", "search-prod", "Workloads/Prod", 9),
    ("300000000003", "payments-prod", "Workloads/Prod/Payments", 7),
    ("300000000004", "ledger-prod", "Workloads/Prod/Payments", 3),
    ("300000000005", "workloads-baseline", "Workloads", 1),
    ("400000000001", "shop-dev", "Workloads/Dev", 22),
    ("400000000002", "search-dev", "Workloads/Dev", 12),
    ("200000000001", "platform-tools", "Infrastructure/Deployment", 4),
    ("200000000002", "network-hub", "Infrastructure/Network", 2),
    ("500000000001", "alice-sandbox", "Sandbox", 1),
)
_WEIGHTS = [weight for *_, weight in PLACES]
_REGIONS = (["eu-west-1", "us-east-1", "eu-central-1"], [12, 5, 2])
_TEAMS = (["team-a", "team-b", "team-checkout", "team-search", "shared", "scratch"], [9, 7, 5, 4, 2, 2])
_THINGS = ("api", "web", "worker", "importer", "cron", "gateway", "billing", "mail", "index")
_ROLES = (["ci-release", "ci-build", "ci-nightly", "admin"], [12, 9, 4, 1])
_REFUSALS = (
    ["name-denied", "name-not-allowed", "principal-not-allowed", "ou-not-enabled", "limit-reached"],
    [5, 4, 3, 2, 1],
)
_DIGEST = "3f9a0c1de2b84756a1c0ffee5d2b7788aa01bb02cc03dd04ee05ff0611223344"


def record(**changes: Any) -> Record:
    """One created repository; `changes` are the attributes that differ."""
    values: dict[str, Any] = {
        "account": "300000000001",
        "account_name": "shop-prod",
        "ou_path": "Workloads/Prod",
        "ou_source": "asked",
        "region": "eu-west-1",
        "repository": "team-a/api",
        "principal": "arn:aws:sts::300000000001:assumed-role/ci-release/run-1",
        "outcome": "created",
        "reason": "created",
        "event_id": "00000000-0000-4000-8000-000000000000",
        "event_time": UNTIL - timedelta(hours=1),
        "settings_digest": _DIGEST,
        "request_id": "request",
        "event_name": "InitiateLayerUpload",
        "source_ip": "203.0.113.7",
        "user_agent": "docker/29.0.1",
        "rule": "create.names.allow team-*/**",
    } | changes
    values.setdefault("received_at", values["event_time"] + timedelta(seconds=3))
    if values["outcome"] == "created":
        arn = f"arn:aws:ecr:{values['region']}:{values['account']}:repository/{values['repository']}"
        values.setdefault("repository_arn", arn)
        values.setdefault("created_at", values["event_time"] + timedelta(seconds=4.2))
    return Record(**values)


def records(count: int, *, days: int = 30, seed: int = 7) -> Iterator[Record]:
    """This many records, the newest first; about one in eleven is refused, and a few fail."""
    chance = random.Random(seed)
    step = timedelta(days=days) / max(count, 1)
    stubborn = [("team-b/tmp-cache", PLACES[0]), ("legacy-app", PLACES[2])]
    for number in range(count):
        time = (UNTIL - step * (number + chance.random())).replace(microsecond=0)
        account, name, ou, _ = chance.choices(PLACES, _WEIGHTS)[0]
        repository = f"{chance.choices(*_TEAMS)[0]}/{chance.choice(_THINGS)}-{count - number}"
        changes: dict[str, Any] = {}
        draw = chance.random()
        if draw < 0.09:
            reason = chance.choices(*_REFUSALS)[0]
            if chance.random() < 0.3:
                repository, (account, name, ou, _) = chance.choice(stubborn)
                reason = "name-denied" if "tmp" in repository else "name-not-allowed"
            changes = {"outcome": "refused", "reason": reason, "rule": "create.names.deny **/tmp-*"}
        elif draw < 0.095:
            reason = chance.choice(["kms-failed", "access-denied", "quota-reached"])
            changes = {"outcome": "failed", "reason": reason, "detail": "explicit deny in a service control policy"}
        else:
            changes["created_at"] = time + timedelta(seconds=min(chance.lognormvariate(1.4, 0.55), 900))
        yield record(
            account=account,
            account_name=name,
            ou_path=ou,
            region=chance.choices(*_REGIONS)[0],
            repository=repository,
            principal=f"arn:aws:sts::{account}:assumed-role/{chance.choices(*_ROLES)[0]}/run-{number}",
            event_time=time,
            event_id=f"{chance.getrandbits(32):08x}-{number:04x}-4000-8000-{chance.getrandbits(48):012x}",
            **changes,
        )
