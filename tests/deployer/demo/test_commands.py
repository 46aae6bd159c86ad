"""The demo's shell: the command line in its own process, without access to the real AWS."""

from __future__ import annotations

import pytest

from deployer import __version__
from deployer.demo.commands import CommandFailed, Shell

pytestmark = pytest.mark.slow


def test_output_goes_to_the_stream_of_the_demo(capfd: pytest.CaptureFixture[str]) -> None:
    assert Shell({}).show("--version") == 0
    assert capfd.readouterr().out == f"deployer {__version__}\n"


def test_exit_codes_are_those_of_the_command() -> None:
    assert Shell({}).show("no-such-command") == 64


def test_a_command_that_fails_is_reported_by_name() -> None:
    with pytest.raises(CommandFailed, match="no-such-command"):
        Shell({}).read("no-such-command")


def test_the_aws_configuration_of_the_user_does_not_reach_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    environment = Shell({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})._environment()
    assert {name for name in environment if name.startswith("AWS_")} == {"AWS_ENDPOINT_URL"}
