"""docs/operator-policy.md shows the policies as they are; `make golden` writes it anew."""

from __future__ import annotations

from templates.names import Names
from tests.conftest import Generated
from tools.operator_policy import render


def test_the_page_is_what_the_policies_say(names: Names, generated: Generated) -> None:
    generated("docs/operator-policy.md", render(names))
