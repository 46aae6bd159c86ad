"""The behaviour of each client with a missing repository, measured; `python -m tests.clients.matrix` updates the docs.

A cell is one push to a repository that does not exist: bare, after `deployer ensure` in each lane, by `deployer push`,
or bare to a registry whose OU has the engine `native`; a missing repository is answered with 404, or by dropping the
connection, as ECR did until 2023. While a client works, nothing creates the repository that it pushes to.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from unittest.mock import patch

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.faults import Fault, Hold
from aws_org_sandbox.functions import pool
from aws_org_sandbox.registry import front
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.clock import Clock
from deployer.pushing.images import parse_image
from deployer.pushing.pusher_policy import MANIFEST_CHECK_ACTION, PUSH_ACTIONS, pusher_policy
from tests.clients.kit import CLIENTS, Bench, Client, Unavailable, bench
from tests.clocks import impatient, skipping
from tests.conftest import CONFIG
from tests.function_urls import handler_url
from tests.principals import environment, role

ACCOUNT, REGION = "200000000003", "eu-west-1"
"""In an OU that gives repositories no policy: one that lets the organization pull would allow a pusher too much."""
NATIVE_ACCOUNT: Final = "400000000001"
"""In an OU with `engine: native`."""
FUNCTION: Final = "arn:aws:lambda:eu-west-1:200000000001:function:deployer-handler"
HOST: Final = host_of(ACCOUNT, REGION)
PAGE: Final = Path(__file__).parents[2] / "docs" / "contributing" / "guarantees.md"
BEGIN, END = "<!-- matrix: python -m tests.clients.matrix -->\n", "<!-- end of matrix -->"

PAUSE: Final = 0.8
"""Seconds without a call after which a client waits to try again: its repository is created, but not before, since a
push that caused its own repository while it was still busy trying to mount layers would pass here and nowhere else."""
LONGEST_PUSH: Final = 300.0
"""Seconds until a push counts as hung: all clients start at the same time, some on a virtual machine."""

LOOKING: Final = frozenset({"ctr", "helm"})
"""Those that ask for the manifest before they push it."""

BARE: Final[Mapping[front.Missing, str]] = {"answer": "bare, 404", "drop": "bare, dropped connection"}
LANES: Final[Mapping[front.Missing, str]] = {"answer": "by the request lane", "drop": "by the event lane"}
"""Which lane `deployer ensure` takes: no repository is missing afterwards, so the response does not matter."""
ENSURED: Final = "after `ensure`, or by `push`"
NATIVE: Final = "bare, `engine: native`"
HEADINGS: Final = ("client", *BARE.values(), ENSURED, NATIVE)

LABELS: Mapping[str, str] = {
    "ctr": "ctr (containerd)",
    "docker": "docker (dockerd)",
    "buildah-cache": "buildah build --cache-to (stand-in for docker buildx)",
    "oras": "oras (Python SDK, stand-in for oras)",
}

Pushing = Callable[[list[str], str], int]
"""Brings an image to a registry by a client's command; gives the exit code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Results of first pushes of one client with one response of the registry: True if the image arrived."""

    client: str
    version: str
    answer: front.Missing
    bare: bool
    ensured: bool
    """After `deployer ensure`, in one of the `LANES`."""
    pushed: bool
    native: bool
    """Bare, to a registry whose OU has the engine `native`."""

    @property
    def label(self) -> str:
        """The client's name on the page."""
        return LABELS.get(self.client, self.client)

    @property
    def cells(self) -> Mapping[str, str]:
        """The cells of the page by heading; versions differ between machines, so they are separate."""
        return {
            BARE[self.answer]: "succeeds: it retries" if self.bare else "fails",
            ENSURED: _shown(self.ensured and self.pushed),
            NATIVE: _shown(self.native),
        }


def _shown(holds: bool) -> str:
    return "succeeds" if holds else "fails"


@contextmanager
def builders(sandbox: Sandbox, *accounts: str, client: str = "") -> Iterator[Bench]:
    """A bench in which everybody is a role with the permissions of a pusher and those that the client needs besides.

    There is a role and a login for each account; the environment has the first.
    """
    roles = {account: _pusher(sandbox, account, client) for account in accounts or (ACCOUNT,)}
    with _folder() as folder:
        yield bench(
            endpoint=sandbox.endpoint_url,
            logins={
                host_of(account, REGION): sandbox.client_with(credentials, "ecr", region=REGION)
                for account, credentials in roles.items()
            },
            credentials=environment(sandbox, next(iter(roles.values()))),
            folder=folder,
        )


def _pusher(sandbox: Sandbox, account: str, client: str) -> Credentials:
    allowed = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": [*PUSH_ACTIONS, *([MANIFEST_CHECK_ACTION] if client in LOOKING else [])],
            "Resource": f"arn:aws:ecr:{REGION}:{account}:repository/team-shop/*",
        },
    ]
    requests = pusher_policy([], function=FUNCTION)["Statement"][2:]
    return role(sandbox, account, {"Version": "2012-10-17", "Statement": [*allowed, *requests]})


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder with a short name that may be part of an image's name, as buildah reads it in `oci:`."""
    folder = Path(tempfile.gettempdir()) / f"oci-{uuid.uuid4().hex[:12]}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A client that works on this machine."""

    name: str
    bench: Bench
    client: Client


@contextmanager
def prepared(sandbox: Sandbox, names: Iterable[str]) -> Iterator[tuple[Sequence[Ready], Mapping[str, Unavailable]]]:
    """The clients that work on this machine, and why the others do not."""
    clients: list[Ready] = []
    left_out: dict[str, Unavailable] = {}
    with ExitStack() as work:
        for name in names:
            workbench = work.enter_context(builders(sandbox, ACCOUNT, NATIVE_ACCOUNT, client=name))
            try:
                clients.append(Ready(name=name, bench=workbench, client=work.enter_context(CLIENTS[name](workbench))))
            except Unavailable as reason:
                left_out[name] = reason
        yield clients, left_out


@dataclass(frozen=True, slots=True)
class Events:
    """Holds events in a block, except while `deployer` waits for them: no client runs then."""

    sandbox: Sandbox
    clock: Clock

    @classmethod
    @contextmanager
    def held(cls, sandbox: Sandbox) -> Iterator[Events]:
        with ExitStack() as hold:

            def deliver() -> None:
                hold.close()
                sandbox.settle()
                hold.enter_context(sandbox.held())

            hold.enter_context(sandbox.held())
            yield cls(sandbox, skipping(deliver))

    def push(self, command: Sequence[str], *options: str) -> int:
        """The exit code of `deployer push`."""
        return run(["push", "--timeout", "30", *options, "--", *command], clock=self.clock)


@contextmanager
def _answering(sandbox: Sandbox, answer: front.Missing) -> Iterator[None]:
    front.answer_missing_repositories_by(answer)
    try:
        yield
    finally:
        front.answer_missing_repositories_by("answer")
        sandbox.settle()


def bare_pushes(sandbox: Sandbox, clients: Sequence[Ready], answer: front.Missing) -> Mapping[str, bool]:
    """Whether a first push without `deployer` works, by client. All push at the same time: most of it is waiting.

    The handler has a process for each: none waits for one whose creation is held.
    """
    processes = patch.object(pool, "MAX_ENVIRONMENTS", max(len(clients), pool.MAX_ENVIRONMENTS))
    with processes, _answering(sandbox, answer), ExitStack() as work:
        sandbox.calls.clear()
        pushes = {each.name: _BarePush.begun(sandbox, each, work) for each in clients}
        until = time.monotonic() + LONGEST_PUSH
        while [name for name, push in pushes.items() if push.is_first_attempt()]:
            assert time.monotonic() < until, f"pushes neither ended nor paused: {pushes}"
            time.sleep(0.02)
        codes = {name: push.process.wait(LONGEST_PUSH) for name, push in pushes.items()}
        return {
            each.name: _has_arrived(sandbox, each.client, pushes[each.name].image, codes[each.name]) for each in clients
        }


@dataclass(frozen=True, slots=True)
class _BarePush:
    """A push in progress; until its first attempt ended, the creation of its repository is held."""

    sandbox: Sandbox
    process: subprocess.Popen[bytes]
    image: str
    hold: Fault

    @classmethod
    def begun(cls, sandbox: Sandbox, ready: Ready, work: ExitStack) -> _BarePush:
        image = f"{HOST}/{_new_name()}:1"
        name = _repository_of(image)
        hold = Fault(
            effect=Hold(),
            service="ecr",
            operation="CreateRepository",
            when=lambda call: call.parameters.get("repositoryName") == name,
        )
        work.callback(sandbox.faults.remove, sandbox.faults.add(hold))
        ready.client.prepare(image)
        process = subprocess.Popen(
            ready.client.command(image),
            env=dict(ready.bench.variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return cls(sandbox, work.enter_context(process), image, hold)

    def is_first_attempt(self) -> bool:
        """Whether the client has neither ended nor waited; if it has, its repository is no longer held."""
        name = _repository_of(self.image)
        calls = (call for call in self.sandbox.calls.of("ecr") if call.operation != "CreateRepository")
        latest = max((call.started for call in calls if call.parameters.get("repositoryName") == name), default=None)
        has_paused = latest is not None and (datetime.now(UTC) - latest).total_seconds() > PAUSE
        if self.process.poll() is None and not has_paused:
            return True
        self.sandbox.faults.remove(self.hold)
        return False


def _repository_of(reference: str) -> str:
    image = parse_image(reference)
    assert image
    return image.repository


def measure(sandbox: Sandbox, ready: Ready, answer: front.Missing, *, bare: bool) -> Row:
    """First pushes of a client, each to its own repository; `bare` is the result without `deployer`."""
    bench, client = ready.bench, ready.client
    ensure = _ensure_by_request if answer == "answer" else _ensure
    with _answering(sandbox, answer), patch.dict("os.environ", bench.variables, clear=True):
        native = _is_created(sandbox, client, bench)
        with Events.held(sandbox) as events:
            ensured = _arrives(
                sandbox, client, lambda command, image: ensure(events, image) or bench.run(command).returncode
            )
        # a client that waits for the event by itself does so for minutes
        with nullcontext(Events(sandbox, skipping(sandbox.settle))) if bare else Events.held(sandbox) as events:
            pushed = _arrives(sandbox, client, lambda command, image: events.push(command))
    return Row(
        client=ready.name,
        version=client.version,
        answer=answer,
        bare=bare,
        ensured=ensured,
        pushed=pushed,
        native=native,
    )


def _ensure(events: Events, image: str) -> int:
    return run(["ensure", "--timeout", "30", image], clock=events.clock)


def _ensure_by_request(events: Events, image: str) -> int:
    with (
        contextlib.redirect_stderr(io.StringIO()) as printed,
        patch.dict("os.environ", DEPLOYER_URL=handler_url(events.sandbox)),
    ):
        code = _ensure(events, image)
    assert "The function URL is not used" not in printed.getvalue(), printed.getvalue()
    return code


def _is_created(sandbox: Sandbox, client: Client, bench: Bench) -> bool:
    """Whether the first push works because ECR creates the repository, with its settings and before any Lambda runs."""
    repository = _new_name()
    with sandbox.held():  # no event is delivered, so no function runs, before the push ended
        works = _arrives(
            sandbox,
            client,
            lambda command, image: bench.run(command).returncode,
            account=NATIVE_ACCOUNT,
            name=repository,
        )
    if not works:
        return False
    sandbox.settle()
    ecr = sandbox.client("ecr", account=NATIVE_ACCOUNT, region=REGION)
    (made,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    tags = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert made["imageTagMutability"] == "MUTABLE"
    assert {"Key": "env", "Value": "dev"} in tags
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    assert made["imageScanningConfiguration"]["scanOnPush"], "put by the handler: no template holds it"
    assert _created_by(sandbox, repository) == ["native"]
    return True


def _created_by(sandbox: Sandbox, repository: str) -> list[str]:
    """The engine of each `created` record of a repository."""
    found = sandbox.client("dynamodb").query(
        TableName="deployer-ledger",
        IndexName="by-repository",
        KeyConditionExpression="repository = :name",
        ExpressionAttributeValues={":name": {"S": repository}},
    )
    return [row["engine"]["S"] for row in found["Items"] if row["outcome"]["S"] == "created"]


def _new_name() -> str:
    return f"team-shop/{uuid.uuid4().hex[:12]}"


def _arrives(sandbox: Sandbox, client: Client, push: Pushing, *, account: str = ACCOUNT, name: str = "") -> bool:
    """Whether a push's exit code says that it worked; what the registry has at that moment must agree."""
    repository = name or _new_name()
    image = f"{host_of(account, REGION)}/{repository}:1"
    client.prepare(image)
    code = push(client.command(image), image)
    return _has_arrived(sandbox, client, image, code)


def _has_arrived(sandbox: Sandbox, client: Client, reference: str, code: int) -> bool:
    works = code == 0
    ecr = sandbox.client("ecr", account=reference.partition(".")[0], region=REGION)
    try:
        images = ecr.list_images(repositoryName=_repository_of(reference))["imageIds"]
    except ecr.exceptions.RepositoryNotFoundException:
        images = []
    assert bool(images) == works, f"{client.command(reference)}: exit code and registry disagree: {images}"
    return works


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, one line for each client; a cell succeeds only if it does with both answers."""
    versions = dict.fromkeys(f"{row.label} {row.version}" for row in rows)
    clients: dict[str, dict[str, str]] = {}
    for row in rows:
        cells = clients.setdefault(row.label, {"client": row.label})
        cells.update({heading: text for heading, text in row.cells.items() if cells.get(heading) != _shown(False)})
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        f"|{' --- |' * len(HEADINGS)}",
        *(f"| {' | '.join(cells[heading] for heading in HEADINGS)} |" for cells in clients.values()),
    ]
    return "\n".join([*lines, "", f"Measured with {', '.join(versions)}.", ""])


def shown() -> Mapping[str, Mapping[str, str]]:
    """The cells of the page, by client and heading."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    headings, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(headings, row, strict=True)) for row in rows}


def main() -> int:
    """Run every client and write the results to the page; if one does not work, its lines do not change."""
    with Sandbox() as sandbox:
        with patch.dict("os.environ", sandbox.environment()):
            assert run(["rollout", "--org", "--yes", "--config", str(CONFIG)], clock=impatient()) == 0
        sandbox.settle()
        with prepared(sandbox, CLIENTS) as (clients, left_out):
            bare = {answer: bare_pushes(sandbox, clients, answer) for answer in BARE}
            rows = [measure(sandbox, each, answer, bare=bare[answer][each.name]) for each in clients for answer in BARE]
    if left_out:
        reasons = [f"{name}: {reason}" for name, reason in left_out.items()]
        sys.stderr.write("\n".join(["The page stays as it is, since clients are missing:", *reasons, ""]))
        return 1
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{table(rows)}{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
