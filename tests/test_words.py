"""Names, messages, comments and docs use plain English: docs/glossary.md has the terms."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AVOIDED = "|".join(("mend(ed|s)?", "told", "kin", "goes on", "is at it", "have no say", "as wanted"))
"""Words with a plain equivalent: repair, reported, sibling, continues, is in progress, do not apply, in sync."""

SCOPES = "--(org|ou|account|resume|only-failed|plan)"
"""Options of `rollout` that give it a scope."""


@pytest.mark.slow
def test_no_tracked_file_uses_an_avoided_word() -> None:
    command = ["git", "grep", "-nwiE", AVOIDED, "--", ".", f":!{Path(__file__).relative_to(ROOT)}"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr


@pytest.mark.slow
def test_a_roll_out_with_options_names_its_scope() -> None:
    """Without a scope, the command in a message or on a page would be refused."""
    command = [
        "git",
        "grep",
        "-nhoE",
        "`deployer rollout -[^`]*`",
        "--",
        "deployer",
        "handler",
        "templates",
        "docs/*.md",
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(found) > 5
    assert [line for line in found if not re.search(SCOPES, line)] == []
