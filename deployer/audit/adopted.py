"""What the record of an adopted repository has instead of the push that created it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from handler.adoption_requests import PREFIX
from handler.reasons import Outcome
from handler.records import Record

_PUSHER = "{principal}"


ADOPTIONS: tuple[Outcome, ...] = ("adopted", "released")
"""Outcomes that a person decided, about a repository that somebody else created."""


def is_adoption_id(event_id: str) -> bool:
    """Whether a repository with the tag of this event was adopted, not created by us."""
    return event_id.startswith(PREFIX)


def is_released(records: Iterable[Record]) -> bool:
    """Whether the last decision of a person among the records of an adoption's event is its release."""
    decisions = [record for record in records if record.outcome in ADOPTIONS]
    return bool(decisions) and max(decisions, key=lambda record: record.at).outcome == "released"


def known_tags(record: Record, templates: Mapping[str, str]) -> Mapping[str, str]:
    """The tags of the settings whose values are known.

    Nobody knows who pushed first to an adopted repository: a tag for that would name the person who adopted it.
    """
    if record.outcome not in ADOPTIONS:
        return templates
    return {key: value for key, value in templates.items() if _PUSHER not in value}


def creation_time(record: Record) -> datetime:
    """The time of the push; of an adopted repository that of its creation."""
    return record.created_at or record.event_time if record.outcome == "adopted" else record.event_time
