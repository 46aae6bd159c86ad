"""How a repository was created or deleted, as far as its event proves that. Pure.

Only what nobody in the account can choose counts: the role behind a session, whose name and path AWS reserves or this
installation owns, and what AWS writes about its own services. The name of a session and the user agent are the
caller's to choose. What the events of ECR's own creations show is assumption A30.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/using-service-linked-roles.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from handler.json_values import JsonValue
from handler.observed_calls import ObservedCall

How = Literal["deployer", "native", "pull-through", "replication", "by hand", "unknown"]

_SERVICES: Mapping[str, How] = {
    "pullthroughcache.ecr.amazonaws.com": "pull-through",
    "replication.ecr.amazonaws.com": "replication",
}
_PRINCIPALS = frozenset(
    {"Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "SAMLUser", "WebIdentityUser", "IdentityCenterUser"}
    | {"AWSAccount"}
)
"""Types of callers that are not AWS services.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""

_ROLE = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):role/(?:(.+)/)?([^/]+)", re.ASCII)
_SERVICE_PATH = "aws-service-role/"
"""Path of service-linked roles, which nobody else can use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoles:
    """Names of the roles, without a path, with which this installation acts in an account."""

    deployer: frozenset[str] = frozenset()
    native: re.Pattern[str] | None = None
    """Names of the roles of its creation templates, which CloudTrail shows (assumption A26)."""

    @classmethod
    def read(cls, document: Mapping[str, JsonValue]) -> OwnRoles:
        """The names in the settings file; none in a file of an older version."""
        native = document.get("native")
        return cls(deployer=frozenset(document.get("deployer", ())), native=re.compile(native) if native else None)

    def how(self, account: str, role_arn: str) -> How | None:
        """What a role of this installation in this account stands for; None for any other role."""
        role = _ROLE.fullmatch(role_arn)
        if role is None or role[2] or role[1] != account:
            return None
        if role[3] in self.deployer:
            return "deployer"
        return "native" if self.native and self.native.fullmatch(role[3]) else None


def how_of(call: ObservedCall, roles: OwnRoles) -> How:
    """By what way; `by hand` if a principal called the API itself, which a person, a script or another tool may be."""
    if call.role_arn and (own := roles.how(call.account, call.role_arn)):
        return own
    services = (call.event_source, call.invoked_by, call.source_ip, _service_of(call.role_arn or ""))
    if known := next((_SERVICES[service] for service in services if service in _SERVICES), None):
        return known
    is_service = call.invoked_by or _service_of(call.role_arn or "")
    return "by hand" if call.identity_type in _PRINCIPALS and not is_service else "unknown"


def _service_of(role_arn: str) -> str:
    """The service that a service-linked role belongs to; empty for any other role."""
    role = _ROLE.fullmatch(role_arn)
    path = role[2] if role and role[2] else ""
    return path.removeprefix(_SERVICE_PATH) if path.startswith(_SERVICE_PATH) else ""
