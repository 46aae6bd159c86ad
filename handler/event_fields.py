"""Validates the fields of events: type, length and form of each value, before anything uses it.

Everything below `detail` may be controlled by a caller, in any account that may call ECR, and a member's administrator
can write whole events into that account's dead-letter queue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from handler.text import clean

ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)
MAX_ARN_LENGTH = 2048
MAX_NAME_LENGTH = 512
"""ECR accepts 256. 512 characters of four bytes each are the longest key that an index of the ledger accepts."""

_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)


class Malformed(Exception):  # noqa: N818 - the value that leaves `handler.events` is MalformedEvent
    """Raised for the first field that does not match the documentation."""


def mapping(value: object, field: str) -> Mapping[str, object]:
    """The value, which must be an object."""
    if not isinstance(value, Mapping):
        raise Malformed(f"{field} is not an object")
    return value


def text(value: object, field: str, limit: int) -> str:
    """Printable text; other characters become escapes with a backslash, which no valid name, id or ARN contains."""
    if not isinstance(value, str) or not value:
        raise Malformed(f"{field} is missing or not a string")
    if len(value) > limit:
        raise Malformed(f"{field} is longer than {limit} characters")
    return clean(value, limit=limit)


def matching(value: object, form: re.Pattern[str], field: str) -> str:
    """The value, which must be text of this form."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Malformed(f"{field} is missing or does not match {form.pattern}")
    return value


def time(value: object, field: str) -> datetime:
    """The time, which must be in UTC."""
    written = matching(value, _TIME, field)
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError as error:
        raise Malformed(f"{field} is not a valid time") from error


def information(value: object, *, limit: int) -> str:
    """A value that is only recorded for people; a value that is not a string is recorded as the name of its type."""
    return (
        "" if value is None else clean(value[:limit] if isinstance(value, str) else type(value).__name__, limit=limit)
    )


def valid_or_none(value: object, form: re.Pattern[str]) -> str | None:
    """The value if it is text of this form."""
    return value if isinstance(value, str) and form.fullmatch(value) else None


def time_or_none(value: object) -> datetime | None:
    """The time if it is valid."""
    try:
        return time(value, "time")
    except Malformed:
        return None


def written_time(value: object) -> datetime | None:
    """A time as CloudTrail writes those in a response, such as `Nov 23, 2026 7:45:12 AM`; None for any other form."""
    text = " ".join(value[:64].split()) if isinstance(value, str) else ""
    for form in ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return time_or_none(text)


# The caller


def identity(detail: Mapping[str, object]) -> Mapping[str, object]:
    """Who made the call, as CloudTrail has it; empty if it has nothing."""
    return mapping(detail.get("userIdentity") or {}, "detail.userIdentity")


def principal(caller: Mapping[str, object]) -> str:
    """The caller's ARN; the id or name of a caller without one (of another account, or an AWS service)."""
    for key in ("arn", "invokedBy", "principalId", "accountId"):
        if caller.get(key):
            return text(caller[key], f"detail.userIdentity.{key}", MAX_ARN_LENGTH)
    return "unknown"


def principal_account(caller: Mapping[str, object]) -> str | None:
    """The caller's account, if CloudTrail has it."""
    return valid_or_none(caller.get("accountId"), ACCOUNT)


def role_arn(caller: Mapping[str, object]) -> str | None:
    """ARN of the role of an assumed-role session, with the role's path, which the session's own ARN lacks."""
    context = mapping(caller.get("sessionContext") or {}, "detail.userIdentity.sessionContext")
    issuer = mapping(context.get("sessionIssuer") or {}, "detail.userIdentity.sessionContext.sessionIssuer")
    if issuer.get("type") != "Role" or not issuer.get("arn"):
        return None
    return text(issuer["arn"], "detail.userIdentity.sessionContext.sessionIssuer.arn", MAX_ARN_LENGTH)
