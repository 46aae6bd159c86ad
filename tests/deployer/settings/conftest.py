"""A config folder to write to, with a valid organization.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ORGANIZATION = 'central: {account: "200000000001", region: eu-west-1}\n'

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file by its path inside the folder `config`; returns the folder."""
    folder = tmp_path / "config"

    def write_file(path: str, text: str) -> Path:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        return folder

    write_file("organization.yaml", ORGANIZATION)
    return write_file
