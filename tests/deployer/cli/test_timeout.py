"""The default timeout of a client is defined once, and the same in every document."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from deployer.cli.ensure import ensure
from deployer.cli.ensuring import TIMEOUT
from deployer.cli.push import push

ROOT = Path(__file__).parents[3]

DOCUMENTED = {
    "contrib/ensure.sh": r"\$\{ENSURE_TIMEOUT:-(\d+)\}",
    "contrib/README.md": r"`ENSURE_TIMEOUT` seconds, (\d+) by default",
    "docs/pushing.md": r"`--timeout` seconds \((\d+), for all together\)",
}


def test_commands_wait_for_five_minutes() -> None:
    """AWS publishes no latency for CloudTrail's events."""
    assert TIMEOUT == 300
    for command in (ensure, push):
        assert inspect.signature(command).parameters["timeout"].default == TIMEOUT


@pytest.mark.parametrize(("file", "words"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_scripts_and_docs_agree(file: str, words: str) -> None:
    assert re.findall(words, (ROOT / file).read_text(encoding="utf-8")) == [f"{TIMEOUT:.0f}"]
