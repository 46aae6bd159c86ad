"""Files of organizations: those that are read, and those that are refused with file and key."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox import snapshots
from aws_org_sandbox.cli import run
from aws_org_sandbox.errors import MissingFileError, OrganizationFileError, SandboxError
from aws_org_sandbox.initial_state import InitialState
from aws_org_sandbox.organizations.accounts import CENTRAL_ACCOUNT, EXAMPLE

DOCUMENT = snapshots.document_of(EXAMPLE)
CYCLE = {"ou-exam-work0001": "ou-exam-prod0001"}


def test_a_written_snapshot_is_read_back() -> None:
    assert snapshots.parse(json.dumps(DOCUMENT), source="x") == EXAMPLE


def _changed(change: Callable[[Any], object]) -> str:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return json.dumps(document)


def _six_levels(document: Any) -> None:
    parent = "ou-exam-paym0001"
    for level in range(4, 7):
        document["ous"].append({"id": f"ou-exam-0000000{level}", "name": "deep", "parent_id": parent})
        parent = f"ou-exam-0000000{level}"


def _in_a_cycle(document: Any) -> None:
    for ou in document["ous"]:
        ou["parent_id"] = CYCLE.get(ou["id"], ou["parent_id"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "f.json: not JSON: ", id="an empty file"),
        pytest.param("[" * 100_000, "f.json: not JSON: ", id="extreme nesting"),
        pytest.param("[]", "f.json: not an object with the keys version, id, ", id="a list"),
        pytest.param("{}", "f.json: ous: missing", id="an empty object"),
        pytest.param(_changed(lambda d: d.update(version=2)), "f.json: version: 2 is unknown", id="another version"),
        pytest.param(
            _changed(lambda d: d.update(id="exam")), 'f.json: id: "exam" is not an org', id="an invalid organization id"
        ),
        pytest.param(_changed(lambda d: d.update(regions=[])), "f.json: regions: unknown key", id="an unknown key"),
        pytest.param(
            _changed(lambda d: d["accounts"].append("x")),
            "f.json: accounts[14]: not an object",
            id="an account that is a string",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].pop("state")), "f.json: accounts[1].state: missing", id="no state"
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(state="CLOSING")),
            'f.json: accounts[1].state: "CLOSING" is none of ACTIVE, ',
            id="an unknown state",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(id=200000000001)),
            "f.json: accounts[1].id: not a string",
            id="an id as a number",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(id="2000")),
            'f.json: accounts[1].id: "2000" is not an account\'s id',
            id="an account id that is too short",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(id="300000000001")),
            'f.json: accounts[1].id: "300000000001" exists twice',
            id="a duplicate account",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(parent_id="ou-exam-00000000")),
            'f.json: accounts[1].parent_id: there is no OU or root "ou-exam-00000000"',
            id="an account in a missing OU",
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(name="")), "f.json: accounts[1].name: 0 characters", id="no name"
        ),
        pytest.param(
            _changed(lambda d: d["accounts"][1].update(name="\ud83d")),
            "f.json: accounts[1].name: ",
            id="half an emoji",
        ),
        pytest.param(
            _changed(lambda d: d["ous"][2].update(name="Deployment")),
            'f.json: ous[2].name: "Deployment" exists twice in the same parent',
            id="two OUs with the same name",
        ),
        pytest.param(
            _changed(lambda d: d["ous"][1].update(parent_id=None, id="r-other")),
            "f.json: ous: 2 have no parent_id",
            id="two roots",
        ),
        pytest.param(_changed(_six_levels), "f.json: ous[12].parent_id: OUs are at most 5 levels deep", id="too deep"),
        pytest.param(_changed(_in_a_cycle), "f.json: ous[4].parent_id: OUs are at most 5 levels deep", id="a cycle"),
        pytest.param(
            _changed(lambda d: d.update(management_account_id="999999999999")),
            'f.json: management_account_id: "999999999999" is not among the accounts',
            id="no management account",
        ),
    ],
)
def test_an_invalid_file_is_refused(text: str, problem: str) -> None:
    with pytest.raises(OrganizationFileError) as raised:
        snapshots.parse(text, source="f.json")
    assert problem in raised.value.message
    assert raised.value.message.isprintable() or "\n" in raised.value.message
    assert raised.value.next_step


def test_only_the_first_problems_are_listed() -> None:
    text = _changed(lambda d: [account.update(name="") for account in d["accounts"]])
    with pytest.raises(OrganizationFileError) as raised:
        snapshots.parse(text, source="f.json")
    assert len(raised.value.message.splitlines()) == snapshots.SHOWN_PROBLEMS + 1


Start = Callable[..., tuple[int, str]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """Runs the command with a file of this content, if any; its exit code and standard error."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    file = tmp_path / "f.json"

    def run_start(content: bytes | None, *options: str) -> tuple[int, str]:
        if content is not None:
            file.write_bytes(content)
        return run(["start", "--organization", str(file), *options]), capsys.readouterr().err

    return run_start


@pytest.mark.parametrize(
    ("content", "error", "problem"),
    [
        pytest.param(None, MissingFileError, "cannot be read: No such file", id="no file"),
        pytest.param(b"\xff\xfe{", OrganizationFileError, "not UTF-8 text", id="binary"),
        pytest.param(b"{}", OrganizationFileError, "f.json: accounts: missing", id="another document"),
    ],
)
def test_the_command_refuses_a_file_before_it_starts(
    start: Start, content: bytes | None, error: type[SandboxError], problem: str
) -> None:
    exit_code, message = start(content)
    assert exit_code == error.exit_code != SandboxError.exit_code
    assert problem in message


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--central-account", "600000000001", "the central account 600000000001 (old-project) is SUSPENDED"),
        ("--enable-region", "me-centrl-1", "has no region me-centrl-1; did you mean me-central-1?"),
        ("--home-region", "cn-north-1", "not those of China or GovCloud"),
    ],
    ids=["a suspended central account", "a misspelled region", "a region of another partition"],
)
def test_the_command_refuses_an_option_that_does_not_fit_the_file(
    start: Start, option: str, value: str, problem: str
) -> None:
    exit_code, message = start(json.dumps(DOCUMENT).encode(), option, value)
    assert exit_code == OrganizationFileError.exit_code
    assert problem in message


def test_the_initial_state_reaches_another_process() -> None:
    initial = InitialState(organization=EXAMPLE, central_account=CENTRAL_ACCOUNT, enabled_regions=("me-central-1",))
    assert InitialState.from_json(initial.to_json()) == initial
    assert InitialState.from_json(InitialState().to_json()) == InitialState()


def test_the_format_in_the_readme_is_read() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    example = text.partition("```json\n")[2].partition("```")[0]
    assert len(snapshots.parse(example, source="README.md").accounts) == 2
