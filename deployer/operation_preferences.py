"""Concurrency and failure tolerance of StackSet operations, in AWS's terms, and their effective values. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

ConcurrencyMode = Literal["SOFT_FAILURE_TOLERANCE", "STRICT_FAILURE_TOLERANCE"]
RegionConcurrency = Literal["PARALLEL", "SEQUENTIAL"]

_PERCENTAGE = re.compile(r"(?P<number>\d{1,3}) ?%")
_COUNT = re.compile(r"\d{1,6}")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of accounts, or a percentage of the accounts that an operation has in a region."""

    number: int
    is_percentage: bool = False

    @classmethod
    def parse(cls, value: int | str) -> Amount:
        """`20` or `10%`; raises ValueError with the reason."""
        text = str(value).strip()
        if percentage := _PERCENTAGE.fullmatch(text):
            number = int(percentage["number"])
            if number > 100:
                raise ValueError(f"{number} % is more than 100 %")
            return cls(number, is_percentage=True)
        if isinstance(value, bool) or not _COUNT.fullmatch(text):
            raise ValueError("must be a number of accounts or a percentage: 20, or 10%")
        return cls(int(text))

    def of(self, accounts: int) -> int:
        """How many of so many accounts; AWS rounds percentages down."""
        return accounts * self.number // 100 if self.is_percentage else min(self.number, accounts)

    def __str__(self) -> str:
        return f"{self.number} %" if self.is_percentage else str(self.number)


ALL = Amount(100, is_percentage=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPreferences:
    """For each operation; the tolerance counts for each region by itself.

    SOFT_FAILURE_TOLERANCE by default, since STRICT caps the real concurrency at the tolerance plus one.
    """

    max_concurrent: Amount = ALL
    failure_tolerance: Amount = ALL
    concurrency_mode: ConcurrencyMode = "SOFT_FAILURE_TOLERANCE"
    region_concurrency: RegionConcurrency = "PARALLEL"
    region_order: tuple[str, ...] = ()

    def concurrency(self, accounts: int) -> int:
        """Accounts at once, of so many in a region, as AWS rounds: what would be 0 is 1."""
        return max(1, self.max_concurrent.of(accounts))

    def order(self, regions: Iterable[str]) -> tuple[str, ...]:
        """An operation's regions in the configured order; regions that it does not name come after."""
        named = set(regions)
        return (*(one for one in self.region_order if one in named), *sorted(named.difference(self.region_order)))


class Caution(NamedTuple):
    """A preference that has no effect as configured; `key` is its name in organization.yaml."""

    key: str
    message: str


def cautions(preferences: OperationPreferences, accounts: int) -> Iterator[Caution]:
    """The effective preferences for an operation on so many accounts in a region."""
    tolerance, concurrency = preferences.failure_tolerance, preferences.max_concurrent
    tolerated, at_once = tolerance.of(accounts), preferences.concurrency(accounts)
    if _rounds_to_nothing(tolerance, accounts):
        text = f"{tolerance} of {accounts} rounds to 0: the first failure in a region cancels the rest"
        yield Caution("failure_tolerance", text)
    if _rounds_to_nothing(concurrency, accounts):
        yield Caution("max_concurrent", f"{concurrency} of {accounts} rounds to 0, which AWS treats as 1")
    yield from _mode(preferences, tolerated=min(tolerated, accounts), at_once=at_once)


def standing_cautions(preferences: OperationPreferences) -> Iterator[Caution]:
    """Preferences without effect for any number of accounts."""
    if preferences.region_order and preferences.region_concurrency == "PARALLEL":
        yield Caution("region_order", "has no effect while region_concurrency is PARALLEL: set it to SEQUENTIAL")
    counts = (preferences.max_concurrent, preferences.failure_tolerance)
    if not any(one.is_percentage for one in counts):
        yield from _mode(preferences, tolerated=counts[1].number, at_once=counts[0].number)


def _mode(preferences: OperationPreferences, *, tolerated: int, at_once: int) -> Iterator[Caution]:
    if at_once <= tolerated + 1:
        return
    if preferences.concurrency_mode == "STRICT_FAILURE_TOLERANCE":
        text = f"STRICT_FAILURE_TOLERANCE runs only {tolerated + 1} at once (the tolerance plus one), not {at_once}"
        yield Caution("max_concurrent", text)
    else:
        text = (
            f"SOFT_FAILURE_TOLERANCE runs up to {at_once} at once, and all may fail before the tolerance of {tolerated}"
        )
        yield Caution("failure_tolerance", text)


def _rounds_to_nothing(amount: Amount, accounts: int) -> bool:
    return amount.is_percentage and amount.number > 0 and accounts > 1 and amount.of(accounts) == 0
