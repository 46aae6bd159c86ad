"""The journal contains all resources that were about to be created, even if the file is truncated."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.journal import Journal, Resource, unfinished

NAMES = [f"name-{number}" for number in range(4)]
STEPS = st.lists(st.tuples(st.sampled_from(["creating", "gone"]), st.sampled_from(NAMES)), max_size=12)


def resource(name: str) -> Resource:
    return Resource(kind="stack", side="member", region="eu-west-1", name=name, details={"of": name})


def written(file: Path, steps: list[tuple[str, str]]) -> Journal:
    journal = Journal(file)
    for what, name in steps:
        getattr(journal, what)(resource(name))
    return journal


@settings(max_examples=40)  # each example writes to the disk and waits for it
@given(STEPS)
def test_remaining_resources_are_those_created_and_not_removed(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        left = written(Path(folder) / "run.jsonl", steps).left()
    expected = [name for name in NAMES if ("creating", name) in steps and _last(steps, name) == "creating"]
    assert sorted(one.name for one in left) == expected
    assert all(one == resource(one.name) for one in left)


def _last(steps: list[tuple[str, str]], name: str) -> str:
    return [what for what, other in steps if other == name][-1]


@settings(max_examples=40)  # each example writes to the disk and waits for it
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True), st.integers(min_value=0, max_value=10**6))
def test_a_truncated_line_does_not_affect_others(names: list[str], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = written(Path(folder) / "run.jsonl", [("creating", name) for name in names])
        data = journal.file.read_bytes()
        kept = data[: cut % (len(data) + 1)]
        journal.file.write_bytes(kept)
        whole = kept.count(b"\n")
        assert [one.name for one in journal.left()][::-1][:whole] == names[:whole]
        journal.creating(resource("later"))
        assert journal.left()[0].name == "later"


def test_the_newest_resource_is_removed_first_and_one_changed_twice_in_its_first_position(tmp_path: Path) -> None:
    journal = written(tmp_path / "run.jsonl", [("creating", name) for name in ("a", "b", "a")])
    assert [one.name for one in journal.left()] == ["b", "a"]


def test_a_run_that_left_nothing_leaves_no_file(tmp_path: Path) -> None:
    clean = written(tmp_path / "one.jsonl", [("creating", "a"), ("gone", "a")])
    left = written(tmp_path / "two.jsonl", [("creating", "a")])
    clean.close()
    left.close()
    assert [journal.run for journal in unfinished(tmp_path)] == ["two"]
    assert not clean.file.exists()


def test_a_run_is_in_progress_as_long_as_its_process_holds_the_journal(tmp_path: Path) -> None:
    """Its process id proves nothing after a restart of the machine: another program may have it."""
    journal = written(tmp_path / "run.jsonl", [("creating", "a")])
    journal.header({"process": os.getppid()})
    assert not Journal(journal.file).is_in_progress
    journal.hold()
    assert Journal(journal.file).is_in_progress
    journal.close()
    assert not Journal(journal.file).is_in_progress
    assert journal.file.exists(), "something is left"
