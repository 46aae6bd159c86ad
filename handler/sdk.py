"""The version of the AWS SDK that runs the handler, and the features that it lacks.

The SDK is part of the Lambda runtime, and its version differs by region and over time. It rejects request parameters
that it does not know, and drops unknown members of responses. So the log reports at each start what is missing and
what happens without it.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-update
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import botocore

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a request or a response, by its path, and what happens if the SDK lacks it."""

    service: str
    operation: str
    side: Literal["input", "output"]
    path: tuple[str, ...]
    without: str

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {'.'.join(self.path)}: {self.without}"


USED = (
    Member(
        service="organizations",
        operation="DescribeAccount",
        side="output",
        path=("Account", "Paths"),
        without="the OUs of an account are read with ListParents, one call for each",
    ),
    Member(
        service="ecr",
        operation="CreateRepository",
        side="input",
        path=("imageTagMutabilityExclusionFilters",),
        without="repositories with mutability_exclusions fail with reason sdk-too-old",
    ),
    Member(
        service="dynamodb",
        operation="ExecuteStatement",
        side="input",
        path=("Parameters",),
        without="no record can be written; all events go to the failures queue",
    ),
)
"""The newer features that the handler uses. Everything else that it uses is older than the Python 3.13 runtime."""


def lacking(model_of: Callable[[str], ServiceModel]) -> Iterator[Member]:
    """The members that the SDK lacks; `model_of` returns botocore's model of a service."""
    return (member for member in USED if not _is_known(model_of(member.service), member))


def _is_known(model: ServiceModel, member: Member) -> bool:
    if member.operation not in model.operation_names:
        return False
    operation = model.operation_model(member.operation)
    shape: Shape | None = operation.input_shape if member.side == "input" else operation.output_shape
    for name in member.path:
        members: Mapping[str, Shape] = getattr(shape, "members", {})
        if name not in members:
            return False
        shape = members[name]
    return True


def start_line(model_of: Callable[[str], ServiceModel], *, now: datetime) -> dict[str, object]:
    """The log line of a start: the SDK's version, and a description of each missing feature."""
    missing = [str(member) for member in lacking(model_of)]
    return {
        "timestamp": now.isoformat(timespec="milliseconds"),
        "level": "WARN" if missing else "INFO",
        "message": "started",
        "botocore": botocore.__version__,
        "lacking": missing or None,
    }
