from __future__ import annotations

import math

import pytest

from deployer.settings.scalars import Plain, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("", None, id="an empty value is null"),
        pytest.param("~", None, id="a tilde is null"),
        pytest.param("null", None, id="null is null"),
        pytest.param("true", True, id="true is true"),
        pytest.param("False", False, id="upper case changes nothing"),
        pytest.param("0", 0, id="zero is a number"),
        pytest.param("-50", -50, id="a sign is allowed"),
        pytest.param("1.5", 1.5, id="a decimal point makes a float"),
        pytest.param("eu-west-1", "eu-west-1", id="a region is a string"),
        pytest.param("2026-01-01", "2026-01-01", id="a date is a string"),
        pytest.param("10:30", "10:30", id="not a number in base 60"),
        pytest.param("nope", "nope", id="a word that begins with no is a string"),
        pytest.param("y", "y", id="y is a string"),
        pytest.param("-.inf", -math.inf, id="infinity is a number"),
    ],
)
def test_plain_words_have_the_meaning_of_yaml_1_2(text: str, value: Plain) -> None:
    resolved = resolve(text)
    assert resolved.problem is None
    assert resolved.value == value
    assert type(resolved.value) is type(value)


@pytest.mark.parametrize("text", ["yes", "No", "ON", "off"])
def test_words_that_are_booleans_in_yaml_1_1_are_refused(text: str) -> None:
    assert f'"{text}" for the word' in (resolve(text).problem or "")


@pytest.mark.parametrize("text", ["010", "0777", "1_000", "0x1F", "0o17", "-012", "0b101", "00"])
def test_numbers_that_yaml_parsers_disagree_about_are_refused(text: str) -> None:
    assert f'write "{text}"' in (resolve(text).problem or "")


def test_a_number_that_no_parser_preserves_is_refused() -> None:
    assert "a number of 5000 digits" in (resolve("9" * 5000).problem or "")


@pytest.mark.parametrize("text", ["300000000003", "012345678901", "000000000000"])
def test_an_unquoted_account_id_is_refused_and_reported_as_written(text: str) -> None:
    assert resolve(text).value == text
    assert "unquoted account id" in (resolve(text).problem or "")
