"""From the envelope that EventBridge delivers to a `FailedCall` that the rest can trust, or why there is none.

Everything below `detail.requestParameters`, and more, was chosen by whoever made the call, in any account that may talk
to ECR. So nothing is used before its type, length and form were looked at, and an event only counts when all that it
says about its account agrees: the envelope's (set by EventBridge), recipientAccountId (set by CloudTrail), and the
registry that the caller asked for.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
What exactly the event of a push holds is assumption A10; that another account's push gives one at all, A18.
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
"""BatchCheckLayerAvailability is neither: a pull permission suffices for it, and a push always goes on from it."""

MISSING_REPOSITORY = "RepositoryNotFoundException"
SOURCE = "aws.ecr"
DETAIL_TYPE = "AWS API Call via CloudTrail"

Via = Literal["redrive", "replay"]
"""How an event came again: by `deployer failures redrive`, or by a replay of an event archive."""

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}", re.ASCII)
_TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z", re.ASCII)
_LONGEST_ARN = 2048
_LONGEST_NAME = 512
"""ECR takes 256; of four-byte characters, this many are all that an index of the ledger takes as its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """A call to ECR that failed because the repository is missing, in the account that EventBridge vouches for."""

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
    """The caller's; of a caller of another account CloudTrail tells it and an id, and no ARN."""
    is_service: bool = False
    """Whether an AWS service called by itself, as no account's principal."""
    via: Via | None = None
    """How it came, if EventBridge did not just deliver it."""

    @property
    def trigger(self) -> Trigger | None:
        """What kind of work the call was a part of; None for calls that say neither."""
        if self.event_name in PUSH_CALLS:
            return "push"
        return "pull" if self.event_name in PULL_CALLS else None

    @property
    def principals(self) -> tuple[str, ...]:
        """The ARNs that rules on principals are matched against."""
        return (self.principal, self.role_arn) if self.role_arn else (self.principal,)

    @property
    def caller_accounts(self) -> frozenset[str]:
        """Every account that the event names as the caller's: one in a sound event, none of a service."""
        named = (self.principal_account, *(_account_of(arn) for arn in self.principals))
        return frozenset(account for account in named if account)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """A sound envelope of something else than a call that missed its repository; the bus's rule keeps these out."""

    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedEvent:
    """Not what EventBridge and CloudTrail send; `account` only where the envelope's is sound."""

    problem: str
    account: str | None = None
    event_id: str | None = None
    event_time: datetime | None = None
    via: Via | None = None


class _Malformed(Exception):  # noqa: N818 - the value that leaves this module is MalformedEvent
    """Raised inside this module by the first field that is not as documented."""


def parse(event: object) -> FailedCall | OtherEvent | MalformedEvent:
    """Read one event; never raises, whatever it is given."""
    try:
        envelope = _mapping(event, "event")
        detail = _mapping(envelope.get("detail"), "detail")
        if other := _other(envelope, detail):
            return other
        return _failed_call(envelope, detail)
    except _Malformed as problem:
        return _malformed(event, problem=str(problem))


def _other(envelope: Mapping[str, Any], detail: Mapping[str, Any]) -> OtherEvent | None:
    """What the event is if it is no failed call to ECR; the rules that keep such events out can be changed by hand."""
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
        repository=_text(parameters.get("repositoryName"), "detail.requestParameters.repositoryName", _LONGEST_NAME),
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


def _via(envelope: Mapping[str, Any]) -> Via | None:
    if redrives.MARK in envelope:
        return "redrive"
    return "replay" if "replay-name" in envelope else None


def _checked_via(envelope: Mapping[str, Any], event_time: datetime) -> Via | None:
    """How the event came; raises if a redrive's time of the message does not fit the call's."""
    via = _via(envelope)
    if via != "redrive":
        return via
    mark = _mapping(envelope[redrives.MARK], redrives.MARK)
    sent = _time(mark.get("sent"), f"{redrives.MARK}.sent")
    if problem := redrives.misfit(event_time, sent=sent, from_member=mark.get("queue") != "central"):
        raise _Malformed(f"the redriven event does not fit its message: {problem}")
    return via


def _principal(identity: Mapping[str, Any]) -> str:
    """The caller's ARN; for a caller of another account or a service that has none, its id or name."""
    for key in ("arn", "invokedBy", "principalId", "accountId"):
        if identity.get(key):
            return _text(identity[key], f"detail.userIdentity.{key}", _LONGEST_ARN)
    return "unknown"


def _principal_account(identity: Mapping[str, Any]) -> str | None:
    account = identity.get("accountId")
    return account if isinstance(account, str) and _ACCOUNT.fullmatch(account) else None


def _account_of(arn: str) -> str | None:
    """The account in an ARN; None for what is no ARN of an account."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and _ACCOUNT.fullmatch(parts[4]) else None


def _role_arn(identity: Mapping[str, Any]) -> str | None:
    """ARN of the role that a session was assumed from, with its path, which the session's own ARN lacks."""
    context = _mapping(identity.get("sessionContext") or {}, "detail.userIdentity.sessionContext")
    issuer = _mapping(context.get("sessionIssuer") or {}, "detail.userIdentity.sessionContext.sessionIssuer")
    if issuer.get("type") != "Role" or not issuer.get("arn"):
        return None
    return _text(issuer["arn"], "detail.userIdentity.sessionContext.sessionIssuer.arn", _LONGEST_ARN)


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Malformed(f"{where} is no object")
    return value


def _text(value: object, where: str, limit: int) -> str:
    """Printable text; what was not printable leaves backslashes, which no valid name, id or ARN holds."""
    if not isinstance(value, str) or not value:
        raise _Malformed(f"{where} is missing or no text")
    if len(value) > limit:
        raise _Malformed(f"{where} is longer than {limit} characters")
    return clean(value, limit=limit)


def _matching(value: object, form: re.Pattern[str], where: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _Malformed(f"{where} is missing or not of the form {form.pattern}")
    return value


def _time(value: object, where: str) -> datetime:
    text = _matching(value, _TIME, where)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise _Malformed(f"{where} is no time") from error


def _information(value: object, *, limit: int) -> str:
    """What is only kept for people; anything odd is kept as text."""
    return (
        "" if value is None else clean(value[:limit] if isinstance(value, str) else type(value).__name__, limit=limit)
    )


def _malformed(event: object, *, problem: str) -> MalformedEvent:
    """What can still be said about an event for its record: the key's parts, where they are sound."""
    envelope = event if isinstance(event, Mapping) else {}
    detail = envelope.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    return MalformedEvent(
        problem=problem,
        account=_sound(envelope.get("account"), _ACCOUNT),
        event_id=_sound(detail.get("eventID"), _ID) or _sound(envelope.get("id"), _ID),
        event_time=_sound_time(detail.get("eventTime")) or _sound_time(envelope.get("time")),
        via=_via(envelope),
    )


def _sound(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _sound_time(value: object) -> datetime | None:
    try:
        return _time(value, "time")
    except _Malformed:
        return None
