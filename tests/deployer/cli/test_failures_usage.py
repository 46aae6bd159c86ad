"""Wrong time ranges of `deployer failures` are reported before credentials and config files are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.cli.main import run


@pytest.mark.parametrize("command", ["list", "redrive", "replay"])
@pytest.mark.parametrize(
    "options",
    [["--since", "5"], ["--since", "1h", "--until", "2h"], ["--since", "1h", "--until", "5"]],
    ids=["not a time", "an empty range", "no end"],
)
def test_wrong_times_are_reported_first(
    command: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing")
    assert run(["failures", command, *options, "--config", missing]) == 64
    printed = capsys.readouterr().err
    assert "--since" in printed or "--until" in printed
    assert "missing" not in printed
