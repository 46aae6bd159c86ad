from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import tags
from tests.handler.events import call

VALUES = tags.placeholders(call(), account_name="shop-prod", ou_path="Workloads/Prod")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        pytest.param("{principal}", "arn:aws:sts::300000000001:assumed-role/ci-build/build-4711", id="principal"),
        pytest.param("{account} {account_name}", "300000000001 shop-prod", id="account"),
        pytest.param("{ou}@{region}", "Workloads/Prod@eu-west-1", id="OU and region"),
        pytest.param("{repository} {namespace}", "team-a/api team-a", id="repository and namespace"),
        pytest.param("{event_time}", "2026-11-23T07:45:12Z", id="event time"),
        pytest.param("{unknown} {}", "_unknown_ __", id="other text is adapted to the characters of ECR"),
        pytest.param("{principal.__class__}", "_principal.__class___", id="no attribute is ever looked up"),
        pytest.param("{account!r:>300}", "_account_r:_300_", id="no format is ever applied"),
        pytest.param("", "", id="an empty value stays empty"),
    ],
)
def test_the_value_of_a_tag(template: str, value: str) -> None:
    assert tags.render({"key": template}, VALUES, event_id="e", installation="")["key"] == value


def test_inserted_values_are_not_expanded_again() -> None:
    assert tags.fill("{principal}", VALUES | {"principal": "{account}"}) == "{account}"


def test_no_setting_replaces_the_ownership_tag() -> None:
    forged = {"deployer:event-id": "forged", "deployer:installation": "forged", "a": "1"}
    rendered = tags.render(forged, VALUES, event_id="event", installation="ecr")
    assert rendered == {"deployer:event-id": "event", "deployer:installation": "ecr", "a": "1"}


@pytest.mark.parametrize(
    ("found", "creator"),
    [
        pytest.param({"deployer:event-id": "e", "deployer:installation": "ecr"}, "e", id="of this installation"),
        pytest.param({"deployer:event-id": "e"}, "e", id="of an older version"),
        pytest.param({"deployer:event-id": "e", "deployer:installation": "other"}, None, id="of another installation"),
        pytest.param({"deployer:installation": "ecr"}, None, id="without an event id"),
        pytest.param({}, None, id="of somebody else"),
    ],
)
def test_the_creator_of_a_repository(found: dict[str, str], creator: str | None) -> None:
    assert tags.creator_of(found, installation="ecr") == creator


@given(text=st.text(max_size=400))
def test_every_value_has_the_characters_and_length_that_ecr_allows(text: str) -> None:
    value = tags.sanitize(text)
    assert len(value) == min(len(text), 256)
    assert all(character in " _.:/=+-@" or unicodedata.category(character)[0] in "LN" for character in value)
    assert value.isprintable()
    assert tags.sanitize(value) == value
