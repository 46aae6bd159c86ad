"""The templates as last reviewed; `make golden` updates them."""

from __future__ import annotations

import pytest

from templates.parts import readable
from tests.conftest import Generated
from tests.templates.reading import Templates


@pytest.mark.parametrize(
    "name", ["artifacts", "central", "access", "forwarding", "registry-scanning", "registry-creation-templates"]
)
def test_the_template_equals_the_reviewed_one(name: str, templates: Templates, generated: Generated) -> None:
    generated(f"tests/golden/{name}.json", readable(templates[name]))
