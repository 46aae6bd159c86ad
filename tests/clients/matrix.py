"""The behaviour of each client with a missing repository, measured; `python -m tests.clients.matrix` updates the docs.

A cell is one push to a repository that does not exist: bare, after `deployer ensure` in each lane, by `deployer push`,
or bare to a registry whose OU has the engine `native`; a missing repository is answered with 404, or by dropping the
connection, as ECR did until 2023.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from aws_org_sandbox import background
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.registry import front
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.pushing.pusher_policy import MANIFEST_CHECK_ACTION, PUSH_ACTIONS, pusher_policy
from tests.clients.kit import CLIENTS, Bench, Client, Unavailable, bench
from tests.clocks import impatient
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

TIME_SCALE: Final = 0.5
"""CloudTrail takes a second, longer than any of these pushes: a push that caused its own repository while it was
still busy trying to mount layers from others would pass here and nowhere else."""

LOOKING: Final = frozenset({"ctr", "helm"})
"""Those that ask for the manifest before they push it."""

BARE: Final[Mapping[front.Missing, str]] = {"answer": "bare, 404", "drop": "bare, dropped connection"}
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
    requested: bool
    """After `deployer ensure` by the request lane."""
    ensured: bool
    """After `deployer ensure` by the event lane."""
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
            ENSURED: _shown(self.requested and self.ensured and self.pushed),
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


def measure(sandbox: Sandbox, bench: Bench, name: str, client: Client, answer: front.Missing) -> Row:
    """First pushes, each to its own repository; events are slow only for pushes that must fail before their events."""
    front.answer_missing_repositories_by(answer)
    try:
        with patch.dict("os.environ", bench.variables, clear=True):
            native = _is_created(sandbox, client, bench)
            with patch.dict("os.environ", DEPLOYER_URL=handler_url(sandbox)):
                requested = _arrives(
                    sandbox, client, lambda command, image: _ensure_by_request(image) or bench.run(command).returncode
                )
            ensured = _arrives(sandbox, client, lambda command, image: _ensure(image) or bench.run(command).returncode)
            background.scheduler.time_scale = TIME_SCALE
            bare = _arrives(sandbox, client, lambda command, image: bench.run(command).returncode)
            pushed = _arrives(sandbox, client, lambda command, image: run(["push", "--timeout", "30", "--", *command]))
    finally:
        front.answer_missing_repositories_by("answer")
        background.scheduler.time_scale = sandbox.time_scale
        sandbox.settle()
    return Row(
        client=name,
        version=client.version,
        answer=answer,
        bare=bare,
        requested=requested,
        ensured=ensured,
        pushed=pushed,
        native=native,
    )


def _ensure(image: str) -> int:
    return run(["ensure", "--timeout", "30", image])


def _ensure_by_request(image: str) -> int:
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        code = _ensure(image)
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
    rows = sandbox.client("dynamodb").scan(TableName="deployer-ledger")["Items"]
    records = [{key: next(iter(value.values())) for key, value in row.items()} for row in rows]
    found = [one for one in records if one.get("repository") == repository and one.get("outcome") == "created"]
    return [str(one.get("engine")) for one in found]


def _new_name() -> str:
    return f"team-shop/{uuid.uuid4().hex[:12]}"


def _arrives(sandbox: Sandbox, client: Client, push: Pushing, *, account: str = ACCOUNT, name: str = "") -> bool:
    """Whether a push's exit code says that it worked; what the registry has at that moment must agree."""
    repository = name or _new_name()
    image = f"{host_of(account, REGION)}/{repository}:1"
    client.prepare(image)
    works = push(client.command(image), image) == 0
    ecr = sandbox.client("ecr", account=account, region=REGION)
    try:
        images = ecr.list_images(repositoryName=repository)["imageIds"]
    except ecr.exceptions.RepositoryNotFoundException:
        images = []
    assert bool(images) == works, f"{client.command(image)}: exit code and registry disagree: {images}"
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
    rows: list[Row] = []
    left_out: list[str] = []
    with Sandbox() as sandbox:
        with patch.dict("os.environ", sandbox.environment()):
            assert run(["rollout", "--org", "--yes", "--config", str(CONFIG)], clock=impatient()) == 0
        sandbox.settle()
        for name, begin in CLIENTS.items():
            with ExitStack() as work:
                workbench = work.enter_context(builders(sandbox, ACCOUNT, NATIVE_ACCOUNT, client=name))
                try:
                    client = work.enter_context(begin(workbench))
                except Unavailable as reason:
                    left_out.append(f"{name}: {reason}")
                    continue
                rows += [measure(sandbox, workbench, name, client, answer) for answer in BARE]
    if left_out:
        sys.stderr.write("\n".join(["The page stays as it is, since clients are missing:", *left_out, ""]))
        return 1
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{table(rows)}{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
