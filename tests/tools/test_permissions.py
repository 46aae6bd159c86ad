"""docs/permissions.md is what the templates say; `make golden` writes it anew."""

from __future__ import annotations

from templates import registry_creation_templates
from templates.names import Names
from tests.conftest import Generated
from tests.templates.reading import Templates, resources, statements
from tools.permissions import CREATION_TEMPLATES, REASONS, reason, render


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
    numbered = [line for line in render(names).splitlines() if line.split(". ")[0].isdigit()]
    for_one_prefix = registry_creation_templates.template(names, CREATION_TEMPLATES, "<digest>")
    shown = {**templates, "registry-creation-templates": for_one_prefix}
    assert len(numbered) == sum(len(resources(template)) for template in shown.values())
    assert [int(line.split(". ")[0]) for line in numbered] == list(range(1, len(numbered) + 1))
