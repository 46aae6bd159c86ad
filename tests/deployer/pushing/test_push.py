"""Pushing with a client that fails in its own ways."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from deployer.pushing.client_process import Finished
from deployer.pushing.ensure import Clock, Ensurer, TimedOut
from deployer.pushing.images import ImageReference, parse_image
from deployer.pushing.push import NotThere, Pushed, Pusher

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
OK = Finished(exit_code=0, complaint="")
UNKNOWN = Finished(exit_code=1, complaint="name unknown: The repository with name 'api' does not exist in the registry")
OTHER = Finished(exit_code=1, complaint="name unknown: The repository with name 'base' does not exist in the registry")
CODE = Finished(exit_code=1, complaint="unexpected status: NAME_UNKNOWN")
DROPPED = Finished(exit_code=1, complaint="EOF")
STOPPED = Finished(exit_code=130, complaint="name unknown: the repository does not exist", was_stopped=True)
DENIED = Finished(exit_code=1, complaint="denied: not authorized")


def image() -> ImageReference:
    parsed = parse_image(f"{HOST}/api:1")
    assert parsed is not None
    return parsed


@dataclass
class Client:
    """A client whose runs end one after another as listed."""

    endings: list[Finished]
    runs: int = 0

    def __call__(self) -> Finished:
        self.runs += 1
        return self.endings[self.runs - 1]


@dataclass
class Registry:
    """There when asked for, as far as `there` says; `looks` is what it says afterwards."""

    there: bool = True
    looks: list[bool] = field(default_factory=list)

    def ask_for(self, image: ImageReference) -> bool:
        return self.there

    def is_there(self, image: ImageReference) -> bool:
        return self.looks.pop(0) if self.looks else self.there


def push(client: Client, registry: Registry, *, retries: int = 5) -> tuple[Pushed | NotThere, list[float]]:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    waits: list[float] = []
    pusher = Pusher(
        ensurer=Ensurer(registries=registry, clock=Clock(now=lambda: now[0], sleep=sleep)),
        run=client,
        timeout=10,
        retries=retries,
        on_retry=lambda run, seconds: waits.append(seconds),
    )
    return pusher.push([image()]), waits


@pytest.mark.parametrize(
    ("endings", "looks", "code", "runs", "waits"),
    [
        pytest.param([OK], [], 0, 1, [], id="a push that works is run once"),
        pytest.param([UNKNOWN, OK], [], 0, 2, [1.0], id="NAME_UNKNOWN is tried again"),
        pytest.param([CODE, OK], [], 0, 2, [1.0], id="also where the client tells no more than that"),
        pytest.param([OTHER], [], 1, 1, [], id="NAME_UNKNOWN of a base image is not"),
        pytest.param([DROPPED, OK], [False], 0, 2, [1.0], id="a dropped connection to a missing repository as well"),
        pytest.param(
            [DROPPED], [True], 1, 1, [], id="a dropped connection to one that is there is the client's matter"
        ),
        pytest.param([STOPPED], [False], 130, 1, [], id="what its user stopped is not started again"),
        pytest.param([DENIED], [True], 1, 1, [], id="another failure is passed on"),
        pytest.param([UNKNOWN] * 3, [], 1, 3, [1.0, 2.0], id="it ends when the retries do"),
    ],
)
def test_when_the_client_is_run_again(
    endings: list[Finished], looks: list[bool], code: int, runs: int, waits: list[float]
) -> None:
    outcome, waited = push(Client(endings), Registry(looks=looks), retries=2)
    assert outcome == Pushed(exit_code=code, runs=runs)
    assert waited == waits


def test_the_client_is_not_run_for_a_repository_that_does_not_appear() -> None:
    client = Client([])
    outcome, _ = push(client, Registry(there=False))
    assert isinstance(outcome, NotThere)
    assert isinstance(outcome.outcomes[0], TimedOut)
    assert client.runs == 0


def test_what_is_in_another_registry_is_not_tried_again() -> None:
    client = Client([UNKNOWN])
    pusher = Pusher(
        ensurer=Ensurer(registries=Registry(), clock=Clock(now=lambda: 0.0, sleep=lambda seconds: None)),
        run=client,
        timeout=10,
        retries=5,
        on_retry=lambda run, seconds: None,
    )
    assert pusher.push([]) == Pushed(exit_code=1, runs=1)
