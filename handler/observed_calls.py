"""Successful calls that created or deleted a repository, as CloudTrail reports them, whoever made them.

Most fields may be absent: no sample of a creation by ECR itself is published (assumption A30). So the name is
taken from whichever part of the event has it, and what an event does not show is unknown, never guessed.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from handler import event_fields as fields
from handler.regions import REGION
from handler.requested import compact
from handler.tags import MAX_TAGS, MAX_VALUE_LENGTH

Action = Literal["created", "deleted"]

EVENT_SOURCES = ("ecr.amazonaws.com", "replication.ecr.amazonaws.com")
ACTIONS: Mapping[str, Action] = {"CreateRepository": "created", "DeleteRepository": "deleted"}
"""What each call does, by `eventName`."""

_ARN = re.compile(r"arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/(.+)", re.ASCII | re.DOTALL)
_WITH_EXCLUSION = "_WITH_EXCLUSION"
_MAX_SETTING_LENGTH = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCall:
    """A call to ECR that created or deleted a repository; EventBridge guarantees `account` and `region`."""

    action: Action
    account: str
    region: str
    repository: str
    repository_arn: str | None
    registry_id: str | None
    recipient_account: str
    event_region: str
    event_source: str
    event_name: str
    event_id: str
    envelope_id: str
    event_time: datetime
    principal: str
    principal_account: str | None
    identity_type: str
    """CloudTrail's type of the caller, such as `AssumedRole`; empty if it has none."""
    role_arn: str | None
    """The role behind an assumed-role session."""
    invoked_by: str
    """The AWS service that made the call in the caller's name, or its own; empty if none did."""
    source_ip: str
    user_agent: str
    created_at: datetime | None
    """When the repository was created, in whole seconds, if the event shows that in a known form (assumption A30)."""
    settings: Mapping[str, object]
    """What the event shows of the repository's settings, in the form of `handler.requested`."""
    via: Literal["redrive", "replay", "request"] | None = None

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the request."""
        found = self.settings.get("tags")
        return found if isinstance(found, dict) else {}

    @property
    def settings_text(self) -> str:
        """The settings as JSON; empty if the event shows none."""
        return compact(self.settings) if self.settings else ""


def is_observed(detail: Mapping[str, object]) -> bool:
    """Whether an event reports that a repository was created or deleted."""
    return (
        detail.get("eventSource") in EVENT_SOURCES
        and detail.get("eventName") in tuple(ACTIONS)
        and detail.get("errorCode") is None
    )


def observed_call(envelope: Mapping[str, object], detail: Mapping[str, object]) -> ObservedCall:
    """The call that an event reports; raises Malformed."""
    caller = fields.identity(detail)
    event_source, event_name = str(detail["eventSource"]), str(detail["eventName"])
    request, found = _request(detail), _repository(detail)
    registry = request.get("registryId", found.get("registryId"))
    arn = found.get("repositoryArn")
    return ObservedCall(
        action=ACTIONS[event_name],
        account=fields.matching(envelope.get("account"), fields.ACCOUNT, "account"),
        region=fields.matching(envelope.get("region"), REGION, "region"),
        repository=fields.text(_name(detail, request, found), "the repository's name", fields.MAX_NAME_LENGTH),
        repository_arn=None if arn is None else fields.text(arn, "repositoryArn", fields.MAX_ARN_LENGTH),
        registry_id=None if registry is None else fields.text(registry, "registryId", 64),
        recipient_account=fields.matching(detail.get("recipientAccountId"), fields.ACCOUNT, "recipientAccountId"),
        event_region=fields.matching(detail.get("awsRegion"), REGION, "detail.awsRegion"),
        event_source=event_source,
        event_name=event_name,
        event_id=fields.matching(detail.get("eventID"), fields.ID, "detail.eventID"),
        envelope_id=fields.matching(envelope.get("id"), fields.ID, "id"),
        event_time=fields.time(detail.get("eventTime"), "detail.eventTime"),
        principal=fields.principal(caller),
        principal_account=fields.principal_account(caller),
        identity_type=fields.information(caller.get("type"), limit=64),
        role_arn=fields.role_arn(caller),
        invoked_by=fields.information(caller.get("invokedBy"), limit=256),
        source_ip=fields.information(detail.get("sourceIPAddress"), limit=256),
        user_agent=fields.information(detail.get("userAgent"), limit=512),
        created_at=fields.written_time(found.get("createdAt")),
        settings=dict(_settings(request, found)),
    )


def _request(detail: Mapping[str, object]) -> Mapping[str, object]:
    return fields.mapping(detail.get("requestParameters") or {}, "detail.requestParameters")


def _repository(detail: Mapping[str, object]) -> Mapping[str, object]:
    """The repository in the response."""
    response = fields.mapping(detail.get("responseElements") or {}, "detail.responseElements")
    return fields.mapping(response.get("repository") or {}, "detail.responseElements.repository")


def _name(detail: Mapping[str, object], request: Mapping[str, object], found: Mapping[str, object]) -> object:
    """The repository's name: as requested, as in the response, or at the end of the ARN of a resource."""
    resources = detail.get("resources")
    arns = [one.get("ARN") for one in resources if isinstance(one, Mapping)] if isinstance(resources, list) else []
    parts = (_ARN.fullmatch(arn) for arn in arns if isinstance(arn, str))
    named = (request.get("repositoryName"), found.get("repositoryName"), *(part[1] for part in parts if part))
    return next((name for name in named if name), None)


def _settings(request: Mapping[str, object], found: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Settings that are shown, of the repository if the response has them, else as requested."""
    shown = {**request, **found}
    mutability = _short(shown.get("imageTagMutability"))
    if mutability:
        yield "image_tag_mutability", mutability.removesuffix(_WITH_EXCLUSION)
        yield "mutability_exclusions", list(_texts(shown.get("imageTagMutabilityExclusionFilters"), "filter"))[:5]
    scanning = shown.get("imageScanningConfiguration")
    if isinstance(scanning, Mapping) and isinstance(scanning.get("scanOnPush"), bool):
        yield "scan_on_push", scanning["scanOnPush"]
    encryption = shown.get("encryptionConfiguration")
    if isinstance(encryption, Mapping) and (kind := _short(encryption.get("encryptionType"))):
        yield "encryption", {"type": kind, "kms_key": _short(encryption.get("kmsKey"))}
    if tags := dict(_tags(request.get("tags"))):
        yield "tags", tags


def _tags(value: object) -> Iterator[tuple[str, str]]:
    """Tags, whichever case CloudTrail writes their members in."""
    for tag in value[:MAX_TAGS] if isinstance(value, list) else ():
        if isinstance(tag, Mapping):
            lower = {str(key).lower(): member for key, member in tag.items()}
            key, member = _short(lower.get("key")), lower.get("value")
            if key and isinstance(member, str):
                yield key, fields.information(member, limit=MAX_VALUE_LENGTH)


def _texts(value: object, key: str) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, Mapping) and (text := _short(item.get(key))):
            yield text


def _short(value: object) -> str | None:
    """A text that is only recorded."""
    return fields.information(value, limit=_MAX_SETTING_LENGTH) if isinstance(value, str) and value else None
