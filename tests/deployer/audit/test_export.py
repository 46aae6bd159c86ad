from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from deployer.audit import export as exporting
from deployer.audit.documents import COLUMNS
from deployer.audit.export import State, Target, export, remaining
from deployer.audit.query import NOTABLE
from deployer.audit.reading import Usage
from deployer.audit.sinks import CsvSink, Sink, TextSink, escaped, write_stream
from deployer.errors import BusyError, FilesExistError, GuardError
from handler.records import Record
from tests.deployer.audit.ledgers import NOW, MemoryLedger, everything, record

OUTCOMES = ("created", "refused", "failed")
RECORDS = [
    *(record(number, outcome=OUTCOMES[number % 3], repository=f"team-a/api-{number}") for number in range(60)),
    *(record(7, account=f"40000000000{number}", event_id="the same key") for number in range(4)),
]


def parquet_sink(file: Path, *, mark: Any) -> Sink:
    from deployer.audit.parquet import ParquetSink  # noqa: PLC0415 - takes 30 MB of each worker

    return ParquetSink(file, mark=mark)


MAKERS: dict[str, Callable[..., Sink]] = {"csv": CsvSink, "jsonl": TextSink, "parquet": parquet_sink}


def run(folder: Path, ledger: MemoryLedger, *, kind: str, target: type[Target] = Target) -> State:
    """One run of the command, which resumes from the state of the previous run."""
    file = target(folder / f"records.{kind}")
    state = file.begin({"format": kind}, everything(ledger.records), restart=False, overwrite=False)
    with file.locked():
        sink = MAKERS[kind](file.partial, mark=state.mark)
        records = remaining(state, ledger, usage=Usage())
        return export(file, state, records, sink, report=lambda _: None)


def rows(file: Path) -> list[dict[str, Any]]:
    match file.suffix:
        case ".csv":
            return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
        case ".jsonl":
            return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        case _:
            import pyarrow.parquet as pq  # noqa: PLC0415 - as above

            found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
            return found


def keys(records: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["account"], row["event_id"]) for row in records]


def in_order(records: Iterable[Record]) -> list[tuple[str, str]]:
    return [(one.account, one.event_id) for one in sorted(records, key=lambda one: one.at)]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 5)


@pytest.mark.parametrize("kind", MAKERS)
def test_an_export_contains_every_record_once_in_order_and_leaves_no_other_file(tmp_path: Path, kind: str) -> None:
    run(tmp_path, MemoryLedger(RECORDS), kind=kind)
    assert keys(rows(tmp_path / f"records.{kind}")) == in_order(RECORDS)
    assert [file.name for file in tmp_path.iterdir()] == [f"records.{kind}"]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("lost", [0, 3, 9, 17, 21])
def test_a_lost_page_causes_neither_gap_nor_duplicate(tmp_path: Path, kind: str, lost: int) -> None:
    ledger = MemoryLedger(RECORDS, fails_at=lost)
    with pytest.raises(ConnectionError):
        run(tmp_path, ledger, kind=kind)
    ledger.calls.clear()
    run(tmp_path, ledger, kind=kind)
    assert keys(rows(tmp_path / f"records.{kind}")) == in_order(RECORDS)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("error", [ConnectionError, KeyboardInterrupt])
@pytest.mark.parametrize("read", [1, 4, 5, 11, 63])
def test_an_interruption_anywhere_keeps_every_record_that_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, error: type[BaseException], read: int
) -> None:
    read_all = remaining

    def interrupted(*args: Any, **options: Any) -> Iterator[Record]:
        yield from islice(read_all(*args, **options), read)
        raise error

    monkeypatch.setitem(globals(), "remaining", interrupted)
    with pytest.raises(error):
        run(tmp_path, MemoryLedger(RECORDS), kind=kind)
    monkeypatch.setitem(globals(), "remaining", read_all)
    kept = State.from_json(Target(tmp_path / f"records.{kind}").state.read_text(encoding="utf-8"))
    assert kept.written == read
    run(tmp_path, MemoryLedger(RECORDS), kind=kind)
    assert keys(rows(tmp_path / f"records.{kind}")) == in_order(RECORDS)


def test_an_interruption_before_the_first_record_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        run(tmp_path, MemoryLedger(RECORDS, fails_at=0), kind="csv")
    assert not Target(tmp_path / "records.csv").state.exists()


class CrashingTarget(Target):
    """Dies after the data is on the disk, and before the state that confirms it."""

    def save(self, state: State) -> None:
        if state.written == 20:
            raise KeyboardInterrupt
        super().save(state)


@pytest.mark.parametrize("kind", MAKERS)
def test_unconfirmed_data_is_written_again(tmp_path: Path, kind: str) -> None:
    ledger = MemoryLedger(RECORDS)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ledger, kind=kind, target=CrashingTarget)
    done = run(tmp_path, ledger, kind=kind)
    assert done.written == len(RECORDS)
    assert keys(rows(tmp_path / f"records.{kind}")) == in_order(RECORDS)


def test_a_resumed_export_reads_only_what_is_missing(tmp_path: Path) -> None:
    ledger = MemoryLedger(RECORDS, fails_at=20)
    with pytest.raises(ConnectionError):
        run(tmp_path, ledger, kind="csv")
    in_all = len(MemoryLedger(RECORDS).records) // ledger.page_size
    ledger.calls.clear()
    run(tmp_path, ledger, kind="csv")
    assert len(ledger.calls) < in_all / 2 + len(NOTABLE)  # an empty page of each outcome


def test_relative_times_are_those_of_the_first_run(tmp_path: Path) -> None:
    target = Target(tmp_path / "records.csv")
    query = everything(RECORDS)
    target.save(target.begin({"since": "7d"}, query, restart=False, overwrite=False))
    later = replace(query, since=query.since + timedelta(hours=1), until=NOW + timedelta(hours=1))
    resumed = target.begin({"since": "7d"}, later, restart=False, overwrite=False)
    assert resumed.query == replace(query, oldest_first=True)


def test_by_default_no_file_is_overwritten_and_no_exports_are_mixed(tmp_path: Path) -> None:
    target = Target(tmp_path / "records.csv")
    query = everything(RECORDS)
    target.save(target.begin({"since": "7d"}, query, restart=False, overwrite=False))
    with pytest.raises(GuardError, match="other options"):
        target.begin({"since": "8d"}, query, restart=False, overwrite=False)
    assert target.begin({"since": "8d"}, query, restart=True, overwrite=False).written == 0
    target.state.write_text("{}")
    with pytest.raises(GuardError, match="not the state"):
        target.begin({"since": "7d"}, query, restart=False, overwrite=False)
    target.file.touch()
    with pytest.raises(FilesExistError):
        target.begin({"since": "7d"}, query, restart=True, overwrite=False)


def test_two_exports_do_not_write_to_one_file(tmp_path: Path) -> None:
    target = Target(tmp_path / "records.csv")
    with target.locked(), pytest.raises(BusyError, match="written by another export"), Target(target.file).locked():
        pass
    assert not list(tmp_path.iterdir())


def test_a_truncated_partial_file_is_not_resumed(tmp_path: Path) -> None:
    partial = tmp_path / "records.csv.partial"
    partial.write_bytes(b"short")
    with pytest.raises(GuardError, match="shorter than its confirmed part"):
        CsvSink(partial, mark=100)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),  # noqa: RUF001 - a full-width character on purpose
        ("x;=1+1", "x;'=1+1"),
        ('x";"=1+1;@y', "x\";\"'=1+1;'@y"),
        ("docker/27 (linux; amd64); build-1", "docker/27 (linux; amd64); build-1"),
        ("team-a/api", "team-a/api"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert escaped(cell) == written


def test_csv_contains_text_from_outside_accounts_but_no_formula(tmp_path: Path) -> None:
    hostile = record(user_agent='=cmd|"/c calc"!A1', detail='a "quote", a comma', rule="two\nlines")
    run(tmp_path, MemoryLedger([hostile]), kind="csv")
    (row,) = rows(tmp_path / "records.csv")
    assert row["user_agent"] == '\'=cmd|"/c calc"!A1'
    assert (row["detail"], row["rule"]) == ('a "quote", a comma', "two\nlines")


def test_names_and_times_are_exported_for_people_and_for_programs(tmp_path: Path) -> None:
    made = record(created_at=NOW + timedelta(microseconds=1_234_567), settings='{"tags":{}}')
    for kind in MAKERS:
        run(tmp_path, MemoryLedger([made]), kind=kind)
    (as_csv,), (as_json,), (as_parquet,) = (rows(tmp_path / f"records.{kind}") for kind in MAKERS)
    assert tuple(as_csv) == tuple(as_json) == tuple(as_parquet) == COLUMNS
    assert as_csv["account_name"] == as_json["account_name"] == as_parquet["account_name"] == "shop-prod"
    assert as_csv["created_at"] == as_json["created_at"] == "2026-11-23T08:00:01.234Z"
    assert as_parquet["created_at"] == NOW + timedelta(microseconds=1_234_000)
    assert as_json["settings"] == {"tags": {}}


def test_an_export_without_records_is_an_empty_file(tmp_path: Path) -> None:
    ledger = MemoryLedger([record(outcome="exists")])
    for kind in MAKERS:
        run(tmp_path, ledger, kind=kind)
    assert [len(rows(tmp_path / f"records.{kind}")) for kind in MAKERS] == [0, 0, 0]


def test_a_stream_gets_the_same_bytes_as_a_file(tmp_path: Path) -> None:
    for kind in ("csv", "jsonl"):
        run(tmp_path, MemoryLedger(RECORDS), kind=kind)
        stream = io.BytesIO()
        records = exporting.in_order(everything(RECORDS), MemoryLedger(RECORDS), usage=Usage())
        assert write_stream(stream, records, as_csv=kind == "csv") == len(RECORDS)
        assert stream.getvalue() == (tmp_path / f"records.{kind}").read_bytes()
