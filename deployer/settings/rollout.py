"""`rollout:` of organization.yaml: speed, failure tolerance and order, for the whole installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.operation_preferences import Amount, ConcurrencyMode, OperationPreferences, RegionConcurrency
from deployer.settings.limits import Rule, region
from handler.json_values import JsonValue
from handler.layers import Layer

_AMOUNT_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,3} ?%$"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Speed, failure tolerance and order of roll-outs."""

    max_concurrent: int | str = field(
        default="100%",
        metadata={"doc": "Accounts that are deployed to at once in a region.", "example": "25%"},
    )
    failure_tolerance: int | str = field(
        default="100%",
        metadata={
            "doc": "Accounts that may fail in a region before the rest of the operation is cancelled.",
            "example": 5,
        },
    )
    concurrency_mode: ConcurrencyMode = field(
        default="SOFT_FAILURE_TOLERANCE",
        metadata={
            "doc": "`STRICT_FAILURE_TOLERANCE` deploys to at most the tolerance plus one accounts at once.",
            "example": "SOFT_FAILURE_TOLERANCE",
        },
    )
    region_concurrency: RegionConcurrency = field(
        default="PARALLEL",
        metadata={
            "doc": "Whether regions are deployed to at once or one after the other.",
            "example": "SEQUENTIAL",
        },
    )
    region_order: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "Regions to begin with if `region_concurrency` is `SEQUENTIAL`.", "example": ["eu-west-1"]},
    )
    waves: tuple[tuple[str, ...], ...] = field(
        default=(),
        metadata={
            "doc": "OUs and accounts that are deployed to together, wave by wave (`deployer docs rollout`).",
            "example": [["Sandbox"], ["Workloads/Dev"], ["*"]],
        },
    )

    @property
    def preferences(self) -> OperationPreferences:
        """The part that is passed to AWS."""
        return OperationPreferences(
            max_concurrent=Amount.parse(self.max_concurrent),
            failure_tolerance=Amount.parse(self.failure_tolerance),
            concurrency_mode=self.concurrency_mode,
            region_concurrency=self.region_concurrency,
            region_order=self.region_order,
        )


def rollout_from(content: Layer) -> Rollout:
    """The value of a checked file; null is the default."""
    values: dict[str, JsonValue] = {key: value for key, value in content.items() if value is not None}
    if "region_order" in values:
        values["region_order"] = tuple(values["region_order"])
    if "waves" in values:
        values["waves"] = tuple(tuple(wave) for wave in values["waves"])
    return Rollout(**values)


def _check_amount(value: int | str) -> str | None:
    try:
        Amount.parse(value)
    except ValueError as error:
        return str(error)
    return None


def _check_at_least_one(value: int | str) -> str | None:
    return _check_amount(value) or ("at least 1, or 1%" if Amount.parse(value).number == 0 else None)


def _check_waves(value: list[list[str]]) -> str | None:
    named = [name for wave in value for name in wave]
    if not all(value):
        return "a wave is empty: add OUs, accounts or `*`, or remove it"
    twice = sorted({name for name in named if named.count(name) > 1})
    return f"named twice: {', '.join(twice)}; each name can be in one wave only" if twice else None


WHOLE: Mapping[tuple[type[object], str], Rule] = {
    (Rollout, "max_concurrent"): Rule(
        check=_check_at_least_one, schema=_AMOUNT_SCHEMA, text="1 or more, or `1%` to `100%`"
    ),
    (Rollout, "failure_tolerance"): Rule(
        check=_check_amount, schema=_AMOUNT_SCHEMA, text="0 or more, or `0%` to `100%`"
    ),
    (Rollout, "waves"): Rule(check=_check_waves, text="each name once"),
}
"""Limits of a field's value, as deployer/settings/schema.py applies them."""

EACH: Mapping[tuple[type[object], str], Rule] = {(Rollout, "region_order"): region}
"""Limits of each item of a list."""
