"""A template as CloudFormation's calls take it: in the call, or by the URL of an object if it is too large for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import NotRequired, TypedDict

from deployer.stacks import INLINE_TEMPLATE_BYTES


class TemplateSource(TypedDict):
    """One of the two parameters."""

    TemplateBody: NotRequired[str]
    TemplateURL: NotRequired[str]


def template_source(body: str, *, store: Callable[[str], str]) -> TemplateSource:
    """The parameter for a template; `store` keeps a large one and returns its URL."""
    if len(body.encode()) <= INLINE_TEMPLATE_BYTES:
        return {"TemplateBody": body}
    return {"TemplateURL": store(body)}
