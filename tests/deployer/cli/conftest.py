"""`deployer ensure` in this process, in an organization that is rolled out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.clocks import skipping
from tests.deployer.ensuring import SHOP, Ensure
from tests.deployer.json_documents import check_output


@pytest.fixture
def ensure(
    rolled_out: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Ensure]:
    """Runs the command in an empty folder, as an account's administrator by default."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, account: str = SHOP, variables: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        for name, value in {**rolled_out.environment(account), **(variables or {})}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = run(["ensure", *arguments], clock=skipping(rolled_out.settle))
        shown = capsys.readouterr()
        if "--policy" not in arguments:
            check_output(["ensure", *arguments], shown.out)
        return code, shown.out, shown.err

    yield call
    rolled_out.faults.clear()
    rolled_out.settle()
