"""Names, messages, comments and docs use plain English: docs/glossary.md has the terms."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AVOIDED = "|".join(("mend(ed|s)?", "told", "kin", "goes on", "is at it", "have no say", "as wanted"))
"""Words with a plain equivalent: repair, reported, sibling, continues, is in progress, do not apply, in sync."""


@pytest.mark.slow
def test_no_tracked_file_uses_an_avoided_word() -> None:
    command = ["git", "grep", "-nwiE", AVOIDED, "--", ".", f":!{Path(__file__).relative_to(ROOT)}"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr
