"""Pushing with a client that fails in various ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import DeployerError
from deployer.pushing.client_commands import CommandTexts, command_texts
from deployer.pushing.client_process import Finished
from deployer.pushing.ensure import Ensurer, TimedOut
from deployer.pushing.images import ImageReference, parse_image
from deployer.pushing.push import MOST_RUNS, NotEnsured, Pushed, Pusher, PushReports
from tests.clocks import Time

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
ID = "in the registry with id '300000000001'"


def unknown(name: str, *, code: int = 1) -> Finished:
    """A client that was writing to a repository that the registry does not know."""
    address = f"https://{HOST}/v2/{name}/blobs/uploads/"
    return Finished(
        exit_code=code,
        output=f"POST {address}: NAME_UNKNOWN: The repository with name '{name}' does not exist {ID}",
    )


OK = Finished(exit_code=0, output="")
UNKNOWN = Finished(exit_code=1, output=f"name unknown: The repository with name 'api' does not exist {ID}")
BASE = Finished(exit_code=1, output=f"reading manifest: The repository with name 'base' does not exist {ID}")
CODE = Finished(exit_code=1, output="unexpected status: NAME_UNKNOWN")
DROPPED = Finished(exit_code=1, output="EOF")
STOPPED = Finished(exit_code=130, output=unknown("web").output, was_stopped=True)
DENIED = Finished(exit_code=1, output="denied: not authorized")


def image(name: str = "api") -> ImageReference:
    parsed = parse_image(f"{HOST}/{name}:1")
    assert parsed is not None
    return parsed


@dataclass
class Client:
    """A client whose successive runs end as listed."""

    endings: Sequence[Finished]
    runs: int = 0

    def __call__(self) -> Finished:
        self.runs += 1
        return self.endings[self.runs - 1]


@dataclass
class Registry:
    """A repository exists once requested, unless in `refused`; `checks` are later responses or errors."""

    refused: frozenset[str] = frozenset()
    checks: list[bool | DeployerError] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def request(self, image: ImageReference) -> bool:
        self.requested.append(image.repository)
        return image.repository not in self.refused

    def exists(self, image: ImageReference) -> bool:
        check = self.checks.pop(0) if self.checks else image.repository not in self.refused
        if isinstance(check, DeployerError):
            raise check
        return check


@dataclass
class Reported:
    """Records the reports."""

    waits: list[float] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    on_push: list[str] = field(default_factory=list)
    used_input: int = 0

    @property
    def reports(self) -> PushReports:
        def on_used_input() -> None:
            self.used_input += 1

        return PushReports(
            on_retry=lambda run, seconds: self.waits.append(seconds),
            on_found=lambda images: self.found.extend(image.repository for image in images),
            on_unknown_registry=lambda missing: self.unknown.append(missing.repository),
            on_used_input=on_used_input,
            on_created_on_push=lambda outcome: self.on_push.append(outcome.image.repository),
        )


def push(
    client: Client,
    registry: Registry,
    *,
    names: Sequence[str] = ("api",),
    retries: int = 5,
    can_run_again: bool = True,
    command: CommandTexts | None = None,
    templates: Mapping[str, str] | None = None,
) -> tuple[Pushed | NotEnsured, Reported]:
    reported = Reported()
    by_name = templates or {}
    pusher = Pusher(
        ensurer=Ensurer(
            registries=registry, clock=Time().clock, template_of=lambda image: by_name.get(image.repository)
        ),
        run=client,
        timeout=10,
        retries=retries,
        reports=reported.reports,
        can_run_again=lambda: can_run_again,
        command=command or CommandTexts(texts=(HOST,)),
    )
    return pusher.push([image(name) for name in names]), reported


def test_a_repository_that_ecr_creates_during_the_push_is_reported_and_not_requested() -> None:
    registry = Registry()
    pushed, reported = push(Client([OK]), registry, names=("api", "web"), templates={"web": "the template"})
    assert pushed == Pushed(exit_code=0, runs=1)
    assert (registry.requested, reported.on_push) == (["api"], ["web"])


def test_a_repository_that_ecr_does_not_create_is_requested_like_any_other() -> None:
    registry = Registry()
    pushed, reported = push(Client([UNKNOWN, OK]), registry, templates={"api": "the template"})
    assert pushed == Pushed(exit_code=0, runs=2)
    assert (registry.requested, reported.on_push) == (["api"], ["api"])


@pytest.mark.parametrize(
    ("endings", "checks", "code", "runs", "waits"),
    [
        pytest.param([OK], [], 0, 1, [], id="a push that works is run once"),
        pytest.param([UNKNOWN, OK], [], 0, 2, [1.0], id="NAME_UNKNOWN is retried"),
        pytest.param([CODE, OK], [], 0, 2, [1.0], id="also if the client prints no more than that"),
        pytest.param([BASE], [], 1, 1, [], id="NAME_UNKNOWN of a base image is not retried"),
        pytest.param([DROPPED, OK], [False], 0, 2, [1.0], id="a dropped connection to a missing repository is retried"),
        pytest.param([DROPPED], [True], 1, 1, [], id="a dropped connection to an existing repository is not retried"),
        pytest.param([STOPPED], [False], 130, 1, [], id="a push that its user stopped is not retried"),
        pytest.param([DENIED], [True], 1, 1, [], id="another failure is passed on"),
        pytest.param([UNKNOWN] * 3, [], 1, 3, [1.0, 2.0], id="retries are limited"),
    ],
)
def test_when_the_client_is_run_again(
    endings: list[Finished], checks: list[bool | DeployerError], code: int, runs: int, waits: list[float]
) -> None:
    outcome, reported = push(Client(endings), Registry(checks=checks), retries=2)
    assert outcome == Pushed(exit_code=code, runs=runs)
    assert (reported.waits, reported.found) == (waits, [])


@pytest.mark.parametrize("names", [(), ("api",)], ids=["an unknown command", "a partly known command"])
def test_repositories_that_appear_in_the_output_are_ensured_and_the_client_runs_again(names: tuple[str, ...]) -> None:
    registry = Registry()
    outcome, reported = push(Client([unknown("web"), unknown("cache"), OK]), registry, names=names, retries=0)
    assert outcome == Pushed(exit_code=0, runs=3)
    assert registry.requested == [*names, "web", "cache"]
    assert (reported.found, reported.waits) == (["web", "cache"], [])


def test_a_repository_that_appears_twice_is_a_retry() -> None:
    outcome, reported = push(Client([unknown("web")] * 3), Registry(), names=(), retries=1)
    assert outcome == Pushed(exit_code=1, runs=3)
    assert (reported.found, reported.waits) == (["web"], [1.0])


def test_a_client_that_fails_and_exits_with_0_is_run_again() -> None:
    registry = Registry(checks=[False])
    outcome, reported = push(Client([unknown("cache", code=0), OK]), registry)
    assert outcome == Pushed(exit_code=0, runs=2)
    assert reported.found == ["cache"]


def test_a_successful_push_stays_successful_even_if_its_repetition_for_the_cache_fails() -> None:
    immutable = Finished(exit_code=1, output="tag invalid: The image tag '1' already exists")
    outcome, _ = push(Client([unknown("cache", code=0), immutable]), Registry(checks=[False]), retries=0)
    assert outcome == Pushed(exit_code=0, runs=2)


@pytest.mark.parametrize(
    "check", [pytest.param(True, id="it exists"), pytest.param(DeployerError("denied"), id="it cannot be checked")]
)
def test_a_client_that_eventually_found_the_repository_is_not_run_again(check: bool | DeployerError) -> None:
    outcome, reported = push(Client([unknown("cache", code=0)]), Registry(checks=[check]))
    assert outcome == Pushed(exit_code=0, runs=1)
    assert not reported.found


@pytest.mark.parametrize("code", [0, 1])
def test_a_refused_repository_in_the_output_is_reported(code: int) -> None:
    outcome, _ = push(Client([unknown("web", code=code)]), Registry(refused=frozenset({"web"})), names=())
    assert isinstance(outcome, NotEnsured)
    assert outcome.exit_code == code


def test_a_source_is_created_only_if_the_client_writes_to_it() -> None:
    sources = CommandTexts(texts=(HOST,), sources=frozenset({"300000000001/eu-west-1/web"}))
    in_doubt = Finished(exit_code=1, output=unknown("web").output.partition("UNKNOWN: ")[2])
    outcome, reported = push(Client([in_doubt]), Registry(), command=sources)
    assert (outcome, reported.found) == (Pushed(exit_code=1, runs=1), [])
    outcome, reported = push(Client([unknown("web"), OK]), Registry(), command=sources)
    assert (outcome, reported.found) == (Pushed(exit_code=0, runs=2), ["web"])


@pytest.mark.parametrize(
    ("output", "found"),
    [
        pytest.param("ctr: unexpected status: 404 NOT FOUND", ["web"], id="containerd before 1.7"),
        pytest.param("unexpected status: NAME_UNKNOWN", ["web"], id="only a code"),
        pytest.param(BASE.output, [], id="the name of a base image"),
        pytest.param("denied", [], id="another error"),
    ],
)
def test_an_error_without_a_name_concerns_the_repositories_that_the_script_pushes_to(
    output: str, found: list[str]
) -> None:
    texts = command_texts(["sh", "push.sh"], {}, [], [f"set -e\ndocker push {HOST}/web:1 # to {HOST}/other:1\n"])
    endings = [Finished(exit_code=1, output=output), OK]
    outcome, reported = push(Client(endings), Registry(), names=(), command=texts)
    assert reported.found == found
    assert outcome == Pushed(exit_code=0 if found else 1, runs=2 if found else 1)


def test_a_message_without_a_region_is_reported() -> None:
    outcome, reported = push(Client([UNKNOWN]), Registry(), names=(), command=CommandTexts())
    assert outcome == Pushed(exit_code=1, runs=1)
    assert reported.unknown == ["api"]


def test_consumed_standard_input_is_reported_once_the_repository_exists() -> None:
    registry = Registry()
    outcome, reported = push(Client([unknown("web")]), registry, names=(), can_run_again=False)
    assert outcome == Pushed(exit_code=1, runs=1)
    assert (registry.requested, reported.used_input) == (["web"], 1)


def test_runs_are_limited_for_a_command_that_invents_names() -> None:
    endings = [unknown(f"web-{number}") for number in range(MOST_RUNS + 1)]
    outcome, _ = push(Client(endings), Registry(), names=())
    assert outcome == Pushed(exit_code=1, runs=MOST_RUNS)


@given(st.lists(st.lists(st.sampled_from(["a1", "b1", "c1", "d1"]), min_size=1), max_size=12))
def test_every_run_except_retries_has_a_new_repository(named: list[list[str]]) -> None:
    failures = [Finished(exit_code=1, output="\n".join(unknown(name).output for name in names)) for names in named]
    registry = Registry()
    client = Client([*failures, OK])
    outcome, reported = push(client, registry, names=(), retries=0)
    assert isinstance(outcome, Pushed)
    assert len(reported.found) == len(set(reported.found)) >= outcome.runs - 1
    expected = next((run for run, names in zip(count(1), named, strict=False) if _is_old(names, named[: run - 1])), 0)
    assert outcome.runs == (expected or len(named) + 1)


def _is_old(names: list[str], earlier: list[list[str]]) -> bool:
    return set(names) <= {name for each in earlier for name in each}


def test_the_client_is_not_run_for_a_repository_that_is_not_created() -> None:
    client = Client([])
    outcome, _ = push(client, Registry(refused=frozenset({"api"})))
    assert isinstance(outcome, NotEnsured)
    assert isinstance(outcome.outcomes[0], TimedOut)
    assert (client.runs, outcome.exit_code) == (0, None)


def test_a_push_to_another_registry_is_not_retried() -> None:
    assert push(Client([CODE]), Registry(), names=())[0] == Pushed(exit_code=1, runs=1)
