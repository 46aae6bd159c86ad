"""`audit list`, `show` and `export` on the ledger of a sandbox; some records come from real pushes."""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.audit import export as exporting
from deployer.aws.ledger import LedgerTable
from deployer.clock import SYSTEM_CLOCK
from handler.records import Record
from templates import ledger
from templates.names import Names
from tests.deployer.audit.ledgers import record
from tests.deployer.command_line import Deployer
from tests.deployer.unwatched import unwatched

SHOP, SEARCH, DEV = "300000000001", "300000000002", "400000000001"


def recent(minutes: int, **changes: Any) -> Record:
    """The record of an event this many minutes ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    return record(minutes, event_time=now - timedelta(minutes=minutes), **changes)


def a_week() -> list[Record]:
    """A few decisions of the last week, the newest first, and an earlier one."""
    return [
        recent(1, repository="team-a/api"),
        recent(2, repository="team-a/api", outcome="exists"),
        recent(3, repository="team-a/api", outcome="ignored", account=DEV, account_name="shop-dev"),
        recent(240, repository="team-a/tmp-1", outcome="refused", rule="create.names.deny: **/tmp-*"),
        recent(250, account=DEV, account_name="shop-dev", ou_path="Workloads/Dev", region="us-east-1", repository="x"),
        recent(260, account=SEARCH, account_name="search-prod", outcome="failed", principal="arn:aws:iam::1:user/eve"),
        recent(60 * 24 * 8, repository="team-a/old"),
    ]


@pytest.fixture
def deployer(sandbox: Sandbox) -> Deployer:
    names = Names(
        prefix="deployer",
        organization_id="o-exampleorg1",
        central_account=sandbox.central_account,
        central_region=sandbox.home_region,
    )
    properties = ledger.ledger(names)[0].to_dict()["Properties"]
    members = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    sandbox.client("dynamodb").create_table(**{name: properties[name] for name in members})
    add(sandbox, a_week())
    return Deployer(sandbox)


def add(sandbox: Sandbox, records: Iterable[Record]) -> None:
    client = sandbox.client("dynamodb")
    for one in records:
        client.put_item(TableName="deployer-ledger", Item=one.to_item())


def listed(deployer: Deployer, *options: str) -> list[tuple[str, str]]:
    ran = deployer("audit", "list", "--json", *options)
    assert ran.exit_code == 0, ran.err
    return [(one["outcome"], one["repository"]) for one in ran.document]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param([], "created team-a/api, refused team-a/tmp-1, created x, failed team-a/api", id="the last week"),
        pytest.param(["--since", "3h"], "created team-a/api", id="since"),
        pytest.param(["--since", "2w", "--until", "7d"], "created team-a/old", id="until"),
        pytest.param(["--account", DEV], "created x", id="an account by id"),
        pytest.param(
            ["--account", "shop-dev", "--account", SEARCH], "created x, failed team-a/api", id="an account by name"
        ),
        pytest.param(["--ou", "Workloads/Dev"], "created x", id="an OU"),
        pytest.param(["--ou", "ou-exam-dev00001"], "created x", id="an OU by id"),
        pytest.param(["--ou", "Workloads", "--without-children"], "", id="an OU without its children"),
        pytest.param(["--region", "us-east-1"], "created x", id="a region"),
        pytest.param(["--repository", "team-a/tmp-*"], "refused team-a/tmp-1", id="a glob over names"),
        pytest.param(["--repository", "x"], "created x", id="a name"),
        pytest.param(["--principal", "*user/eve"], "failed team-a/api", id="a glob over principals"),
        pytest.param(["--principal", "arn:aws:iam::*:role/ci-*", "--limit", "1"], "created team-a/api", id="a role"),
        pytest.param(
            ["--outcome", "exists", "--outcome", "failed"], "exists team-a/api, failed team-a/api", id="two outcomes"
        ),
        pytest.param(["--reason", "not-a-push"], "ignored team-a/api", id="a reason selects its outcomes"),
        pytest.param(["--all", "--account", DEV], "ignored team-a/api, created x", id="all outcomes of an account"),
    ],
)
def test_each_filter(deployer: Deployer, options: list[str], found: str) -> None:
    assert ", ".join(f"{outcome} {name}" for outcome, name in listed(deployer, *options)) == found


def test_the_ledger_is_never_scanned(sandbox: Sandbox, deployer: Deployer) -> None:
    sandbox.calls.clear()
    listed(deployer)
    listed(deployer, "--all")
    assert deployer("audit", "show", "x").exit_code == 0
    assert deployer("audit", "export", "--out", "-", "--format", "csv").exit_code == 0
    assert {call.operation for call in sandbox.calls if call.service == "dynamodb"} == {"Query"}


def test_a_list_omits_the_most_frequent_outcomes_and_reports_it(deployer: Deployer) -> None:
    ran = deployer("audit", "list", "--verbose")
    assert "exists" not in ran.out
    assert "Omitted: 2 with the outcome exists or ignored. --all shows them" in " ".join(ran.err.split())
    assert "read capacity units" in ran.err
    assert "Omitted" not in deployer("audit", "list", "--all").err
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_json_lines_are_one_object_each(deployer: Deployer) -> None:
    lines = deployer("audit", "list", "--json-lines").out.splitlines()
    assert [json.loads(line)["repository"] for line in lines] == ["team-a/api", "team-a/tmp-1", "x", "team-a/api"]


def test_following_shows_new_records_until_it_is_interrupted(sandbox: Sandbox, deployer: Deployer) -> None:
    waits = iter([[recent(0, repository="just-now")], [recent(10, repository="late")]])

    def sleep(_: float) -> None:
        try:
            add(sandbox, next(waits))
        except StopIteration:
            raise KeyboardInterrupt from None

    following = Deployer(sandbox, config=deployer.config, clock=replace(SYSTEM_CLOCK, sleep=sleep))
    ran = following("audit", "list", "--follow", "--limit", "2", "--json")
    assert ran.exit_code == 0
    assert [json.loads(line)["repository"] for line in ran.out.splitlines()] == [
        "team-a/tmp-1",
        "team-a/api",
        "just-now",
        "late",
    ]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--since", "yesterday"], 64, "is not a time"),
        (["--outcome", "maybe"], 64, "Invalid value for '--outcome': 'maybe' is not one of"),
        (["--since", "1d", "--until", "2d"], 64, "must be earlier than --until"),
        (["--follow", "--until", "1d"], 64, "cannot be combined with --follow"),
        (["--reason", "because"], 64, "because is not a reason code: the codes are access-denied, "),
        (["--reason", "nmae-denied"], 64, "nmae-denied is not a reason code: did you mean name-denied?"),
        (["--account", "shop-pord"], 11, "Did you mean shop-prod"),
        (["--account", "Workloads/Prod"], 11, "--ou Workloads/Prod"),
        (["--region", "eu-west1"], 3, "--region eu-west1 is not a region"),
        (["--repository", ""], 64, "--repository: must not be empty"),
        (["--principal", "", "--region", "eu-west-1"], 64, "--principal: must not be empty"),
    ],
)
def test_invalid_filters_are_reported(deployer: Deployer, options: list[str], exit_code: int, message: str) -> None:
    ran = deployer("audit", "list", *options)
    assert ran.exit_code == exit_code
    assert message in ran.err


@pytest.mark.parametrize(
    ("ou", "hint"),
    [
        ("Workloads/Pord", "Did you mean Workloads/Prod?"),
        ("Departed", "`deployer organization show` lists the OUs."),
    ],
)
def test_an_ou_that_was_not_found_does_not_prove_that_it_is_empty(deployer: Deployer, ou: str, hint: str) -> None:
    """Its records may exist under its former path, so it is not an error, but it may be a typo."""
    ran = deployer("audit", "list", "--ou", ou)
    assert ran.exit_code == 0
    assert f"No OU has the path {ou} today" in ran.err
    assert hint in ran.err
    assert "No OU has the path" not in deployer("audit", "list", "--ou", "Infrastructure").err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("team-a/*", "`deployer audit list --repository 'team-a/*'` lists matches"),
        ("", "must not be empty"),
    ],
)
def test_a_pattern_or_an_empty_name_is_refused(sandbox: Sandbox, deployer: Deployer, target: str, message: str) -> None:
    sandbox.calls.clear()
    ran = deployer("audit", "show", target)
    assert ran.exit_code == 64
    assert message in ran.err
    assert not sandbox.calls


def test_a_repository_without_records_is_an_error_that_names_what_was_searched(deployer: Deployer) -> None:
    ran = deployer("audit", "show", "x", "--account", "shop-prod", "--region", "us-east-1")
    assert ran.exit_code == 11
    assert f"no decision about x in account {SHOP}, region us-east-1" in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            ["--out", "records.txt"], "does not end in .csv, .jsonl or .parquet", id="an unknown file extension"
        ),
        pytest.param(["--out", "-"], "standard output has no file name; pass csv or jsonl", id="no file name"),
        pytest.param(["--out", "-", "--format", "parquet"], "Parquet needs a file", id="Parquet to a pipe"),
        pytest.param(["--out", "-", "--json"], "--format jsonl writes them as JSON", id="two outputs to one pipe"),
        pytest.param(["--out", "-", "--format", "csv", "--json"], "--json: standard output is for", id="CSV and JSON"),
    ],
)
def test_an_invalid_export_reads_nothing(
    sandbox: Sandbox, deployer: Deployer, options: list[str], message: str
) -> None:
    sandbox.calls.clear()
    ran = deployer("audit", "export", *options)
    assert ran.exit_code == 64
    assert message in ran.err
    assert not ran.out
    assert not sandbox.calls


def test_records_are_piped_oldest_first_and_the_rest_goes_to_standard_error(deployer: Deployer) -> None:
    ran = deployer("audit", "export", "--all", "--out", "-", "--format", "jsonl", "--verbose")
    assert ran.exit_code == 0, ran.err
    named = [(line["outcome"], line["repository"]) for line in map(json.loads, ran.out.splitlines())]
    assert named == [(one.outcome, one.repository) for one in reversed(a_week()[:-1])]
    assert "Wrote 6 records." in ran.err
    assert "Read 6 records" in ran.err


def test_a_file_that_cannot_be_written_is_named(deployer: Deployer, tmp_path: Path) -> None:
    ran = deployer("audit", "export", "--out", str(tmp_path / "nowhere" / "records.csv"))
    assert ran.exit_code == 11
    assert f"The folder {tmp_path / 'nowhere'} for records.csv does not exist" in ran.err


@pytest.mark.parametrize("command", [["export", "--out"], ["report", "--no-coverage", "--html"]], ids=lambda it: it[0])
def test_a_full_disk_is_not_reported_as_a_defect_of_the_tool(
    deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def full(_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("deployer.audit.sinks.TextSink.confirm", full)
    monkeypatch.setattr("deployer.reporting.page.write_page", lambda *_: map(full, "x"))
    file = tmp_path / "records.csv"
    ran = deployer("audit", *command, str(file))
    assert ran.exit_code == 25
    assert f"{file} cannot be written: No space left on device" in ran.err
    assert not file.exists()


def test_an_export_is_resumed_after_a_fault(
    sandbox: Sandbox, deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(sandbox, (recent(1000 + number, repository=f"team-b/{number}") for number in range(30)))
    monkeypatch.setattr(exporting, "BATCH", 7)
    page = LedgerTable.page
    monkeypatch.setattr(LedgerTable, "page", lambda *args, size=None, **options: page(*args, size=10, **options))
    file = tmp_path / "records.csv"
    sandbox.faults.add(Fault(effect=Error(code="AccessDeniedException"), operation="Query", first=9))
    failed = deployer("audit", "export", "--out", str(file))
    assert failed.exit_code == 6
    assert "run the command again to resume" in failed.err
    assert not file.exists()
    sandbox.faults.clear()
    ran = deployer("audit", "export", "--out", str(file), "--verbose", "--json")
    assert ran.exit_code == 0, ran.err
    assert ran.document == {"file": str(file), "records": 34, "resumed_after": 20}
    names = [row["repository"] for row in csv.DictReader(io.StringIO(file.read_text()))]
    assert names == [
        *(f"team-b/{29 - number}" for number in range(30)),
        "team-a/api",
        "x",
        "team-a/tmp-1",
        "team-a/api",
    ]
    assert deployer("audit", "export", "--out", str(file)).exit_code == 14


def test_a_short_export_is_resumed_after_a_fault(
    sandbox: Sandbox, deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(sandbox, (recent(1000 + number, repository=f"team-b/{number}") for number in range(30)))
    page = LedgerTable.page
    monkeypatch.setattr(LedgerTable, "page", lambda *args, size=None, **options: page(*args, size=10, **options))
    file = tmp_path / "records.csv"
    sandbox.faults.add(Fault(effect=Error(code="AccessDeniedException"), operation="Query", first=9))
    failed = deployer("audit", "export", "--out", str(file))
    assert failed.exit_code == 6
    assert "run the command again to resume" in failed.err
    kept = json.loads(Path(f"{file}.partial.json").read_text())
    assert kept["written"] > 0
    sandbox.faults.clear()
    ran = deployer("audit", "export", "--out", str(file))
    assert ran.exit_code == 0, ran.err
    assert f"resumed after {kept['written']}" in ran.err
    names = [row["repository"] for row in csv.DictReader(io.StringIO(file.read_text()))]
    assert names[:30] == [f"team-b/{29 - number}" for number in range(30)]
    assert len(names) == 34


def test_all_details_of_a_push(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    with unwatched():
        assert deployer("rollout", "--account", SHOP, "--region", "eu-west-1", "--yes").exit_code == 0
    ecr = sandbox.client("ecr", account=SHOP, region="eu-west-1")
    for name in ("team-a/api", "team-a/tmp-1"):
        with pytest.raises(ClientError):
            ecr.initiate_layer_upload(repositoryName=name)
    sandbox.settle(60)
    ecr.put_image_tag_mutability(repositoryName="team-a/api", imageTagMutability="MUTABLE")
    (details,) = deployer("audit", "show", "team-a/api", "--json").document
    settings = {setting["key"]: setting for setting in details["settings"]}
    assert settings["image_tag_mutability"]["then"] == settings["image_tag_mutability"]["today"] == "IMMUTABLE"
    assert settings["image_tag_mutability"]["actual"] == "MUTABLE"
    assert settings["image_tag_mutability"]["set_by"]["file"].endswith("config/ous/workloads/prod.yaml")
    assert [key for key, setting in settings.items() if not setting["same"]] == [
        "image_tag_mutability",
        "mutability_exclusions",
    ]
    assert set(details["steps"]) >= {"organization", "create", "policies", "total"}
    assert details["notes"] == []
    shown = deployer("audit", "show", details["record"]["event_id"]).out
    for words in ("Request", "create.names.allow: team-*/**", "which are those of today", "the repository existed"):
        assert words in shown
    refused = deployer("audit", "show", "team-a/tmp-1").out
    assert "create.names.deny: **/tmp-*" in refused
    assert "config/ous/workloads/prod.yaml:12:12" in refused
    assert listed(deployer, "--outcome", "observed") == []

    ecr.delete_repository(repositoryName="team-a/api", force=True)
    sandbox.settle(60)
    shown = deployer("audit", "show", "team-a/api").out
    assert "The repository no longer exists." in shown
    (details,) = deployer("audit", "show", "team-a/api", "--json").document
    assert [(one["outcome"], one.get("action"), one.get("how")) for one in details["lifetime"]] == [
        ("created", None, None),
        ("observed", "deleted", "by hand"),
    ]
    ecr.create_repository(repositoryName="team-a/api", imageTagMutability="MUTABLE")
    sandbox.settle(60)
    (details,) = deployer("audit", "show", "team-a/api", "--json", "--ledger-only").document
    assert [(one["outcome"], one["action"]) for one in details["lifetime"]] == [("observed", "created")]
    assert details["record"]["settings"]["image_tag_mutability"] == "MUTABLE"
    assert details["record"]["ou_path"] == "Workloads/Prod"
    assert (
        listed(deployer, "--action", "deleted")
        == listed(deployer, "--how", "by hand", "--limit", "1")
        == [("observed", "team-a/api")]
    )
    assert "deleted (by hand) as arn:aws:iam::300000000001:user/" in " ".join(deployer("audit", "list").out.split())
    assert deployer("audit", "show", "team-z/none").exit_code == 11
