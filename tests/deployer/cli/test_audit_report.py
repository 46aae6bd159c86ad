"""`deployer audit report` against the sandbox: a roll-out, a ledger with records, and the resulting page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.audit_report import write
from tests.deployer.command_line import Deployer, writes
from tests.deployer.reporting.samples import UNTIL, records
from tests.deployer.unwatched import unwatched

pytestmark = pytest.mark.slow

NUMBER = 60


def data_of(page: Path) -> Any:
    """The data of the page's table."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    return json.loads(found[1])


def roll_out_and_record(sandbox: Sandbox) -> None:
    with unwatched():
        assert Deployer(sandbox)("rollout", "--org", "--yes").exit_code == 0
    sandbox.settle()
    late = datetime.now(UTC).replace(microsecond=0) - UNTIL
    client = sandbox.client("dynamodb")
    for one in records(NUMBER, days=6):
        moved = replace(one, event_time=one.event_time + late, received_at=one.received_at + late)
        if one.created_at is not None:
            moved = replace(moved, created_at=one.created_at + late)
        client.put_item(TableName="deployer-ledger", Item=moved.to_item())
    sandbox.calls.clear()


begins_recorded = pytest.mark.begins_with(prepare=roll_out_and_record)


@pytest.fixture
def deployer(sandbox: Sandbox) -> Iterator[Deployer]:
    with unwatched():
        yield Deployer(sandbox)


@begins_recorded
def test_a_report_contains_the_records_of_the_ledger(deployer: Deployer, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ran = deployer("audit", "report", "--html", str(page), "--json", "--verbose")

    assert ran.exit_code == 0, ran
    assert ran.document["records"] == NUMBER
    assert ran.document["bytes"] == page.stat().st_size
    assert ran.document["outcomes"]["created"] > ran.document["outcomes"]["refused"] > 0
    assert "lacking" not in {one["id"] for one in ran.document["attention"]}
    assert "switched-off" in {one["id"] for one in ran.document["attention"]}
    assert "capacity unit" in ran.err
    assert writes(deployer.sandbox) == []
    assert len(data_of(page)["times"]) == NUMBER
    assert "Infrastructure/Network" in page.read_text(encoding="utf-8"), "coverage has a row for each OU"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"], "nothing is left beside it"

    again = deployer("audit", "report", "--html", str(page))
    assert again.exit_code == 14, "a page that is there is not written over unasked"

    fewer = deployer(
        "audit", "report", "--html", str(page), "--force", "--no-coverage", "--ou", "Workloads/Prod",
        "--outcome", "refused", "--since", (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%d"),
    )  # fmt: skip
    assert fewer.exit_code == 0, fewer
    assert str(page) in fewer.out.replace("\n", "")
    data = data_of(page)
    outcomes = {data["texts"][number] for number in data["columns"]["outcome"]}
    ous = {data["texts"][number] for number in data["columns"]["ou_path"]}
    assert outcomes == {"refused"}
    assert all(ou.startswith("Workloads/Prod") for ou in ous)


@begins_recorded
def test_files_of_other_commands_are_included(deployer: Deployer, tmp_path: Path) -> None:
    status, verified, used = (tmp_path / f"{name}.json" for name in ("status", "verify", "usage"))
    page = tmp_path / "report.html"
    status.write_text(deployer("status", "--json").out, encoding="utf-8")
    verified.write_text(deployer("audit", "verify", "--json").out, encoding="utf-8")
    used.write_text(deployer("audit", "usage", "--json").out, encoding="utf-8")
    deployer.sandbox.calls.clear()
    files = ("--status", str(status), "--verify", str(verified), "--usage", str(used))
    ran = deployer("audit", "report", "--html", str(page), *files, "--json")

    assert ran.exit_code == 0, ran
    assert "verify-gone" in {one["id"] for one in ran.document["attention"]}, "records without a repository"
    assert "in sync with the config files" in page.read_text(encoding="utf-8")
    assert "Sizes are those of compressed layers" in page.read_text(encoding="utf-8")
    assert not [call for call in deployer.sandbox.calls if call.service == "cloudformation"], "AWS is not asked again"

    status.write_text('{"something": "else"}', encoding="utf-8")
    ran = deployer("audit", "report", "--html", str(page), "--force", "--status", str(status))
    assert ran.exit_code == 3
    assert "status.json is not output of `deployer status --json`" in ran.err.replace("\n", " ")


def test_without_the_extra_the_error_names_how_to_install_it(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from deployer.cli.main import run
        for package in ("pygal", "jinja2"):
            sys.modules[package] = None
            assert run(["audit", "report", "--html", "report.html"]) == 24, package
            del sys.modules[package]
    """
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(re.findall(r"pip install '.*\[report\]'", ran.stderr)) == 2
    assert ran.stderr.index("pygal") < ran.stderr.index("jinja2")


def test_a_missing_folder_is_reported_before_anything_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = Deployer(sandbox)("audit", "report", "--html", str(tmp_path / "nowhere" / "report.html"))
    assert ran.exit_code == 11
    assert "nowhere" in ran.err


def test_an_incomplete_page_is_never_left(tmp_path: Path) -> None:
    def parts() -> Iterator[str]:
        yield "<!doctype html>"
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        write(tmp_path / "report.html", parts())
    assert list(tmp_path.iterdir()) == []
