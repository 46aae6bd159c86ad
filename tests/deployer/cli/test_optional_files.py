"""Config files and snapshots that `ensure` and `push` find in the current folder."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from deployer.cli.main import run
from deployer.cli.optional_files import OptionalFiles
from deployer.errors import ConfigurationError
from deployer.pushing.images import parse_image
from tests.deployer.json_documents import check_document

ROOT = Path(__file__).parents[3]


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
    assert OptionalFiles(config=None).config is None
    assert capsys.readouterr() == ("", "config/ has errors and is ignored; `deployer validate` lists them.\n")


def test_invalid_files_that_were_named_are_an_error(invalid: Path) -> None:
    with pytest.raises(ConfigurationError):
        assert OptionalFiles(config=invalid).config


def test_without_files_there_is_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert OptionalFiles(config=None).config is None
    assert capsys.readouterr() == ("", "")


SANDBOX = "500000000001.dkr.ecr.eu-west-1.amazonaws.com"
SNAPSHOT = ROOT / "config/snapshot.json"


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose OU Sandbox is native in one region, with a snapshot, and no credentials."""
    folder = tmp_path / "config"
    (folder / "ous").mkdir(parents=True)
    (folder / "organization.yaml").write_text("central: {account: '200000000001', region: eu-west-1}\n")
    (folder / "ous/sandbox.yaml").write_text(
        "ou: Sandbox\nenabled: true\nregions: [eu-west-1]\nengine: native\nnative: {unenforced: [create.principals]}\n"
        "create: {names: {allow: ['aa/**', 'team-*/**']}}\n"
    )
    shutil.copy(SNAPSHOT, folder)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_repository_that_ecr_creates_on_push_needs_no_call_and_no_credentials(
    native: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ensure", f"{SANDBOX}/aa/x:1"]) == 0
    out, err = capsys.readouterr()
    assert " ".join(out.split()) == (
        "aa/x (500000000001, eu-west-1): needs no request; "
        "ECR creates it during the push, by the creation template for aa/"
    )
    assert err == ""
    assert run(["ensure", "--json", f"{SANDBOX}/aa/x:1"]) == 0
    documents = json.loads(capsys.readouterr().out)
    check_document(documents, "ensure")
    (document,) = documents
    assert document == {
        "image": f"{SANDBOX}/aa/x:1",
        "account": "500000000001",
        "region": "eu-west-1",
        "repository": "aa/x",
        "outcome": "created-on-push",
        "seconds": 0.0,
        "calls": 0,
        "template": "the creation template for aa/",
    }


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(f"{SANDBOX}/team-b/x:1", id="a name without a template"),
        pytest.param(f"{SANDBOX}/aa:1", id="the prefix itself"),
        pytest.param(f"{SANDBOX.replace('eu-west-1', 'us-east-1')}/aa/x:1", id="a region that is not covered"),
        pytest.param(f"{SANDBOX.replace('5000', '3000', 1)}/aa/x:1", id="an account of another OU"),
        pytest.param(f"{SANDBOX.replace('5000', '9999', 1)}/aa/x:1", id="an account of another organization"),
    ],
)
def test_everything_else_is_requested(native: Path, image: str) -> None:
    found = parse_image(image)
    assert found is not None
    assert OptionalFiles(config=None).template_of(found) is None
    assert run(["ensure", image]) == 4  # no credentials


def test_a_snapshot_is_found_in_the_config_folder_or_named(native: Path) -> None:
    image = parse_image(f"{SANDBOX}/aa/x")
    assert image is not None
    (native / "snapshot.json").unlink()
    assert OptionalFiles(config=None).template_of(image) is None
    assert OptionalFiles(config=native, organization=SNAPSHOT).template_of(image) == "the creation template for aa/"


def test_a_snapshot_that_does_not_fit_is_ignored_unless_it_is_named(
    native: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = parse_image(f"{SANDBOX}/aa/x")
    assert image is not None
    (native / "ous/sandbox.yaml").write_text("ou: Sandboxes\n")
    assert OptionalFiles(config=None).template_of(image) is None
    assert "config/snapshot.json does not fit the config files and is ignored" in capsys.readouterr().err
    with pytest.raises(ConfigurationError):
        OptionalFiles(config=None, organization=native / "snapshot.json").template_of(image)
