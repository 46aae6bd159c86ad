"""The plan of an adoption and its results, as text of 80 columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deployer.drift.adopting import Adoption, AdoptionPlan, AdoptionResult, NotAdoptable, RefusedName, plan_of
from deployer.drift.comparison import Difference
from deployer.rendering.adoption import adoption_lines, closing_lines
from tests.example_organization import EXAMPLE

SHOP = "300000000001"
ONE = Adoption(
    account=SHOP,
    region="eu-west-1",
    name="legacy/api",
    arn=f"arn:aws:ecr:eu-west-1:{SHOP}:repository/legacy/api",
    created_at=datetime(2023, 2, 1, 9, 30, tzinfo=UTC),
    event_id="adopted.0",
    tags={},
)
OURS = NotAdoptable(account=SHOP, region="eu-west-1", name="team-a/api", problem="deployer created it", is_ours=True)
THEIRS = NotAdoptable(account=SHOP, region="eu-west-1", name="legacy/x", problem="it has the tag of event e-1")


def shown(plan: AdoptionPlan, *done: AdoptionResult) -> str:
    lines = [line.text for line in (*adoption_lines(plan, EXAMPLE), *closing_lines(plan, done))]
    assert max(map(len, lines)) <= 80
    return "\n".join(lines)


def test_the_plan_has_what_repair_would_change_and_the_rule_that_refuses_the_name() -> None:
    refused = RefusedName(reason="name-denied", rule="create.names.deny: legacy/**")
    differences = (Difference("scan_on_push", "false", "true"), Difference("encryption", "KMS", "AES256"))
    text = shown(plan_of("adopt", [replace(ONE, refused=refused, differences=differences)]))
    assert "  + eu-west-1 legacy/api, created 2023-02-01 09:30\n" in text
    assert "new one of this name: name-denied" in text
    assert "        scan_on_push: false -> true\n" in text
    assert "cannot be changed: ECR sets encryption" in text
    assert "1 repository to adopt; 1 of them against the rules for new ones." in text


@pytest.mark.parametrize(("aspect", "is_repairable"), [("scan_on_push", True), ("encryption", False)])
def test_repair_is_named_only_if_it_would_change_something(aspect: str, is_repairable: bool) -> None:
    one = replace(ONE, differences=(Difference(aspect, "a", "b"),))
    text = shown(plan_of("adopt", [one]), AdoptionResult(adoption=one, status="adopted"))
    assert text.count("deployer audit repair") == (2 if is_repairable else 0)
    assert f"        {aspect}: a -> b\n" in text


@pytest.mark.parametrize(
    ("names", "is_shown"), [(("team-a/api",), True), (("team-a/*",), False)], ids=["by its name", "by a glob"]
)
def test_one_of_ours_is_shown_if_it_was_named_and_counted_otherwise(names: tuple[str, ...], is_shown: bool) -> None:
    text = shown(plan_of("adopt", [OURS, THEIRS], names=names))
    assert ("deployer created it" in text) == is_shown
    assert "legacy/x: it has the tag of event e-1" in text
    assert "Nothing to adopt; 1 of deployer already; 1 that cannot be." in text


def test_a_release_ends_with_the_commands_that_delete_the_tags() -> None:
    plan = plan_of("release", [ONE])
    text = shown(plan, AdoptionResult(adoption=ONE, status="released"))
    assert "  - eu-west-1 legacy/api" in text
    assert "1 repository to release.\n" in text
    assert "1 released" in text
    assert f"--resource-arn {ONE.arn}" in text
    assert "--tag-keys deployer:event-id deployer:installation" in text


def test_names_without_a_repository_are_listed() -> None:
    assert "No repository in the scope matches legacy/odl." in shown(plan_of("adopt", [], names=("legacy/odl",)))
