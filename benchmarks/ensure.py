"""How long `deployer ensure` takes to a repository that is ready, and what it asks of AWS meanwhile, in the sandbox.

Run it with `python -m benchmarks.ensure`. CloudTrail's delay, which AWS does not publish, is varied; everything else is
what really runs. Claimed: one look more than the creation needs at most, never more than one call a second after ten
seconds, however many are waited for, and one call for a repository that is there.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from aws_org_sandbox import background, trail
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from benchmarks.sizes import size
from deployer.aws.registries import EcrRegistries
from deployer.aws.session import Session
from deployer.cli.main import run
from deployer.pushing.ensure import Clock, Ensurer, There, TimedOut
from deployer.pushing.images import ImageReference, parse_image

ACCOUNT, REGION = "300000000001", "eu-west-1"
DELAYS = size((0.02, 0.5, 2.0, 5.0, 15.0), small=(0.02,))
"""Seconds from the call to its event; AWS's are some seconds as a rule."""
LEDGER = "deployer-ledger"
CROWD, PATIENCE = size((12, 20.0), small=(2, 2.0))
"""So many repositories that never appear are waited for, for so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One repository: seconds are from the first call on."""

    delay: float
    created: float
    ready: float
    calls: list[float]
    records: Counter[str]

    @property
    def late_looks(self) -> int:
        """Calls that were made after it was there."""
        return sum(moment > self.created for moment in self.calls)

    @property
    def holds(self) -> bool:
        return self.late_looks <= 1 and _is_calm(self.calls)


def _is_calm(moments: list[float]) -> bool:
    """Whether calls after ten seconds are a second apart."""
    return all(later - earlier >= 0.999 for earlier, later in pairwise(moments) if earlier > 10)


@contextlib.contextmanager
def rolled_out() -> Iterator[Sandbox]:
    """The example organization, rolled out without a word."""
    config = str(Path(__file__).parents[1] / "config")
    with Sandbox() as sandbox, patch.dict(os.environ, sandbox.environment(ACCOUNT)):
        with (
            patch.dict(os.environ, sandbox.environment()),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            if run(["rollout", "--org", "--yes", "--config", config]):
                raise SystemExit("the sandbox cannot be rolled out")
        sandbox.settle()
        yield sandbox


def measure(sandbox: Sandbox, ensurer: Ensurer, delay: float) -> Measured:
    """One repository that nobody has."""
    background.scheduler.time_scale = delay / trail.LATENCY
    name = f"team-shop/{uuid.uuid4().hex[:12]}"
    image = parse_image(f"{host_of(ACCOUNT, REGION)}/{name}:1")
    assert image is not None
    sandbox.calls.clear()
    (outcome,) = ensurer.ensure([image], timeout=60)
    assert isinstance(outcome, There), outcome
    sandbox.settle()
    calls = [call for call in sandbox.calls if call.parameters.get("repositoryName") == name]
    ours = [call.started.timestamp() for call in calls if "user/" in call.principal.arn]
    [creation] = [call for call in calls if call.operation == "CreateRepository" and call.error_code is None]
    return Measured(
        delay=delay,
        created=creation.started.timestamp() + (creation.milliseconds or 0) / 1000 - ours[0],
        ready=outcome.seconds,
        calls=[moment - ours[0] for moment in ours],
        records=Counter(record["outcome"]["S"] for record in _records(sandbox, name)),
    )


@dataclass(frozen=True, slots=True)
class Timed:
    """The real registries, and when they were called: at the sandbox a call may arrive late."""

    registries: EcrRegistries
    moments: list[float] = field(default_factory=list)

    def ask_for(self, image: ImageReference) -> bool:
        self.moments.append(time.time())
        return self.registries.ask_for(image)

    def is_there(self, image: ImageReference) -> bool:
        self.moments.append(time.time())
        return self.registries.is_there(image)


def measure_crowd() -> list[float]:
    """Seconds from the first call at which calls were made for many repositories that the OU's rules refuse."""
    registries = Timed(EcrRegistries(Session()))
    ensurer = Ensurer(registries=registries, clock=Clock(now=time.time, sleep=time.sleep))
    images = [parse_image(f"{host_of(ACCOUNT, REGION)}/not-a-team/{number}{number}:1") for number in range(CROWD)]
    outcomes = ensurer.ensure(filter(None, images), timeout=PATIENCE)
    assert all(isinstance(outcome, TimedOut) for outcome in outcomes), outcomes
    return [moment - registries.moments[0] for moment in registries.moments]


def _records(sandbox: Sandbox, name: str) -> list[dict[str, dict[str, str]]]:
    answer = sandbox.client("dynamodb").query(
        TableName=LEDGER,
        IndexName="by-repository",
        KeyConditionExpression="repository = :name",
        ExpressionAttributeValues={":name": {"S": name}},
    )
    items: list[dict[str, dict[str, str]]] = answer["Items"]
    return items


def main() -> int:
    with rolled_out() as sandbox:
        ensurer = Ensurer(registries=EcrRegistries(Session()), clock=Clock(now=time.time, sleep=time.sleep))
        measured = [measure(sandbox, ensurer, delay) for delay in DELAYS]
        crowd = measure_crowd()
        image = parse_image(f"{host_of(ACCOUNT, REGION)}/team-shop/there:1")
        assert image is not None
        sandbox.client("ecr", account=ACCOUNT, region=REGION).create_repository(repositoryName=image.repository)
        sandbox.settle()  # the handler still refuses the crowd
        sandbox.calls.clear()
        (there,) = ensurer.ensure([image], timeout=60)
        for_one_that_is_there = len(list(sandbox.calls))
    holds = all(each.holds for each in measured) and _is_calm(crowd) and for_one_that_is_there == 1
    lines = [
        "CloudTrail's   created   ready  calls      calls after   records in",
        "delay (s)      (s)       (s)    of ensure  the creation  the ledger",
        *(_line(each) for each in measured),
        f"An existing repository: {for_one_that_is_there} call, {there.seconds:.0f} s of waiting.",
        _crowd_line(crowd),
        "The claims hold." if holds else "The claims do NOT hold.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if holds else 1


def _crowd_line(crowd: list[float]) -> str:
    late = sum(moment > 10 for moment in crowd)
    return (
        f"{CROWD} that never appear, {PATIENCE:.0f} s: {len(crowd)} calls, {late} of them after 10 s,"
        f" the last at {crowd[-1]:.1f} s."
    )


def _line(each: Measured) -> str:
    records = ", ".join(f"{count} {outcome}" for outcome, count in sorted(each.records.items()))
    return (
        f"{each.delay:9.2f} {each.created:12.2f} {each.ready:9.2f} {len(each.calls):8d} {each.late_looks:12d}"
        f"         {records}"
    )


if __name__ == "__main__":
    sys.exit(main())
