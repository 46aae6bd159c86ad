"""Files that commands read and write: complete or not at all, no hang, and one exit code for failed writes."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cli import input_files
from deployer.cli.files import write_file, write_files, writing
from deployer.cli.input_files import read_text
from deployer.cli.main import run
from deployer.errors import FileAccessError, NotFoundError

ROOT = Path(__file__).parents[3]
SNAPSHOT = ["--organization", str(ROOT / "config/snapshot.json")]
CONFIG = ["--config", str(ROOT / "config")]


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """A limit on the size of files, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


COMMANDS = [
    pytest.param(["init", "--yes", "--config", "{out}", *SNAPSHOT, "--force"], id="init"),
    pytest.param(["schema", "--out", "{out}"], id="schema"),
    pytest.param(["synth", *CONFIG, *SNAPSHOT, "--out", "{out}"], id="synth"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_leaves_every_file_unchanged(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [word.replace("{out}", str(tmp_path / "out")) for word in command]
    assert run(arguments) == 0
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            path.write_bytes(b"older")
    before = content(tmp_path)
    assert before
    with no_file_above(10):
        assert run(arguments) == FileAccessError.exit_code
    err = capsys.readouterr().err
    assert f"{tmp_path}/out" in err
    assert "cannot be written: File too large" in err
    assert "None" not in err
    assert content(tmp_path) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_written_is_reported(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    assert run([word.replace("{out}", str(tmp_path / "out")) for word in command]) == FileAccessError.exit_code
    assert "cannot be written: Read-only file system" in capsys.readouterr().err


@pytest.mark.parametrize("failing", range(1, 5))
@pytest.mark.parametrize("call", ["mkdir", "open", "replace"])
def test_several_files_are_all_written_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, failing: int
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2").write_bytes(b"older")
    before = content(tmp_path), sorted(tmp_path.rglob("*"))
    files = {tmp_path / name: name.encode() for name in ("a/x/1", "b/2", "b/y/3", "c/4")}
    original, calls = getattr(Path, call), iter(range(1, 100))

    def refused(self: Path, *arguments: object, **options: object) -> object:
        if next(calls) == failing:
            raise PermissionError(1, "Operation not permitted", str(self))
        return original(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, call, refused)
        with pytest.raises(FileAccessError, match="cannot be written: Operation not permitted"):
            write_files(files)
    assert (content(tmp_path), sorted(tmp_path.rglob("*"))) == before
    write_files(files)
    assert content(tmp_path) == {str(file.relative_to(tmp_path)): data for file, data in files.items()}


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ous").write_bytes(b"")
    assert run(["init", "--yes", "--config", str(tmp_path), *SNAPSHOT]) == FileAccessError.exit_code
    assert f"{tmp_path}/ous is not a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["ous"]
    out = tmp_path / "ous" / "deep" / "snapshot.json"
    with pytest.raises(FileAccessError, match=f"{tmp_path}/ous is not a folder"), writing(out):
        out.parent.mkdir(parents=True)


@given(old=st.none() | st.binary(), parts=st.lists(st.binary(), max_size=4), room=st.integers(0, 40))
def test_a_file_has_its_old_or_its_new_content(
    tmp_path_factory: pytest.TempPathFactory, old: bytes | None, parts: list[bytes], room: int
) -> None:
    folder = tmp_path_factory.mktemp("room")
    if old is not None:
        (folder / "file").write_bytes(old)
    fits = len(b"".join(parts)) <= room
    try:
        with no_file_above(room):
            assert write_file(folder / "file", parts) == len(b"".join(parts))
        assert fits
    except FileAccessError:
        assert not fits
    expected = b"".join(parts) if fits else old
    assert content(folder) == ({} if expected is None else {"file": expected})


def test_symbolic_links_and_permissions_are_preserved(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("older")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_devices_and_pipes_are_written_directly_and_never_replaced(tmp_path: Path) -> None:
    write_file(Path("/dev/null"), [b"new"])
    assert Path("/dev/null").is_char_device()
    os.mkfifo(tmp_path / "pipe")
    for file in (Path("/dev/full"), tmp_path / "pipe", tmp_path):  # full; without a reader; a folder
        with pytest.raises(FileAccessError):
            write_file(file, [b"new"])
    with pytest.raises(FileAccessError):
        write_files({tmp_path / "first": b"", tmp_path / "pipe" / "second": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["audit", "report", "--html", "/dev/null", "--force"], id="report"),
        pytest.param(["audit", "export", "--out", "/dev/null", "--format", "csv", "--force"], id="export"),
    ],
)
def test_a_page_or_an_export_is_not_written_to_a_device(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, *CONFIG]) == 14
    assert "not a regular file" in capsys.readouterr().err


def fifo(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    path.symlink_to("nowhere")


KINDS = pytest.mark.parametrize("make", [fifo, endless, folder, missing])


@KINDS
@pytest.mark.parametrize("name", ["organization.yaml", "ous/extra.yaml", "accounts/extra.yaml", "policies/extra.json"])
def test_a_config_file_that_is_not_a_regular_file_is_reported_without_a_hang(
    tmp_path: Path, make: Callable[[Path], None], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    (config / name).parent.mkdir(exist_ok=True)
    (config / name).unlink(missing_ok=True)
    make(config / name)
    code, out = run(["validate", "--config", str(config)]), capsys.readouterr().out
    if make is folder and name != "organization.yaml":
        assert (code, out) == (0, ""), "a folder in ous/ may have any name"
    else:
        assert code == 2
        assert f"config/{name}" in out


@pytest.mark.parametrize("name", ["", "ous", "accounts", "ous/workloads"])
def test_an_unreadable_folder_is_an_error_and_not_treated_as_empty(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    (config / "accounts").mkdir(exist_ok=True)
    list_folder = os.scandir

    def refusing(path: str) -> object:
        if Path(path) == config / name:
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert run(["validate", "--config", str(config)]) == 2
    assert f"{(config / name).as_posix()}:1:1: cannot be read: Permission denied" in capsys.readouterr().out


@KINDS
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["explain", "shop-dev", *CONFIG, "--organization"], id="snapshot"),
        pytest.param(["simulate", *CONFIG, *SNAPSHOT], id="events"),
        pytest.param(["ensure", "--policy", "--file"], id="images"),
        pytest.param(["audit", "report", "--html", "page.html", *CONFIG, "--verify"], id="verification"),
    ],
)
def test_a_file_option_is_read_or_refused(
    tmp_path: Path, make: Callable[[Path], None], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_files, "_POLLS", 2)
    monkeypatch.setattr(input_files, "LARGEST", 1024 * 1024)
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "file")
    assert run([*arguments, "file"]) == NotFoundError.exit_code


@pytest.mark.parametrize("text", ["", "short", "long" * 100_000])
def test_a_pipe_is_read_to_its_end_however_late_it_is_opened(tmp_path: Path, text: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Timer(0.2, (tmp_path / "pipe").write_text, [text])
    writer.start()
    assert read_text(tmp_path / "pipe", argument="FILE") == text
    writer.join()
