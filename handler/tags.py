"""Tags of a new repository: the ownership tags, and the tags in the settings.

Placeholders in values may be replaced by hostile text, such as a principal's session name. So they are replaced in a
single pass by plain look-up, never with `str.format`, and inserted text is not searched for placeholders again.
Characters that ECR does not accept become `_`, and the value is cut to ECR's limit.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-using-tags.html
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from handler.repository_names import namespace_of

EVENT_ID_TAG = "deployer:event-id"
"""Key of the tag that records which event created a repository; its value is CloudTrail's eventID."""

INSTALLATION_TAG = "deployer:installation"
"""Key of the tag that names the installation whose handler created a repository; its value is the prefix.

Two installations may receive the same event. Repositories of older versions lack the tag."""

OWN_TAGS = (EVENT_ID_TAG, INSTALLATION_TAG)

MAX_TAGS = 50
"""The most tags of one repository, including those of the handler."""
MAX_CONFIGURED_TAGS = MAX_TAGS - len(OWN_TAGS)
MAX_VALUE_LENGTH = 256

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_PUNCTUATION = frozenset(" _.:/=+-@")


class Cause(Protocol):
    """The attributes of the call that caused a repository which tags may contain."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def repository(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def event_time(self) -> datetime: ...


def placeholders(call: Cause, *, account_name: str, ou_path: str) -> dict[str, str]:
    """The value of each placeholder for one event."""
    return {
        "principal": call.principal,
        "account": call.account,
        "account_name": account_name,
        "ou": ou_path,
        "region": call.region,
        "repository": call.repository,
        "namespace": namespace_of(call.repository),
        "event_time": call.event_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders replaced; a placeholder that `values` lacks is left unchanged."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def render(
    templates: Mapping[str, str], values: Mapping[str, str], *, event_id: str, installation: str
) -> dict[str, str]:
    """All tags of a repository. Settings cannot override the ownership tags; `installation` is empty if unknown."""
    configured = {key: sanitize(fill(template, values)) for key, template in sorted(templates.items())}
    named = {INSTALLATION_TAG: installation} if installation else {}
    return configured | {EVENT_ID_TAG: event_id} | named


def creator_of(tags: Mapping[str, str], *, installation: str) -> str | None:
    """The id of the event for which this installation created a repository; None if it did not.

    A repository of an older version has no tag that names the installation: then the event alone decides.
    """
    return tags.get(EVENT_ID_TAG) if tags.get(INSTALLATION_TAG, installation) == installation else None


def sanitize(value: str) -> str:
    """The value with only the characters that ECR accepts, cut to ECR's limit."""
    return "".join(character if _is_accepted(character) else "_" for character in value[:MAX_VALUE_LENGTH])


def _is_accepted(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LN"
