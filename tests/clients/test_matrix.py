"""Every client that works on this machine, each first push of the matrix, and the page that shows the results."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aws_org_sandbox.registry import front
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.clients.kit import CLIENTS, IN_CI, Bench, Client, Unavailable
from tests.clients.matrix import (
    ACCOUNT,
    BARE,
    HOST,
    NATIVE_ACCOUNT,
    PAGE,
    REGION,
    Row,
    builders,
    measure,
    shown,
    table,
)

pytestmark = pytest.mark.client


IS_CI = os.environ.get("CI") == "true"
MEASURED = [name for name in CLIENTS if not IS_CI or name in IN_CI or os.geteuid() == 0]
"""In CI all that can be required there: the daemons of the others need root."""


@dataclass(frozen=True)
class Ready:
    name: str
    bench: Bench
    client: Client


@pytest.fixture(scope="module", params=MEASURED)
def ready(request: pytest.FixtureRequest, rolled_out: Sandbox) -> Iterator[Ready]:
    """A client that works on this machine; without it the test is skipped, but in CI it must work."""
    name: str = request.param
    with ExitStack() as stack:
        bench = stack.enter_context(builders(rolled_out, ACCOUNT, NATIVE_ACCOUNT, client=name))
        try:
            client = stack.enter_context(CLIENTS[name](bench))
        except Unavailable as reason:
            if IS_CI:
                raise
            pytest.skip(str(reason))
        yield Ready(name, bench, client)


@pytest.mark.parametrize("answer", list(BARE))
def test_first_pushes(rolled_out: Sandbox, ready: Ready, answer: front.Missing) -> None:
    row = measure(rolled_out, ready.bench, ready.name, ready.client, answer)
    assert row.requested, "the first push after `deployer ensure` in the request lane"
    assert row.ensured, "the first push after `deployer ensure` in the event lane"
    assert row.pushed, "`deployer push`"
    assert row.native, "the first push to an OU with the engine native"
    assert not row.bare or answer == "drop", "no client tries again what the registry does not know"
    assert row.cells.items() <= shown()[row.label].items(), (
        f"{PAGE.name} says otherwise: run `python -m tests.clients.matrix`"
    )


def test_the_page_has_a_line_for_each_client_and_names_the_versions() -> None:
    row = Row(
        client="skopeo",
        version="1",
        answer="answer",
        bare=False,
        requested=True,
        ensured=True,
        pushed=True,
        native=True,
    )
    rows = [replace(row, client=name, answer=answer) for name in ("skopeo", "podman") for answer in BARE]
    lines = table([*rows[:3], replace(rows[3], bare=True)]).splitlines()
    assert "| skopeo | fails | fails | succeeds | succeeds |" in lines
    assert "| podman | fails | succeeds: it retries | succeeds | succeeds |" in lines
    assert lines[-1] == "Measured with skopeo 1, podman 1."


@pytest.mark.parametrize("failing", list(BARE))
def test_a_failure_with_either_response_is_shown(failing: front.Missing) -> None:
    rows = [
        Row(
            client="x",
            version="1",
            answer=answer,
            bare=False,
            requested=True,
            ensured=True,
            pushed=answer != failing,
            native=True,
        )
        for answer in BARE
    ]
    assert "| x | fails | fails | fails | succeeds |" in table(rows)


def test_a_script_runs_again_because_of_the_output_of_its_client(
    rolled_out: Sandbox, ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository and registry are found in the output of any client about a missing repository."""
    for name, value in ready.bench.variables.items():
        monkeypatch.setenv(name, value)
    repository = f"team-shop/{uuid.uuid4().hex[:12]}"
    image = f"{HOST}/{repository}:1"
    ready.client.prepare(image)
    (tmp_path / "push.sh").write_text(shlex.join(ready.client.command(image)))
    assert run(["push", "--timeout", "30", "--retries", "0", "--", "sh", str(tmp_path / "push.sh")]) == 0
    rolled_out.settle()
    ecr = rolled_out.client("ecr", account=ACCOUNT, region=REGION)
    assert ecr.list_images(repositoryName=repository)["imageIds"]
