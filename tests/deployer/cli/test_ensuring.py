"""Config files that `ensure` and `push` find in the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.cli.ensuring import config_at_hand
from deployer.errors import ConfigurationError


@pytest.fixture
def invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose URL is in another region than the handler."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "organization.yaml").write_text(
        "central: {account: '200000000001', region: eu-west-1}\n"
        "ensure: {url: https://abc.lambda-url.us-east-1.on.aws/}\n"
    )
    monkeypatch.chdir(tmp_path)
    return folder


def test_invalid_files_in_the_current_folder_are_ignored_with_a_note(
    invalid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert config_at_hand(None) is None
    assert capsys.readouterr() == ("", "config/ has errors and is ignored; `deployer validate` lists them.\n")


def test_invalid_files_that_were_named_are_an_error(invalid: Path) -> None:
    with pytest.raises(ConfigurationError):
        config_at_hand(invalid)


def test_without_files_there_is_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_at_hand(None) is None
    assert capsys.readouterr() == ("", "")
