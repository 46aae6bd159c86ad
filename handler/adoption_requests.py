"""Requests to adopt a repository that somebody else created, or to release one again. Pure.

Only an invocation of the function itself can carry one, and IAM allows that to roles of the central account alone: the
function URL wraps what it receives, EventBridge's rule passes on events of ECR only, and whatever a redrive takes from
a queue has its mark. `deployer audit adopt` sends them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeGuard

from handler import event_fields as fields
from handler import redrives, repository_names
from handler.regions import REGION

SOURCE = "deployer.adoption"
VERSION = 1
Action = Literal["adopt", "release"]
ACTIONS: tuple[Action, ...] = ("adopt", "release")
CALLS: Mapping[Action, str] = {"adopt": "AdoptRepository", "release": "ReleaseRepository"}
"""The name of the call in the record."""

MAX_CLOCK_SKEW = timedelta(minutes=15)
"""How much a request's time may differ from that of the handler."""

PREFIX = "adopted."
"""Every id of an adoption begins with it. Ids of CloudTrail have no dot, so that no event can be taken for one."""

_ID = re.compile(r"adopted\.[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRequest:
    """What a principal of the central account asks for; `principal` is its ARN, as the command states it."""

    action: Action
    account: str
    region: str
    repository: str
    event_id: str
    time: datetime
    """When the person confirmed, in whole seconds: part of the record's key, so that a repetition writes none."""
    principal: str

    def to_event(self) -> dict[str, object]:
        """The event that asks the handler for it."""
        return {
            "source": SOURCE,
            "version": VERSION,
            "action": self.action,
            "account": self.account,
            "region": self.region,
            "repository": self.repository,
            "event_id": self.event_id,
            "time": f"{self.time:%Y-%m-%dT%H:%M:%SZ}",
            "principal": self.principal,
        }


def adoption_id(arn: str, created_at: datetime) -> str:
    """The id of an adoption, the same whenever the same repository is adopted.

    A repository that is deleted and created again has another. Fractions of a second do not count: readings of one
    `createdAt` may differ in them.
    """
    identity = f"{arn}\n{int(created_at.timestamp())}"
    return f"{PREFIX}{sha256(identity.encode()).hexdigest()[:32]}"


def is_adoption(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether somebody invoked the function for an adoption.

    Never for a message of a queue, which may be forged, or for a request to the function URL.
    """
    if not isinstance(event, Mapping) or event.get("source") != SOURCE:
        return False
    return redrives.MARK not in event and "requestContext" not in event


def parse(event: Mapping[str, object], *, now: datetime) -> AdoptionRequest:
    """The request; raises Malformed."""
    if event.get("version") != VERSION or isinstance(event.get("version"), bool):
        raise fields.Malformed(f"version is not {VERSION}")
    action = next((one for one in ACTIONS if one == event.get("action")), None)
    if action is None:
        raise fields.Malformed("action is neither adopt nor release")
    name = fields.text(event.get("repository"), "repository", repository_names.MAXIMUM_LENGTH)
    if not repository_names.is_valid(name):
        raise fields.Malformed("repository is no name of a repository")
    time = fields.time(event.get("time"), "time").replace(microsecond=0)
    if abs(now - time) > MAX_CLOCK_SKEW:
        raise fields.Malformed(f"time is {time:%Y-%m-%dT%H:%M:%SZ}, and the handler's is {now:%Y-%m-%dT%H:%M:%SZ}")
    return AdoptionRequest(
        action=action,
        account=fields.matching(event.get("account"), fields.ACCOUNT, "account"),
        region=fields.matching(event.get("region"), REGION, "region"),
        repository=name,
        event_id=fields.matching(event.get("event_id"), _ID, "event_id"),
        time=time,
        principal=fields.text(event.get("principal"), "principal", fields.MAX_ARN_LENGTH),
    )
