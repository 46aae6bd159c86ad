"""Every client that works on this machine, each first push of the matrix, and the page that shows the results."""

from __future__ import annotations

import os
import shlex
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aws_org_sandbox.registry import front
from aws_org_sandbox.sandbox import Sandbox
from tests.clients.kit import CLIENTS, IN_CI, Unavailable
from tests.clients.matrix import (
    ACCOUNT,
    BARE,
    HOST,
    LANES,
    PAGE,
    REGION,
    Events,
    Ready,
    Row,
    bare_pushes,
    measure,
    prepared,
    shown,
    table,
)

pytestmark = pytest.mark.client


IS_CI = os.environ.get("CI") == "true"
MEASURED = [name for name in CLIENTS if not IS_CI or name in IN_CI or os.geteuid() == 0]
"""In CI all that can be required there: the daemons of the others need root."""


@dataclass(frozen=True)
class Clients:
    ready: Sequence[Ready]
    left_out: Mapping[str, Unavailable]
    bare: Mapping[front.Missing, Mapping[str, bool]]
    """By the registry's response, then by client."""


@pytest.fixture(scope="module")
def clients(rolled_out: Sandbox) -> Iterator[Clients]:
    with prepared(rolled_out, MEASURED) as (ready, left_out):
        yield Clients(ready, left_out, {answer: bare_pushes(rolled_out, ready, answer) for answer in BARE})


@pytest.fixture(params=MEASURED)
def ready(request: pytest.FixtureRequest, clients: Clients) -> Ready:
    """A client that works on this machine; without it the test is skipped, but in CI it must work."""
    if reason := clients.left_out.get(request.param):
        if IS_CI:
            raise reason
        pytest.skip(str(reason))
    (found,) = [each for each in clients.ready if each.name == request.param]
    return found


@pytest.mark.parametrize("answer", list(BARE))
def test_first_pushes(rolled_out: Sandbox, clients: Clients, ready: Ready, answer: front.Missing) -> None:
    row = measure(rolled_out, ready, answer, bare=clients.bare[answer][ready.name])
    assert row.ensured, f"the first push after `deployer ensure`: {LANES[answer]}"
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
    with Events.held(rolled_out) as events:
        assert events.push(["sh", str(tmp_path / "push.sh")], "--retries", "0") == 0
    rolled_out.settle()
    ecr = rolled_out.client("ecr", account=ACCOUNT, region=REGION)
    assert ecr.list_images(repositoryName=repository)["imageIds"]
