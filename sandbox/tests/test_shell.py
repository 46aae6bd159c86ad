"""The commands that point a shell at the sandbox, and those that undo it, run by a real shell."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_org_sandbox import shell
from aws_org_sandbox.cli import USAGE_EXIT_CODE, run
from aws_org_sandbox.credentials import administrator_credentials
from aws_org_sandbox.errors import SandboxError
from aws_org_sandbox.sandbox import environment

pytestmark = pytest.mark.slow

SANDBOX = environment(
    "http://127.0.0.1:4599", administrator_credentials("200000000001"), region="eu-west-1", ca_bundle="/tmp/ca.pem"
)
BASH = {"PATH": "/usr/bin:/bin"}
ELSEWHERE = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": 'it\'s a "token" of $HOME',
    "AWS_PROFILE": "prod\nlines",
    "AWS_DEFAULT_PROFILE": "prod",
    "AWS_ENDPOINT_URL_ECR": "https://vpce",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://vpce",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "HTTPS_PROXY": "http://proxy",
    "https_proxy": "http://proxy",
    "no_proxy": "corp",
    "EDITOR": "vi",
}


def after(commands: Iterable[str], variables: dict[str, str]) -> dict[str, str]:
    """The variables of a shell that ran the commands."""
    sh = shutil.which("dash") or shutil.which("sh")
    assert sh is not None
    script = "\n".join([*commands, "exec env -0"])
    ran = subprocess.run([sh, "-euc", script], env=BASH | variables, capture_output=True, check=True)
    found = dict(entry.split("=", 1) for entry in ran.stdout.decode().split("\0") if entry)
    return {name: value for name, value in found.items() if name not in {"PWD", "_"}}


def test_all_variables_point_to_the_sandbox_and_undo_restores_them() -> None:
    inside = after(shell.commands(SANDBOX, BASH | ELSEWHERE, others=["TOOL_URL"]), ELSEWHERE | {"TOOL_URL": "x"})
    assert inside.pop(shell.SAVED)
    assert inside == BASH | SANDBOX | {"EDITOR": "vi"}
    assert inside["AWS_USE_FIPS_ENDPOINT"] == "false"

    saved = after(shell.commands(SANDBOX, BASH | ELSEWHERE), ELSEWHERE)
    other_account = SANDBOX | {"AWS_ACCESS_KEY_ID": "AKIASBOX300000000001"}
    twice = after(shell.commands(other_account, saved), saved)
    assert twice["AWS_ACCESS_KEY_ID"] == "AKIASBOX300000000001"
    assert after(shell.undo_commands(twice), twice) == BASH | ELSEWHERE


_NAMES = st.sampled_from(sorted({*ELSEWHERE, *SANDBOX, *shell.OTHER_CREDENTIALS, *shell.OTHER_PROXIES}))
_VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(max_examples=20)
@given(st.dictionaries(_NAMES, _VALUES, max_size=6))
def test_undo_restores_any_values(variables: dict[str, str]) -> None:
    inside = after(shell.commands(SANDBOX, BASH | variables), variables)
    assert {name: inside[name] for name in SANDBOX} == SANDBOX
    assert after(shell.undo_commands(inside), inside) == BASH | variables


def test_undo_does_nothing_in_another_shell() -> None:
    assert list(shell.undo_commands(ELSEWHERE)) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"x; rm": "y"}'])
def test_damaged_values_are_not_executed(text: str) -> None:
    with pytest.raises(SandboxError, match=shell.SAVED):
        list(shell.undo_commands({shell.SAVED: text}))


def test_undo_works_without_a_running_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv(shell.SAVED, '{"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": null}')
    assert run(["env", "--undo"]) == 0
    expected = ["unset AWS_ENDPOINT_URL", "export AWS_PROFILE=prod", f"unset {shell.SAVED}"]
    assert capsys.readouterr().out.splitlines() == expected
    monkeypatch.delenv(shell.SAVED)
    assert run(["env", "--undo"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Nothing to undo: this shell does not use the sandbox.\n")
    assert run(["env", "--undo", "--account", "300000000001"]) == USAGE_EXIT_CODE
