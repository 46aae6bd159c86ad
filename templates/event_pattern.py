"""The event pattern: every ECR call that failed because its repository does not exist, whichever call it is.

It does not select pushes only: the handler decides, and the ledger shows ignored calls too. If the ledger observes
repositories, the pattern also matches every one that was created or deleted.
"""

from __future__ import annotations

from handler.events import DETAIL_TYPE, MISSING_REPOSITORY, SERVICE_DETAIL_TYPE, SOURCE
from handler.observed_calls import ACTIONS, EVENT_SOURCES


def detail_types(*, observe: bool) -> list[str]:
    """What the rules forward: what AWS services do of their own accord only if it is observed."""
    return [DETAIL_TYPE, SERVICE_DETAIL_TYPE] if observe else [DETAIL_TYPE]


def forwarded_events(*, observe: bool) -> dict[str, object]:
    """The event pattern of the members' rules, of the central rule and of the archive (assumptions A10, A30)."""
    missed = {"eventSource": list(EVENT_SOURCES[:1]), "errorCode": [MISSING_REPOSITORY]}
    changed = {"eventSource": list(EVENT_SOURCES), "eventName": list(ACTIONS), "errorCode": [{"exists": False}]}
    return {
        "source": [SOURCE],
        "detail-type": detail_types(observe=observe),
        "detail": {"$or": [missed, changed]} if observe else missed,
    }
