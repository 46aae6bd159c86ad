"""Probes: what is requested, followed and deleted; what is never deleted; and how each result is reported."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import pytest

from deployer.clock import Clock
from deployer.doctor.probe import Held, Prober, ProbeResult, Target
from deployer.errors import PermissionDeniedError
from deployer.organization import Organization
from deployer.rendering.probe import closing_line, probe_document, result_lines
from handler.reasons import Outcome as RecordOutcome
from handler.records import Record
from tests.deployer.json_documents import check_document
from tests.example_organization import EXAMPLE

SHOP = Target("300000000001", "eu-west-1")
SEARCH = Target("300000000002", "us-east-1")
START = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass
class World:
    """Fake registries, ledger and clock of an organization; a call is answered after some seconds."""

    answers: dict[Target, tuple[RecordOutcome, str]] = field(default_factory=dict)
    held: dict[Target, Held] = field(default_factory=dict)
    latency: float = 4.0
    denied: set[Target] = field(default_factory=set)
    denials_of_removal: int = 0
    holds_image: bool = False
    is_recording: bool = True
    now: datetime = START
    calls: list[str] = field(default_factory=list)
    asked: dict[Target, datetime] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def holder(self, target: Target) -> Held:
        self._happen()
        if target in self.denied:
            raise PermissionDeniedError(f"the role of {target.account} lets nobody in")
        return self.held.get(target, "absent")

    def ask(self, target: Target) -> bool:
        self._note(f"ask {target.account}")
        if self.held.get(target, "absent") != "absent":
            return True
        self.asked[target] = self.now
        return False

    def remove(self, target: Target) -> bool:
        self._note(f"remove {target.account}")
        assert self.held[target] == "ours"
        if self.denials_of_removal:
            self.denials_of_removal -= 1
            raise PermissionDeniedError("the tag does not count yet")
        if self.holds_image:
            return False
        self.held[target] = "absent"
        return True

    def since(self, moment: datetime, targets: Iterable[Target]) -> list[Record]:
        self._happen()
        return [self._record(target) for target in self.asked if self.is_recording and self._is_over(target)]

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def prober(self, seen: list[ProbeResult] | None = None) -> Prober:
        clock = Clock(now=lambda: self.now, monotonic=time.monotonic, sleep=self.sleep)
        return Prober(registries=self, records=self, clock=clock, on_result=(seen if seen is not None else []).append)

    def _note(self, call: str) -> None:
        with self.lock:
            self.calls.append(call)

    def _is_over(self, target: Target) -> bool:
        return target in self.answers and self.now >= self.asked[target] + timedelta(seconds=self.latency)

    def _happen(self) -> None:
        """The handler creates the requested repository after its delay."""
        for target in list(self.asked):
            if (
                self._is_over(target)
                and self.answers[target][0] == "created"
                and f"made {target.account}" not in self.calls
            ):
                self._note(f"made {target.account}")
                self.held[target] = "ours"

    def _record(self, target: Target) -> Record:
        outcome, reason = self.answers[target]
        at = self.asked[target]
        return Record(
            account=target.account, region=target.region, outcome=outcome, reason=reason, event_id="e",
            event_time=at, received_at=at + timedelta(seconds=self.latency - 1), request_id="r", settings_digest="d",
            repository="deployer-probe", rule="create.names.allow: team-*",
            created_at=at + timedelta(seconds=self.latency - 0.5) if outcome == "created" else None,
            action="deleted" if reason == "repository-deleted" else None,
        )  # fmt: skip


def test_a_created_repository_is_followed_timed_and_deleted() -> None:
    world = World(answers={SHOP: ("created", "created")})
    seen: list[ProbeResult] = []
    (result,) = world.prober(seen).probe([SHOP], timeout=60)
    assert (result.state, result.left, result.is_proven) == ("created", "", True)
    assert seen == [result]
    steps = {step.name: step.seconds for step in result.steps}
    assert steps["call to handler"] == 3.0
    assert steps["handler to repository"] == 0.5
    assert 4.0 <= steps["call to ledger, as read here"] < 10
    assert world.calls == [f"ask {SHOP.account}", f"made {SHOP.account}", f"remove {SHOP.account}"]
    assert world.held[SHOP] == "absent"


@pytest.mark.parametrize(
    ("answer", "state", "is_proven"),
    [
        (("refused", "name-not-allowed"), "refused", True),
        (("ignored", "not-a-pull"), "refused", True),
        (("failed", "role-not-assumable"), "failed", False),
    ],
    ids=["refused by a rule", "ignored, because only pulls create", "failed"],
)
def test_other_decisions_are_reported_and_nothing_is_deleted(
    answer: tuple[RecordOutcome, str], state: str, is_proven: bool
) -> None:
    world = World(answers={SHOP: answer})
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert (result.state, result.reason, result.is_proven) == (state, answer[1], is_proven)
    assert world.calls == [f"ask {SHOP.account}"]


def test_the_repository_of_an_interrupted_probe_is_deleted_first() -> None:
    world = World(answers={SHOP: ("created", "created")}, held={SHOP: "ours"})
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert result.is_proven
    assert world.calls[:2] == [f"remove {SHOP.account}", f"ask {SHOP.account}"]


def test_a_repository_of_somebody_else_is_left_alone() -> None:
    world = World(held={SHOP: "other"})
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert (result.state, result.is_proven) == ("not-asked", False)
    assert world.calls == []
    assert world.now == START


@dataclass
class NativeWorld(World):
    """ECR creates the repository during the call, and its event reaches the handler."""

    def ask(self, target: Target) -> bool:
        super().ask(target)
        return True


def test_a_repository_created_by_our_template_is_followed_and_deleted_once_it_has_our_tag() -> None:
    world = NativeWorld(answers={SHOP: ("created", "created-by-template")})
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert (result.state, result.reason, result.is_proven) == ("created", "created-by-template", True)
    assert world.held[SHOP] == "absent"


def test_the_record_of_deleting_an_earlier_probe_is_not_mistaken_for_a_decision() -> None:
    world = World(answers={SHOP: ("observed", "repository-deleted")})
    (result,) = world.prober().probe([SHOP], timeout=30)
    assert result.state == "timed-out"


def test_a_repository_created_by_somebody_elses_template_is_left_alone() -> None:
    world = NativeWorld(answers={SHOP: ("observed", "repository-created")})
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert (result.state, result.is_proven) == ("not-asked", False)
    assert "not deployer's" in result.detail
    assert "remove" not in " ".join(world.calls)


def test_registries_are_probed_in_parallel_and_an_unreachable_one_does_not_delay_others() -> None:
    world = World(answers={SHOP: ("created", "created")}, denied={SEARCH})
    results = world.prober().probe([SEARCH, SHOP, SHOP], timeout=60)
    assert [(one.target, one.state) for one in results] == [(SHOP, "created"), (SEARCH, "not-asked")]
    assert "lets nobody in" in results[1].detail


def test_a_probe_without_a_result_ends_at_the_time_limit() -> None:
    world = World()
    (result,) = world.prober().probe([SHOP], timeout=30)
    assert (result.state, result.is_proven) == ("timed-out", False)
    assert world.now == START + timedelta(seconds=30)


def test_a_repository_without_a_record_is_reported_and_deleted() -> None:
    world = World(answers={SHOP: ("created", "created")}, is_recording=False)
    (result,) = world.prober().probe([SHOP], timeout=30)
    assert (result.state, result.left, result.is_proven) == ("unrecorded", "", False)
    assert world.held[SHOP] == "absent"


def test_a_deletion_that_is_denied_while_the_tag_is_new_is_retried() -> None:
    world = World(answers={SHOP: ("created", "created")}, denials_of_removal=3)
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert result.is_proven
    assert world.held[SHOP] == "absent"


@pytest.mark.parametrize(
    "world",
    [World(denials_of_removal=99), World(holds_image=True)],
    ids=["denied permanently", "somebody pushed an image to it"],
)
def test_a_repository_that_cannot_be_deleted_is_reported(world: World) -> None:
    world.answers = {SHOP: ("created", "created")}
    (result,) = world.prober().probe([SHOP], timeout=60)
    assert result.left
    assert not result.is_proven
    text = "\n".join(line.text for line in result_lines(result, EXAMPLE, "deployer-probe"))
    assert "deployer-probe still exists" in text
    assert "--probe 300000000001/eu-west-1" in text


OUTCOMES = [
    ProbeResult(target=SHOP, state="created"),
    ProbeResult(target=SHOP, state="created", left="it holds an image"),
    ProbeResult(target=SHOP, state="refused", reason="name-not-allowed", detail="create.names.allow: team-*/**"),
    ProbeResult(target=SHOP, state="failed", reason="role-not-assumable"),
    ProbeResult(target=SHOP, state="timed-out", detail="No record reached the ledger in time"),
    ProbeResult(target=SHOP, state="not-asked", detail="the role lets nobody in"),
    ProbeResult(target=SHOP, state="unrecorded"),
]


@pytest.mark.parametrize("result", OUTCOMES, ids=lambda one: f"{one.state} {one.left}".strip())
def test_each_result_names_the_registry_and_the_next_step(result: ProbeResult) -> None:
    organization: Organization = EXAMPLE
    lines = [line.text for line in result_lines(result, organization, "deployer-probe")]
    assert lines[0].startswith("shop-prod (300000000001) in eu-west-1:")
    assert max(map(len, lines)) <= 80
    every = probe_document([result], organization, "deployer-probe")
    check_document(every, "doctor")
    probes: Any = every["probes"]
    (document,) = probes
    assert document["is_proven"] is result.is_proven
    assert bool(document["next_steps"]) is not result.is_proven
    assert closing_line([result]).text == f"1 probe, {int(result.is_proven)} succeeded"
