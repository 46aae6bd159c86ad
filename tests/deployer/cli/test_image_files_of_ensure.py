"""`deployer ensure --file` with files as users have them; --policy shows what was read, without AWS."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from deployer.cli.main import run

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
ARN = "arn:aws:ecr:eu-west-1:300000000001:repository/"
COMPOSE = f"services: {{web: {{build: ., image: '{HOST}/team-a/web:1'}}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def repositories_of(capsys: pytest.CaptureFixture[str], *files: str) -> list[str]:
    assert run(["ensure", "--policy", *(word for file in files for word in ("--file", file))]) == 0
    statement = json.loads(capsys.readouterr().out)["Statement"][1]
    return [arn.removeprefix(ARN) for arn in statement["Resource"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_encoding_with_a_byte_order_mark(capsys: pytest.CaptureFixture[str], folder: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding[-2:] in {"le", "be"} else ""
    (folder / "compose.yaml").write_bytes(f"{mark}{COMPOSE}".encode(encoding))
    assert repositories_of(capsys, "compose.yaml") == ["team-a/web"]


def test_a_named_pipe_is_read_once(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_text, args=(COMPOSE,))
    writer.start()
    assert repositories_of(capsys, "pipe") == ["team-a/web"]
    writer.join()


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(COMPOSE.encode("utf-8-sig"))))
    assert repositories_of(capsys, "-") == ["team-a/web"]


def test_a_bake_file_in_hcl_with_its_variables_in_the_environment(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'variable "TEAM" {{}}\ntarget "web" {{ tags = ["{HOST}/${{TEAM}}/web:1"] }}'
    (folder / "docker-bake.hcl").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TEAM", "team-a")
    assert repositories_of(capsys, "docker-bake.hcl") == ["team-a/web"]


def test_a_compose_file_with_the_other_files_that_compose_reads(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "x").mkdir()
    (folder / "x/compose.yaml").write_text("include: [job/compose.yaml]\n" + COMPOSE, encoding="utf-8")
    (folder / "x/compose.override.yaml").write_text(COMPOSE.replace("web", "api"), encoding="utf-8")
    (folder / "x/job").mkdir()
    (folder / "x/job/compose.yaml").write_text(
        COMPOSE.replace("a/web", "a/${NAME}").replace("web", "job"), encoding="utf-8"
    )
    (folder / "x/.env").write_text("NAME=job", encoding="utf-8")
    assert repositories_of(capsys, "x/compose.yaml") == ["team-a/api", "team-a/job", "team-a/web"]


@pytest.mark.parametrize(
    ("file", "code", "problem"),
    [
        ("none.yaml", 11, "none.yaml cannot be read: No such file or directory"),
        ("folder", 11, "folder cannot be read: Is a directory"),
        ("binary.txt", 11, "binary.txt cannot be read: it is neither UTF-8"),
        ("empty.yaml", 3, "empty.yaml: not a compose file"),
        ("empty.txt", 64, "name at least one image in ECR"),
        ("folder/compose.yaml", 3, "service web: folder/none.yml cannot be read"),
    ],
)
def test_unreadable_content_is_named(
    capsys: pytest.CaptureFixture[str], folder: Path, file: str, code: int, problem: str
) -> None:
    (folder / "folder").mkdir()
    (folder / "folder/compose.yaml").write_text("services: {web: {extends: {file: none.yml, service: x}}}")
    (folder / "binary.txt").write_bytes(b"\xff\x00")
    (folder / "empty.yaml").touch()
    (folder / "empty.txt").touch()
    assert run(["ensure", "--file", file]) == code
    assert problem in capsys.readouterr().err.replace("\n", " ")
