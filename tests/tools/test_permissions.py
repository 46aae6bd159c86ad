"""docs/permissions.md agrees with the templates; `make golden` updates it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from templates import registry_creation_templates
from templates.names import Names
from tests.conftest import Generated
from tests.templates.reading import Templates, resources, statements
from tools import operations
from tools.inventory import KINDS
from tools.permissions import CREATION_TEMPLATES, REASONS, reason, render
from tools.wording import code


def test_the_page_agrees_with_the_templates(names: Names, generated: Generated) -> None:
    generated("docs/permissions.md", render(names))


def test_every_statement_has_a_reason(templates: Templates) -> None:
    assert {placed.statement["Sid"] for placed in statements(templates)} == REASONS.keys()
    assert all(reason(sid).endswith(".") for sid in REASONS)


def test_every_action_of_every_role_is_on_the_page(names: Names, templates: Templates) -> None:
    page = render(names)
    for placed in statements(templates):
        for action in placed.actions:
            assert f"`{action}`" in page or action == "sts:AssumeRole", action


def test_every_resource_is_among_the_changes(names: Names, templates: Templates) -> None:
    page = render(names) + operations.render(names)  # which lists alarms and metrics
    for_one_prefix = registry_creation_templates.template(names, CREATION_TEMPLATES, "<digest>")
    shown = {**templates, "registry-creation-templates": for_one_prefix}
    for resource in (one for template in shown.values() for one in resources(template).values()):
        kind = KINDS[resource["Type"]]
        name = kind.name and code(resource["Properties"][kind.name])
        assert (name or kind.label[1:]) in page


def test_what_the_page_states_once_of_the_organization_holds_for_every_statement(templates: Templates) -> None:
    placed = [(one.actions, one.statement) for one in statements(templates)]
    abroad = [
        statement
        for actions, statement in placed
        if {action.partition(":")[0] for action in actions} <= {"kms", "sqs", "sts"}
        and any(
            ":*:role/" in str(on) or ":sqs:*:*:" in str(on) or ":kms:*:" in str(on) for on in resources_of(statement)
        )
    ]
    assert {"AssumeCreatorRoles", "AuditKeys", "HandleDeadLetters"} <= {one["Sid"] for one in abroad}
    assert [one["Sid"] for one in abroad if "aws:ResourceOrgID" not in one["Condition"]["StringEquals"]] == []
    named = [one for _, one in placed if any("aws:PrincipalArn" in keys for keys in one.get("Condition", {}).values())]
    assert {"OnlyTheHandler", "OnlyAuditors", "AdmitWatch"} <= {one["Sid"] for one in named}
    assert [one["Sid"] for one in named if "aws:PrincipalOrgID" not in one["Condition"]["StringEquals"]] == []


def resources_of(statement: Mapping[str, Any]) -> list[Any]:
    listed = statement.get("Resource", [])
    return listed if isinstance(listed, list) else [listed]


def test_the_changes_are_numbered(names: Names) -> None:
    numbers = [found[1] for line in render(names).splitlines() if (found := re.match(r"(\d+)\. ", line))]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
