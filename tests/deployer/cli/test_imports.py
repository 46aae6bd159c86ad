"""`deployer --help` stays fast: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

HEAVY = ("boto3", "botocore", "pydantic", "troposphere", "rich", "ruamel", "moto", "deployer.aws")


@pytest.mark.parametrize("package", HEAVY)
def test_the_command_line_does_not_import_what_only_commands_need(package: str) -> None:
    code = f"import sys, deployer.cli.main; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
