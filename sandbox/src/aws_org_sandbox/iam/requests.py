"""The input of evaluation: one action on one resource by one principal, with the context of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Union

Values = tuple[str, ...]
ContextValue = Union[Values, Callable[[], Values | None]]  # noqa: UP007 - a recursive alias reads no better with |


class ConditionContext:
    """Condition keys and their values; keys are case-insensitive, and values may be computed on demand."""

    def __init__(self, values: Mapping[str, ContextValue | str | None] | None = None) -> None:
        self._values: dict[str, ContextValue] = {}
        for key, value in (values or {}).items():
            if value is not None:
                self._values[key.lower()] = (value,) if isinstance(value, str) else value

    def get(self, key: str) -> Values | None:
        """The values of a key; None if the request has no such key."""
        value = self._values.get(key.lower())
        if callable(value):
            found = value()
            return found or None
        return value

    def with_values(self, values: Mapping[str, ContextValue | str | None]) -> ConditionContext:
        """A context with these values added."""
        merged = ConditionContext(values)
        merged._values = {**self._values, **merged._values}
        return merged

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The caller. `arns` are all names that a policy may use for it: a session has its own and its role's.

    A service (`lambda.amazonaws.com`) has a `service` and no account.
    """

    arns: tuple[str, ...] = ()
    account: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One action on one resource. `resource` None means that the sandbox does not know which resource it is."""

    subject: Subject
    action: str
    resource: str | None
    resource_account: str | None = None
    context: ConditionContext = field(default_factory=ConditionContext)
