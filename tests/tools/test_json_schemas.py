"""docs/*.schema.json describe what programs read; `make golden` writes them anew."""

from __future__ import annotations

import pytest

from tests.conftest import Generated
from tools.json_schemas import SCHEMAS, render


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_what_the_code_prints(name: str, generated: Generated) -> None:
    generated(f"docs/{name}.schema.json", render(name))
