"""The keys of the config files that are not settings, with what their models do not state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.settings import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a key's model does not state."""

    type: str
    default: str
    limit: str = ""
    example: Any = None


ORGANIZATION_KEYS: Mapping[str, About] = {
    "organization": About(
        type="string", default="none", limit="`o-` and 10 to 32 of `a-z 0-9`", example="o-exampleorg1"
    ),
    "central.account": About(type="string", default="required", limit="12 digits, in quotes", example="200000000001"),
    "central.region": About(type="string", default="required", limit="a region", example="eu-west-1"),
    "prefix": About(type="string", default="`deployer`", limit=limits.prefix.text, example="deployer"),
    "cleanup": About(type="true or false", default="false", example=False),
    "alarms.topic": About(
        type="string",
        default="none",
        limit=limits.topic.text,
        example="arn:aws:sns:eu-west-1:200000000001:on-call",
    ),
    "tracing": About(type="true or false", default="false", example=False),
    "handler.reserved_concurrency": About(
        type="whole number", default="none", limit=limits.reserved_concurrency.text, example=20
    ),
    "ensure.url": About(type="true or false", default="false", example=True),
    "defaults": About(type="map of settings", default="none", example={"repository": {"scan_on_push": True}}),
}
OU_KEYS: Mapping[str, About] = {
    "ou": About(
        type="string", default="required, or `id`", limit="exactly as Organizations has it", example="Workloads/Prod"
    ),
    "id": About(type="string", default="none", limit="`ou-…` or `r-…`", example="ou-exam-prod0001"),
}
ACCOUNT_KEYS: Mapping[str, About] = {
    "account": About(type="string", default="the file's name", limit="12 digits, in quotes", example="300000000003"),
}
