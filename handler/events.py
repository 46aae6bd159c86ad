"""Parses the envelope that EventBridge delivers into a validated call, or reports why it is not one.

A `FailedCall` missed its repository, an `ObservedCall` created or deleted one.

Everything below `detail.requestParameters`, and more, is controlled by the caller, in any account that may call ECR. So
type, length and form of each value are checked before it is used, and an event is only accepted if all of its account
ids agree: the envelope's (set by EventBridge), recipientAccountId (set by CloudTrail), and the registry in the request.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
The exact content of a push's event is assumption A10; that a push from another account causes an event is A18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from handler import event_fields as fields
from handler import redrives
from handler.observed_calls import EVENT_SOURCES, ObservedCall, is_observed, observed_call
from handler.regions import REGION
from handler.settings import Trigger

PUSH_CALLS = frozenset({"InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"})
PULL_CALLS = frozenset({"BatchGetImage", "GetDownloadUrlForLayer"})
"""BatchCheckLayerAvailability is in neither set: it needs only pull permission, and every push makes further calls."""

MISSING_REPOSITORY = "RepositoryNotFoundException"
SOURCE = "aws.ecr"
DETAIL_TYPE = "AWS API Call via CloudTrail"
SERVICE_DETAIL_TYPE = "AWS Service Event via CloudTrail"
"""The detail type of what an AWS service does without a call of the API: it may create a repository, too."""

REQUEST_SOURCE = "deployer.request"
REQUEST_DETAIL_TYPE = "Repository Request"
REQUEST_CALL = "EnsureRepository"
"""The event of a request to the function URL, which the handler makes for itself (`handler.requests`)."""

Via = Literal["redrive", "replay", "request"]
"""How an event came other than by its first delivery from CloudTrail: by `deployer failures redrive`, by a replay of an
event archive, or by a request to the function URL."""


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
    """A valid envelope of any other event; the rules exclude such events."""

    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedEvent:
    """Not an event that EventBridge and CloudTrail send; `account` is set only if the envelope's is valid."""

    problem: str
    account: str | None = None
    event_id: str | None = None
    event_time: datetime | None = None
    via: Via | None = None


Parsed = FailedCall | ObservedCall | OtherEvent | MalformedEvent


def parse(event: object) -> Parsed:
    """Parse one event; never raises, whatever the input is."""
    try:
        envelope = fields.mapping(event, "event")
        detail = fields.mapping(envelope.get("detail"), "detail")
        if other := _other(envelope, detail):
            return other
        if is_observed(detail) and not _is_request(envelope):
            call = observed_call(envelope, detail)
            return replace(call, via=_checked_via(envelope, call.event_time))
        return _failed_call(envelope, detail)
    except fields.Malformed as problem:
        return _malformed(event, problem=str(problem))


def _other(envelope: Mapping[str, object], detail: Mapping[str, object]) -> OtherEvent | None:
    """Describe an event that is no such call: somebody may have changed the rule that excludes these."""
    if _is_request(envelope):
        return None
    types = (DETAIL_TYPE, SERVICE_DETAIL_TYPE) if is_observed(detail) else (DETAIL_TYPE,)
    if envelope.get("source") != SOURCE or envelope.get("detail-type") not in types:
        source, kind = (fields.information(envelope.get(key), limit=128) for key in ("source", "detail-type"))
        return OtherEvent(description=f"{kind or 'no detail type'} of {source or 'no source'}")
    if is_observed(detail):
        return None
    if detail.get("errorCode") != MISSING_REPOSITORY or detail.get("eventSource") != EVENT_SOURCES[0]:
        name, code = (fields.information(detail.get(key), limit=128) for key in ("eventName", "errorCode"))
        return OtherEvent(description=f"{name or 'no event name'}, {code or 'no error code'}")
    return None


def _failed_call(envelope: Mapping[str, object], detail: Mapping[str, object]) -> FailedCall:
    parameters = fields.mapping(detail.get("requestParameters"), "detail.requestParameters")
    identity = fields.identity(detail)
    registry = parameters.get("registryId")
    event_time = fields.time(detail.get("eventTime"), "detail.eventTime")
    return FailedCall(
        account=fields.matching(envelope.get("account"), fields.ACCOUNT, "account"),
        region=fields.matching(envelope.get("region"), REGION, "region"),
        repository=fields.text(
            parameters.get("repositoryName"), "detail.requestParameters.repositoryName", fields.MAX_NAME_LENGTH
        ),
        registry_id=None if registry is None else fields.text(registry, "detail.requestParameters.registryId", 64),
        recipient_account=fields.matching(
            detail.get("recipientAccountId"), fields.ACCOUNT, "detail.recipientAccountId"
        ),
        event_region=fields.matching(detail.get("awsRegion"), REGION, "detail.awsRegion"),
        event_name=fields.text(detail.get("eventName"), "detail.eventName", 128),
        event_id=fields.matching(detail.get("eventID"), fields.ID, "detail.eventID"),
        envelope_id=fields.matching(envelope.get("id"), fields.ID, "id"),
        event_time=event_time,
        principal=fields.principal(identity),
        role_arn=fields.role_arn(identity),
        source_ip=fields.information(detail.get("sourceIPAddress"), limit=256),
        user_agent=fields.information(detail.get("userAgent"), limit=512),
        principal_account=fields.principal_account(identity),
        is_service=identity.get("type") == "AWSService",
        via=_checked_via(envelope, event_time),
    )


def _is_request(envelope: Mapping[str, object]) -> bool:
    return (envelope.get("source"), envelope.get("detail-type")) == (REQUEST_SOURCE, REQUEST_DETAIL_TYPE)


def _via(envelope: Mapping[str, object]) -> Via | None:
    if redrives.MARK in envelope:
        return "redrive"
    if _is_request(envelope):
        return "request"
    return "replay" if "replay-name" in envelope else None


def _checked_via(envelope: Mapping[str, object], event_time: datetime) -> Via | None:
    """How the event was delivered again; raises if a redrive's message time contradicts the time of the call."""
    via = _via(envelope)
    if via != "redrive":
        return via
    mark = fields.mapping(envelope[redrives.MARK], redrives.MARK)
    sent = fields.time(mark.get("sent"), f"{redrives.MARK}.sent")
    if _is_request(envelope) and mark.get("queue") != "central":
        raise fields.Malformed("a request is never in a member's queue")
    if problem := redrives.time_conflict(event_time, sent=sent, from_member=mark.get("queue") != "central"):
        raise fields.Malformed(f"the redriven event contradicts its message: {problem}")
    return via


def _account_of(arn: str) -> str | None:
    """The account in an ARN; None if the text is not an ARN with an account."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and fields.ACCOUNT.fullmatch(parts[4]) else None


def _malformed(event: object, *, problem: str) -> MalformedEvent:
    """The valid parts of the record's key that a malformed event still has."""
    envelope = event if isinstance(event, Mapping) else {}
    detail = envelope.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    return MalformedEvent(
        problem=problem,
        account=fields.valid_or_none(envelope.get("account"), fields.ACCOUNT),
        event_id=fields.valid_or_none(detail.get("eventID"), fields.ID)
        or fields.valid_or_none(envelope.get("id"), fields.ID),
        event_time=fields.time_or_none(detail.get("eventTime")) or fields.time_or_none(envelope.get("time")),
        via=_via(envelope),
    )
