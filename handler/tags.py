"""Tags of a new repository: the one that proves who made it, and those that the settings ask for.

Values may hold placeholders that hostile text ends up in, a principal's session name for one. So placeholders are
replaced in one pass by plain look-up, never by `str.format`, and what is filled in is not looked at again; characters
that ECR does not take become `_` and the value is cut to what ECR takes.
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
"""Key of the tag that proves which event made a repository; its value is CloudTrail's eventID."""

MOST_TAGS = 50
"""Of one repository; `deployer:event-id` is one of them."""
LONGEST_VALUE = 256

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_PUNCTUATION = frozenset(" _.:/=+-@")


class Cause(Protocol):
    """What tags may tell of the call that a repository was made for."""

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
    """What each placeholder stands for in one event."""
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
    """The template with its placeholders replaced; one that `values` lacks stays as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def render(templates: Mapping[str, str], values: Mapping[str, str], *, event_id: str) -> dict[str, str]:
    """All tags of a repository. No setting can take the place of the tag that proves ownership."""
    own = {key: sanitise(fill(template, values)) for key, template in sorted(templates.items())}
    return own | {EVENT_ID_TAG: event_id}


def sanitise(value: str) -> str:
    """The value in ECR's alphabet and length."""
    return "".join(character if _is_accepted(character) else "_" for character in value[:LONGEST_VALUE])


def _is_accepted(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in "LN"
