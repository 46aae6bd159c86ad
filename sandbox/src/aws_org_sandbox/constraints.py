"""Checks a request's values against botocore's models: lengths, ranges, patterns, enumerations.

Clients check that what is required is there, and lower bounds; everything else a service checks before it looks at
anything of its own, and moto takes it as it comes. Each service has its code for what breaks a constraint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from aws_org_sandbox.calls import Refused

CODES: Final[Mapping[str, str]] = {
    "cloudformation": "ValidationError",
    "cloudwatch": "ValidationError",
    "dynamodb": "ValidationException",
    "events": "ValidationException",
    "iam": "ValidationError",
    "kms": "ValidationException",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "organizations": "InvalidInputException",
    "sts": "ValidationError",
}
"""The services whose requests are checked here. ECR's are by `ecr_rules`, in words of ECR's own; the models of SQS, SNS
and S3 say next to nothing."""

_MISSING_IN_MODEL: Final[Mapping[str, Mapping[str, Any]]] = {
    "unrestrictedSessionPolicyDocumentType": {"max": 2048},
}
"""Constraints that the documentation has and the model lacks:
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html on session policies."""

_MAX_SHOWN_LENGTH = 256
_MAX_LISTED = 10


def check(service: str, parameters: Mapping[str, Any], shape: Shape | None) -> None:
    """Refuse a request if a value violates a constraint of its shape; AWS reports all of them at once."""
    if service not in CODES or shape is None:
        return
    broken = list(_broken(parameters, shape, ""))
    if not broken:
        return
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    raise Refused(CODES[service], count + "; ".join(broken[:_MAX_LISTED]))


def _broken(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """A sentence for each constraint that a value, or a nested value, violates."""
    if value is None:
        return
    if (constraint := _constraint(value, shape)) is not None:
        yield f"Value {_shown(value)}at '{path}' failed to satisfy constraint: Member must {constraint}"
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in value.keys() & shape.members.keys():
            yield from _broken(value[name], shape.members[name], _below(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        for number, item in enumerate(value, start=1):
            yield from _broken(item, shape.member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _broken(key, shape.key, f"{path}.key")
            yield from _broken(item, shape.value, f"{path}.{key}.member")


def _constraint(value: Any, shape: Shape) -> str | None:
    constraints = {**shape.metadata, **_MISSING_IN_MODEL.get(shape.name, {})}
    if not constraints:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounds(value, constraints, what="value")
    if isinstance(value, str | bytes | list | tuple | Mapping):
        found = _bounds(len(value), constraints, what="length")
        return found or (_form(value, constraints) if isinstance(value, str) else None)
    return None


def _bounds(number: float, constraints: Mapping[str, Any], *, what: str) -> str | None:
    if number < constraints.get("min", number):
        return f"have {what} greater than or equal to {constraints['min']}"
    if number > constraints.get("max", number):
        return f"have {what} less than or equal to {constraints['max']}"
    return None


def _form(value: str, constraints: Mapping[str, Any]) -> str | None:
    if constraints.get("enum") and value not in constraints["enum"]:
        return f"satisfy enum value set: [{', '.join(constraints['enum'])}]"
    pattern = _compiled(constraints["pattern"]) if "pattern" in constraints else None
    if pattern is not None and not pattern.fullmatch(value):
        return f"satisfy regular expression pattern: {constraints['pattern']}"
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""A pattern of a model, which is Java's; None for the few that Python has no word for (`\p{Print}`)."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _shown(value: Any) -> str:
    """Secrets and long texts are left out, as AWS leaves them out."""
    if isinstance(value, str) and len(value) <= _MAX_SHOWN_LENGTH:
        return f"'{value}' "
    return f"'{value}' " if isinstance(value, int | float) else ""


def _below(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member
