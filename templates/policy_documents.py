"""The form of IAM policies, as Python's type checkers read it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

Conditions = Mapping[str, Mapping[str, object]]
"""Values of condition keys, by operator and key; in a template a value may be a reference."""


class Statement(TypedDict):
    """One statement; in a template each ARN may be a reference."""

    Sid: NotRequired[str]
    Effect: Literal["Allow", "Deny"]
    Principal: NotRequired[str | Mapping[str, object]]
    Action: str | list[str]
    Resource: NotRequired[object]
    Condition: NotRequired[Conditions]


_Statements = list[Statement]


class Policy(TypedDict):
    """A policy document."""

    Version: str
    Statement: _Statements


def policy(*statements: Statement) -> Policy:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}
