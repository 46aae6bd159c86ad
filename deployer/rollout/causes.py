"""Why stack instances failed, once for each cause: AWS's reasons without what differs between instances. Pure.

StackSets report one long sentence for an instance: the resource, its type, and its handler's message, with a request's
id and token (its wording is assumption A16). https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationResultSummary.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from deployer.rollout.advice import AGAIN, advice

_RESOURCE = re.compile(
    r"ResourceLogicalId:(?P<id>[^,]+), ?ResourceType:(?P<type>[^,]+), ?ResourceStatusReason:(?P<reason>.*)", re.DOTALL
)
_HANDLER = re.compile(r'Resource handler returned message: "(?P<message>.*)" \(RequestToken:.*\)', re.DOTALL)
_REQUEST = re.compile(r" \(Service: [^()]*(?:\([^()]*\)[^()]*)*\)")
_EXECUTION_ROLE = re.compile(r"stacksets-exec-[0-9a-f]+")
"""Of each member account its own; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs.html"""
_STACK_OF_A_STACK_SET = re.compile(
    r"arn:[a-z-]+:cloudformation:[^:]+:[0-9]+:stack/(StackSet-.+?)-[0-9a-f-]{36}/[0-9a-f-]{36}"
)
_PERIODS = re.compile(r"(?<!\.)\.\.$")
"""StackSets append a period even to a sentence that already has one."""
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One instance that is not in the desired state."""

    stack_set: str
    account: str
    region: str
    reason: str
    is_inoperable: bool = False
    """Whether it is desired, and AWS excludes its stack instance from every update: a retry does not help."""

    def next_step(self, *, again: str = AGAIN) -> str:
        """What to do about it; `again` is the command that retries it."""
        return advice(shortened(self.reason), {self.region}, again=again)

    @property
    def is_cause(self) -> bool:
        """Whether the failure is its own, rather than that of an instance before it."""
        return CANCELLED not in self.reason.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failures with the same cause."""

    reason: str
    failures: tuple[Failure, ...]

    def next_step(self, *, again: str = AGAIN) -> str:
        """What to do about it; `again` is the command that retries it."""
        return advice(self.reason, {failure.region for failure in self.failures}, again=again)


def causes(failures: Iterable[Failure]) -> tuple[Cause, ...]:
    """Failures by cause, the most frequent first; what was only cancelled is omitted if others explain it."""
    all_ = tuple(failures)
    return by_cause([one for one in all_ if one.is_cause] or all_)


def by_cause(failures: Iterable[Failure]) -> tuple[Cause, ...]:
    """All failures by cause, the most frequent first."""
    by_reason: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_reason[_generic(failure)].append(failure)
    groups = (Cause(reason=_reason(reason, some), failures=tuple(some)) for reason, some in by_reason.items())
    return tuple(sorted(groups, key=lambda cause: (-len(cause.failures), cause.reason)))


def shortened(reason: str) -> str:
    """`CreatorRole (AWS::IAM::Role): its handler's message`, if AWS's sentence has these parts."""
    resource = _RESOURCE.search(reason)
    text = resource["reason"] if resource else reason
    handler = _HANDLER.search(text)
    text = _PERIODS.sub(".", _REQUEST.sub("", handler["message"] if handler else text).strip())
    return f"{resource['id']} ({resource['type']}): {text}" if resource else text


def _generic(failure: Failure) -> str:
    text = _EXECUTION_ROLE.sub("stacksets-exec-…", shortened(failure.reason))
    text = _STACK_OF_A_STACK_SET.sub(r"\1-…", text)
    return text.replace(failure.account, "<account>").replace(failure.region, "<region>")


def _reason(generic: str, failures: list[Failure]) -> str:
    """A cause of one instance is reported with its own account and region."""
    return shortened(failures[0].reason) if len(failures) == 1 else generic
