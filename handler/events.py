"""Parses the envelope that EventBridge delivers into a validated `FailedCall`, or reports why it is none.

Everything below `detail.requestParameters`, and more, is controlled by the caller, in any account that may call ECR. So
type, length and form of each value are checked before it is used, and an event is only accepted if all of its account
ids agree: the envelope's (set by EventBridge), recipientAccountId (set by CloudTrail), and the registry in the request.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
The exact content of a push's event is assumption A10; that a push from another account causes an event is A18.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from handler import redrives
from handler.regions import REGION
from handler.settings import Trigger
from handler.text import clean

PUSH_CALLS = frozenset({"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"})
PULL_CALLS = frozenset({"BatchGetImage", "GetDownloadUrlForLayer"})
"""BatchCheckLayerAvailability is in neither set: it needs only pull permission, and every push makes further calls."""

MISSING_REPOSITORY = "RepositoryNotFoundException"
SOURCE = "aws.ecr"
DETAIL_TYPE = "AWS API Call via CloudTrail"

REQUEST_SOURCE = "deployer.request"
REQUEST_DETAIL_TYPE = "Repository Request"
REQUEST_CALL = "EnsureRepository"
"""The event of a request to the function URL, which the handler makes for itself (`handler.requests`)."""

Via = Literal["redrive", "replay", "request"]
"""How an event came other than by its first delivery from CloudTrail: by `deployer failures redrive`, by a replay of an
event archive, or by a request to the function URL."""

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_MAX_ARN_LENGTH = 2048
_MAX_NAME_LENGTH = 512
"""ECR accepts 256. 512 characters of four bytes each are the longest key that an index of the ledger accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """A call to ECR that failed because the repository is missing; EventBridge guarantees `account` and `region`."""

    account: str
    region: str
    repository: str
    registry_id: str | None
    recipient_account: str
    event_region: str
    event_name: str
    event_id: str
    """CloudTrail's eventID: the proof of ownership on the repository, and a part of the record's key."""
    envelope_id: str
    event_time: datetime
    principal: str
    role_arn: str | None
    """The role behind an assumed-role session."""
    source_ip: str
    user_agent: str
    principal_account: str | None = None
    """The caller's account. For a caller of another account, CloudTrail records the account and an id, but no ARN."""
    is_service: bool = False
    """Whether an AWS service made the call itself, not as a principal of an account."""
    via: Via | None = None
    """How the event came; None for its first delivery from CloudTrail."""

    @property
    def is_request(self) -> bool:
        """Whether it is a request to the function URL, whose caller's ARN lacks the path of the role."""
        return self.event_name == REQUEST_CALL

    @property
    def trigger(self) -> Trigger | None:
        """Whether the call is part of a push or a pull; None for calls that are part of both."""
        if self.event_name in PUSH_CALLS or self.is_request:
            return "push"
        return "pull" if self.event_name in PULL_CALLS else None

    @property
    def principals(self) -> tuple[str, ...]:
        """The ARNs that rules on principals are matched against."""
        return (self.principal, self.role_arn) if self.role_arn else (self.principal,)

    @property
    def caller_accounts(self) -> frozenset[str]:
        """Every account that the event names as the caller's: one in a valid event, none for an AWS service."""
        named = (self.principal_account, *(_account_of(arn) for arn in self.principals))
        return frozenset(account for account in named if account)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """A valid envelope of an event other than a failed call to a missing repository; the rule excludes such events."""

    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedEvent:
    """Not an event that EventBridge and CloudTrail send; `account` is set only if the envelope's is valid."""

    problem: str
    account: str | None = None
    event_id: str | None = None
    event_time: datetime | None = None
    via: Via | None = None


class _Malformed(Exception):  # noqa: N818 - the value that leaves this module is MalformedEvent
    """Raised within this module for the first field that does not match the documentation."""


def parse(event: object) -> FailedCall | OtherEvent | MalformedEvent:
    """Parse one event; never raises, whatever the input is."""
    try:
        envelope = _mapping(event, "event")
        detail = _mapping(envelope.get("detail"), "detail")
        if other := _other(envelope, detail):
            return other
        return _failed_call(envelope, detail)
    except _Malformed as problem:
        return _malformed(event, problem=str(problem))


def _other(envelope: Mapping[str, Any], detail: Mapping[str, Any]) -> OtherEvent | None:
    """Describe an event that is no failed call to ECR: somebody may have changed the rule that excludes these."""
    if _is_request(envelope):
        return None
    if envelope.get("source") != SOURCE or envelope.get("detail-type") != DETAIL_TYPE:
        source, kind = (_information(envelope.get(key), limit=128) for key in ("source", "detail-type"))
        return OtherEvent(description=f"{kind or 'no detail type'} of {source or 'no source'}")
    if detail.get("errorCode") != MISSING_REPOSITORY or detail.get("eventSource") != "ecr.amazonaws.com":
        name, code = (_information(detail.get(key), limit=128) for key in ("eventName", "errorCode"))
        return OtherEvent(description=f"{name or 'no event name'}, {code or 'no error code'}")
    return None


def _failed_call(envelope: Mapping[str, Any], detail: Mapping[str, Any]) -> FailedCall:
    parameters = _mapping(detail.get("requestParameters"), "detail.requestParameters")
    identity = _mapping(detail.get("userIdentity") or {}, "detail.userIdentity")
    registry = parameters.get("registryId")
    event_time = _time(detail.get("eventTime"), "detail.eventTime")
    return FailedCall(
        account=_matching(envelope.get("account"), _ACCOUNT, "account"),
        region=_matching(envelope.get("region"), REGION, "region"),
        repository=_text(parameters.get("repositoryName"), "detail.requestParameters.repositoryName", _MAX_NAME_LENGTH),
        registry_id=None if registry is None else _text(registry, "detail.requestParameters.registryId", 64),
        recipient_account=_matching(detail.get("recipientAccountId"), _ACCOUNT, "detail.recipientAccountId"),
        event_region=_matching(detail.get("awsRegion"), REGION, "detail.awsRegion"),
        event_name=_text(detail.get("eventName"), "detail.eventName", 128),
        event_id=_matching(detail.get("eventID"), _ID, "detail.eventID"),
        envelope_id=_matching(envelope.get("id"), _ID, "id"),
        event_time=event_time,
        principal=_principal(identity),
        role_arn=_role_arn(identity),
        source_ip=_information(detail.get("sourceIPAddress"), limit=256),
        user_agent=_information(detail.get("userAgent"), limit=512),
        principal_account=_principal_account(identity),
        is_service=identity.get("type") == "AWSService",
        via=_checked_via(envelope, event_time),
    )


def _is_request(envelope: Mapping[str, Any]) -> bool:
    return (envelope.get("source"), envelope.get("detail-type")) == (REQUEST_SOURCE, REQUEST_DETAIL_TYPE)


def _via(envelope: Mapping[str, Any]) -> Via | None:
    if redrives.MARK in envelope:
        return "redrive"
    if _is_request(envelope):
        return "request"
    return "replay" if "replay-name" in envelope else None


def _checked_via(envelope: Mapping[str, Any], event_time: datetime) -> Via | None:
    """How the event was delivered again; raises if a redrive's message time contradicts the time of the call."""
    via = _via(envelope)
    if via != "redrive":
        return via
    mark = _mapping(envelope[redrives.MARK], redrives.MARK)
    sent = _time(mark.get("sent"), f"{redrives.MARK}.sent")
    if _is_request(envelope) and mark.get("queue") != "central":
        raise _Malformed("a request is never in a member's queue")
    if problem := redrives.time_conflict(event_time, sent=sent, from_member=mark.get("queue") != "central"):
        raise _Malformed(f"the redriven event contradicts its message: {problem}")
    return via


def _principal(identity: Mapping[str, Any]) -> str:
    """The caller's ARN; the id or name of a caller without one (of another account, or an AWS service)."""
    for key in ("arn", "invokedBy", "principalId", "accountId"):
        if identity.get(key):
            return _text(identity[key], f"detail.userIdentity.{key}", _MAX_ARN_LENGTH)
    return "unknown"


def _principal_account(identity: Mapping[str, Any]) -> str | None:
    account = identity.get("accountId")
    return account if isinstance(account, str) and _ACCOUNT.fullmatch(account) else None


def _account_of(arn: str) -> str | None:
    """The account in an ARN; None if the text is not an ARN with an account."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and _ACCOUNT.fullmatch(parts[4]) else None


def _role_arn(identity: Mapping[str, Any]) -> str | None:
    """ARN of the role of an assumed-role session, with the role's path, which the session's own ARN lacks."""
    context = _mapping(identity.get("sessionContext") or {}, "detail.userIdentity.sessionContext")
    issuer = _mapping(context.get("sessionIssuer") or {}, "detail.userIdentity.sessionContext.sessionIssuer")
    if issuer.get("type") != "Role" or not issuer.get("arn"):
        return None
    return _text(issuer["arn"], "detail.userIdentity.sessionContext.sessionIssuer.arn", _MAX_ARN_LENGTH)


def _mapping(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Malformed(f"{field} is not an object")
    return value


def _text(value: object, field: str, limit: int) -> str:
    """Printable text; other characters become escapes with a backslash, which no valid name, id or ARN contains."""
    if not isinstance(value, str) or not value:
        raise _Malformed(f"{field} is missing or not a string")
    if len(value) > limit:
        raise _Malformed(f"{field} is longer than {limit} characters")
    return clean(value, limit=limit)


def _matching(value: object, form: re.Pattern[str], field: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _Malformed(f"{field} is missing or does not match {form.pattern}")
    return value


def _time(value: object, field: str) -> datetime:
    text = _matching(value, _TIME, field)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise _Malformed(f"{field} is not a valid time") from error


def _information(value: object, *, limit: int) -> str:
    """A value that is only recorded for people; a value that is not a string is recorded as the name of its type."""
    return (
        "" if value is None else clean(value[:limit] if isinstance(value, str) else type(value).__name__, limit=limit)
    )


def _malformed(event: object, *, problem: str) -> MalformedEvent:
    """The valid parts of the record's key that a malformed event still has."""
    envelope = event if isinstance(event, Mapping) else {}
    detail = envelope.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    return MalformedEvent(
        problem=problem,
        account=_valid_or_none(envelope.get("account"), _ACCOUNT),
        event_id=_valid_or_none(detail.get("eventID"), _ID) or _valid_or_none(envelope.get("id"), _ID),
        event_time=_time_or_none(detail.get("eventTime")) or _time_or_none(envelope.get("time")),
        via=_via(envelope),
    )


def _valid_or_none(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _time_or_none(value: object) -> datetime | None:
    try:
        return _time(value, "time")
    except _Malformed:
        return None
