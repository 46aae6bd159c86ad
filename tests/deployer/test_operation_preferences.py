"""Effective preferences after AWS's rounding, and warnings about those without the intended effect."""

from __future__ import annotations

import pytest

from deployer.operation_preferences import Amount, OperationPreferences, cautions, standing_cautions

TENTH = Amount(10, is_percentage=True)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (20, Amount(20)),
        ("20", Amount(20)),
        ("10%", TENTH),
        ("10 %", TENTH),
        (0, Amount(0)),
        ("100%", Amount(100, True)),
    ],
)
def test_amounts_are_numbers_or_percentages(value: int | str, amount: Amount) -> None:
    assert Amount.parse(value) == amount


@pytest.mark.parametrize("value", ["", "-1", "1.5", "ten", "101%", "%", True, "10%%", -3])
def test_other_amounts_are_refused_with_a_reason(value: int | str) -> None:
    with pytest.raises(ValueError, match=r"number of accounts or a percentage|more than 100 %"):
        Amount.parse(value)


def _cautions(accounts: int, **values: object) -> list[str]:
    found = cautions(OperationPreferences(**values), accounts)  # type: ignore[arg-type]
    return [f"{key}: {message}" for key, message in found]


@pytest.mark.parametrize(
    ("accounts", "values", "parts"),
    [
        pytest.param(7, {}, [], id="the defaults are effective"),
        pytest.param(
            7, {"failure_tolerance": TENTH, "max_concurrent": Amount(1)}, ["10 % of 7 rounds to 0"], id="10 % of 7"
        ),
        pytest.param(10, {"failure_tolerance": TENTH, "max_concurrent": Amount(2)}, [], id="10 % of 10 is 1"),
        pytest.param(7, {"max_concurrent": TENTH}, ["rounds to 0, which AWS treats as 1"], id="concurrency is never 0"),
        pytest.param(
            50,
            {"concurrency_mode": "STRICT_FAILURE_TOLERANCE", "failure_tolerance": Amount(2)},
            ["runs only 3 at once (the tolerance plus one), not 50"],
            id="STRICT caps concurrency at the tolerance and one",
        ),
        pytest.param(
            50,
            {
                "concurrency_mode": "STRICT_FAILURE_TOLERANCE",
                "failure_tolerance": Amount(9),
                "max_concurrent": Amount(10),
            },
            [],
            id="STRICT with enough tolerance",
        ),
        pytest.param(
            50,
            {"failure_tolerance": Amount(1)},
            ["runs up to 50 at once"],
            id="SOFT exceeds a small tolerance",
        ),
        pytest.param(1, {"failure_tolerance": TENTH, "max_concurrent": TENTH}, [], id="one account cannot be halved"),
    ],
)
def test_preferences_without_effect_are_reported(accounts: int, values: dict[str, object], parts: list[str]) -> None:
    found = _cautions(accounts, **values)
    assert len(found) == len(parts), found
    assert all(part in line for part, line in zip(parts, found, strict=True))


def test_an_order_of_regions_needs_sequential_regions() -> None:
    parallel = OperationPreferences(region_order=("us-east-1",))
    assert [key for key, _ in standing_cautions(parallel)] == ["region_order"]
    in_turn = OperationPreferences(region_order=("us-east-1",), region_concurrency="SEQUENTIAL")
    assert list(standing_cautions(in_turn)) == []
    assert in_turn.order(["eu-west-1", "us-east-1", "eu-central-1"]) == ("us-east-1", "eu-central-1", "eu-west-1")
    assert in_turn.order(["eu-west-1"]) == ("eu-west-1",)
