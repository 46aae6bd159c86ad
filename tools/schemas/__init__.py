"""docs/schemas/: the JSON Schema of what each command prints with --json, named after the command's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tools.schemas import audit, config_files, failures, pushes, rollout, sandbox
from tools.schemas.parts import Schema

SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    **config_files.SCHEMAS,
    **rollout.SCHEMAS,
    **pushes.SCHEMAS,
    **audit.SCHEMAS,
    **failures.SCHEMAS,
    **sandbox.SCHEMAS,
}
"""By the name of the file: `audit-list` describes `deployer audit list --json`."""


def render(name: str) -> str:
    """The text of docs/schemas/<name>.json."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"
