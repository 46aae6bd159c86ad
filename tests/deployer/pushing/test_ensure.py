"""Requesting repositories and waiting for them, against a registry that creates them after some time."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.errors import PermissionDeniedError
from deployer.pushing.ensure import (
    POLICY_DELAY,
    REPEAT_REQUEST_AFTER,
    CreatedOnPush,
    Ensurer,
    Exists,
    Outcome,
    Refusal,
    Refused,
    TimedOut,
    exit_code_of,
)
from deployer.pushing.images import ImageReference, parse_image
from deployer.pushing.request_lane import RequestLane, Response
from deployer.rendering.ensure import outcome_document, outcome_lines, waiting_text
from tests.clocks import Time
from tests.deployer.json_documents import check_document

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def image(name: str, tag: str = "1") -> ImageReference:
    parsed = parse_image(f"{HOST}/{name}:{tag}")
    assert parsed is not None
    return parsed


@dataclass
class LateRegistries:
    """A repository exists `after` seconds after request number `request_number` for it; others never do."""

    time: Time
    after: dict[str, float] = field(default_factory=dict)
    request_number: int = 1
    calls: list[tuple[str, str, float]] = field(default_factory=list)
    requested: dict[str, list[float]] = field(default_factory=dict)

    def request(self, image: ImageReference) -> bool:
        self.calls.append(("request", image.repository, self.time.seconds))
        if self._has(image):
            return True
        self.requested.setdefault(image.repository, []).append(self.time.seconds)
        return False

    def exists(self, image: ImageReference) -> bool:
        self.calls.append(("check", image.repository, self.time.seconds))
        return self._has(image)

    def _has(self, image: ImageReference) -> bool:
        after = self.after.get(image.repository)
        if after is None:
            return False
        if after == 0:
            return True
        requests = self.requested.get(image.repository, [])
        return len(requests) >= self.request_number and self.time.seconds >= requests[self.request_number - 1] + after


@dataclass
class OneRefusal:
    name: str
    at: float
    is_readable: bool = True

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        matches = image.repository == self.name and self.at >= since
        return Refusal(reason="name-denied", rule="**/tmp-*", ou_path="Workloads/Prod") if matches else None


def test_an_existing_repository_takes_one_call_and_no_wait() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 0})
    assert Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=120) == (
        Exists(image=image("api"), seconds=0.0, calls=1),
    )
    assert [call[0] for call in registries.calls] == ["request"]
    assert time.seconds == 1_000_000.0


def test_a_missing_repository_is_requested_once_and_then_checked() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 2.0})
    (outcome,) = Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Exists)
    assert 2.0 <= outcome.seconds < 4.0
    assert [call[0] for call in registries.calls] == ["request", *["check"] * (outcome.calls - 1)]


@dataclass
class LatePolicy(LateRegistries):
    """Another account's registry: a repository denies the push for `denied` seconds after its creation."""

    denied: float = 0.0

    def exists(self, image: ImageReference) -> bool:
        has = super().exists(image)
        created_at = self.requested[image.repository][0] + self.after[image.repository]
        if has and self.time.seconds < created_at + self.denied:
            raise PermissionDeniedError("no resource-based policy allows it")
        return has


def test_a_repository_whose_policy_is_set_just_after_its_creation_is_waited_for() -> None:
    time = Time()
    registries = LatePolicy(time, after={"api": 2.0}, denied=POLICY_DELAY - 1)
    (outcome,) = Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Exists)
    assert outcome.seconds >= 2.0 + POLICY_DELAY - 1


@pytest.mark.parametrize("timeout", [120.0, 3.0])
def test_a_repository_that_keeps_denying_the_push_is_an_error(timeout: float) -> None:
    time = Time()
    registries = LatePolicy(time, after={"api": 2.0}, denied=1000.0)
    with pytest.raises(PermissionDeniedError):
        Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=timeout)
    assert time.seconds - 1_000_000.0 <= min(timeout, 2.0 + POLICY_DELAY + 5.0)


def test_two_tags_of_one_repository_are_waited_for_once_and_the_order_is_kept() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 1.0, "web": 0})
    outcomes = Ensurer(registries=registries, clock=time.clock).ensure(
        [image("api", "1"), image("web"), image("api", "2")], timeout=120
    )
    assert [outcome.image.repository for outcome in outcomes] == ["api", "web"]
    assert all(isinstance(outcome, Exists) for outcome in outcomes)


def test_an_event_that_was_lost_is_compensated_by_a_second_request() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 1.0}, request_number=2)
    (outcome,) = Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Exists)
    assert outcome.seconds >= REPEAT_REQUEST_AFTER
    assert [call[0] for call in registries.calls].count("request") == 2


@given(st.floats(0, 29.9))
def test_a_request_that_was_refused_is_not_repeated(after: float) -> None:
    time = Time()
    registries = LateRegistries(time)
    ledger = SlowLedger(time, after=time.seconds + after)
    [outcome] = Ensurer(registries=registries, clock=time.clock, ledger=ledger).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Refused)
    assert [call[0] for call in registries.calls].count("request") == 1


def test_a_request_is_repeated_while_the_ledger_has_no_refusal() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 1.0}, request_number=3)
    ledger = SlowLedger(time)
    [outcome] = Ensurer(registries=registries, clock=time.clock, ledger=ledger).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Exists)
    requests = [moment for kind, _, moment in registries.calls if kind == "request"]
    assert len(requests) == 3
    assert all(
        REPEAT_REQUEST_AFTER <= later - earlier < REPEAT_REQUEST_AFTER + 10 for earlier, later in pairwise(requests)
    )


def test_a_refusal_in_the_ledger_ends_the_wait() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 0})
    ledger = OneRefusal("team-a/tmp-1", at=time.seconds + 1)
    outcomes = Ensurer(registries=registries, clock=time.clock, ledger=ledger).ensure(
        [image("team-a/tmp-1"), image("api")], timeout=120
    )
    refused, existing = outcomes
    assert isinstance(refused, Refused)
    assert refused.refusal.rule == "**/tmp-*"
    assert isinstance(existing, Exists)
    assert time.seconds - 1_000_000.0 < 2


def requests(**outcomes: str) -> RequestLane:
    """A request lane in which the handler has an outcome for each repository; without any, it answers 429."""

    class Transport:
        def send(self, body: bytes) -> Response:
            results = [
                {"repository": name, "outcome": outcome, "reason": "name-denied", "rule": "r", "message": "m"}
                for name, outcome in outcomes.items()
            ]
            document = {"version": 1, "results": results}
            return Response(status=200 if results else 429, body=json.dumps(document).encode())

    return RequestLane(transport=Transport(), sleep=lambda seconds: None, on_fallback=lambda reason: None)


class TestRequestLane:
    def test_a_repository_that_the_handler_has_decided_is_not_requested_by_an_event(self) -> None:
        time = Time()
        registries = LateRegistries(time)
        lane = requests(new="created", old="exists", bad="refused", broken="failed")
        ensurer = Ensurer(registries=registries, clock=time.clock, requests=lane)
        names = ["bad", "old", "new", "broken"]
        outcomes = ensurer.ensure([image(name) for name in names], timeout=120)
        assert [outcome.exit_code for outcome in outcomes] == [19, 0, 0, 19]
        assert [outcome.image.repository for outcome in outcomes] == names
        refused = outcomes[0]
        assert isinstance(refused, Refused)
        assert (refused.refusal.outcome, refused.refusal.message, refused.refusal.rule) == ("refused", "m", "r")
        assert registries.calls == []
        assert time.seconds == 1_000_000.0

    def test_an_accepted_repository_is_waited_for(self) -> None:
        time = Time()
        registries = LateRegistries(time, after={"api": 3.0})
        registries.requested["api"] = [time.seconds]
        ensurer = Ensurer(registries=registries, clock=time.clock, requests=requests(api="pending"))
        [outcome] = ensurer.ensure([image("api")], timeout=120)
        assert isinstance(outcome, Exists)
        assert {kind for kind, _, _ in registries.calls} == {"check"}

    @pytest.mark.parametrize(
        ("next_step", "is_command"),
        [
            pytest.param("{explain} shows the files and the rule that decide.", True, id="the handler's command"),
            pytest.param("`curl https://example.com | sh` shows the rule.", False, id="another command"),
            pytest.param("Ask the operators of deployer.", False, id="text"),
            pytest.param("`deployer explain '", False, id="an unbalanced quotation mark"),
        ],
    )
    def test_the_command_of_a_refusal_can_be_copied(self, next_step: str, is_command: bool) -> None:
        words = ["deployer", "explain", "300000000001", "api", "--region", "eu-west-1", "--principal"]
        principal = f"arn:aws:sts::300000000001:assumed-role/{'r' * 60}/session"
        text = next_step.format(explain=f"`{' '.join(words)} {principal}`")
        refusal = Refusal(reason="name-denied", message="m", next_step=text)
        lines = [line.text for line in outcome_lines(Refused(image=image("api"), refusal=refusal, seconds=1, calls=1))]
        if not is_command:
            assert text in " ".join(" ".join(lines).split())
            return
        begin = next(index for index, line in enumerate(lines) if line.startswith("    deployer explain"))
        assert shlex.split("\n".join(lines[begin:]).replace("\\\n", "")) == [*words, principal]

    def test_an_accepted_repository_that_is_never_finished_times_out_with_its_reason(self) -> None:
        """For example because a role is missing in the account."""
        time = Time()
        ensurer = Ensurer(registries=LateRegistries(time), clock=time.clock, requests=requests(api="pending"))
        [outcome] = ensurer.ensure([image("api")], timeout=120)
        assert isinstance(outcome, TimedOut)
        assert any("m [name-denied]" in line.text for line in outcome_lines(outcome))
        document = outcome_document(outcome)
        check_document([document], "ensure")
        assert (document["outcome"], document["reason"], document["message"]) == ("timed-out", "name-denied", "m")

    def test_without_a_response_the_event_lane_is_used(self) -> None:
        time = Time()
        registries = LateRegistries(time, after={"api": 2.0})
        [outcome] = Ensurer(registries=registries, clock=time.clock, requests=requests()).ensure(
            [image("api")], timeout=120
        )
        assert isinstance(outcome, Exists)
        assert registries.calls[0][0] == "request"


@dataclass
class SlowLedger:
    """Has a refusal only `after` some time, and records when it is read."""

    time: Time
    after: float = float("inf")
    is_readable: bool = True
    moments: list[float] = field(default_factory=list)

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        self.moments.append(self.time.seconds)
        return Refusal(reason="name-denied") if self.time.seconds >= self.after else None


def test_a_late_refusal_ends_the_wait_too() -> None:
    time = Time()
    ledger = SlowLedger(time, after=time.seconds + 30)
    (outcome,) = Ensurer(registries=LateRegistries(time), clock=time.clock, ledger=ledger).ensure(
        [image("api")], timeout=120
    )
    assert isinstance(outcome, Refused)
    assert 30 <= outcome.seconds <= 30 + 7


@pytest.mark.parametrize("is_readable", [True, False])
@pytest.mark.parametrize("repositories", [1, 7])
def test_reads_of_the_ledger_count_as_calls(is_readable: bool, repositories: int) -> None:
    time = Time()
    ledger = SlowLedger(time, is_readable=is_readable)
    registries = LateRegistries(time)
    images = [image(f"team/{number}") for number in range(repositories)]
    Ensurer(registries=registries, clock=time.clock, ledger=ledger).ensure(images, timeout=60)
    checks = [at for _, _, at in registries.calls]
    moments = sorted([*checks, *ledger.moments])
    gaps = [later - earlier for earlier, later in pairwise(moments) if earlier > 1_000_010]
    assert all(gap >= 0.999 for gap in gaps)
    assert bool(ledger.moments) == is_readable


def test_a_refusal_of_the_same_second_counts_although_cloudtrail_truncates_to_seconds() -> None:
    time = Time(seconds=1_000_000.9)
    ledger = OneRefusal("api", at=1_000_000.0)
    (outcome,) = Ensurer(registries=LateRegistries(time), clock=time.clock, ledger=ledger).ensure(
        [image("api")], timeout=120
    )
    assert isinstance(outcome, Refused)


def test_an_old_refusal_is_ignored() -> None:
    time = Time()
    ledger = OneRefusal("api", at=time.seconds - 60)
    registries = LateRegistries(time, after={"api": 3.0})
    (outcome,) = Ensurer(registries=registries, clock=time.clock, ledger=ledger).ensure([image("api")], timeout=120)
    assert isinstance(outcome, Exists)


def test_waiting_ends_at_the_timeout_with_a_last_check() -> None:
    time = Time()
    registries = LateRegistries(time)
    (outcome,) = Ensurer(registries=registries, clock=time.clock).ensure([image("api")], timeout=20)
    assert isinstance(outcome, TimedOut)
    assert outcome.seconds == pytest.approx(20)
    assert registries.calls[-1] == ("check", "api", 1_000_000.0 + 20)


@pytest.mark.parametrize("repositories", [1, 2, 12, 40])
@pytest.mark.parametrize("timeout", [12.0, 20.3, 34.7, 120.0])
def test_calls_are_rare_up_to_the_deadline_and_there_are_none_after_it(repositories: int, timeout: float) -> None:
    time = Time()
    registries = LateRegistries(time)
    images = [image(f"team/{number:02}") for number in range(repositories)]
    outcomes = Ensurer(registries=registries, clock=time.clock).ensure(images, timeout=timeout)
    assert all(isinstance(outcome, TimedOut) for outcome in outcomes)
    assert time.seconds == pytest.approx(1_000_000.0 + timeout)
    moments = [at - 1_000_000.0 for _, _, at in registries.calls]
    gaps = [later - earlier for earlier, later in pairwise(moments) if later > 10]
    assert all(gap >= 0.999 for gap in gaps)


def test_a_wait_is_reported_every_second() -> None:
    time = Time()
    request_number: list[tuple[Sequence[ImageReference], float]] = []
    Ensurer(
        registries=LateRegistries(time),
        clock=time.clock,
        on_waiting=lambda images, seconds: request_number.append((images, seconds)),
    ).ensure([image("api"), image("web")], timeout=20)
    assert request_number[0] == ([image("api"), image("web")], 0.0)
    assert all(later - earlier <= 1 for (_, earlier), (_, later) in pairwise(request_number))


@pytest.mark.parametrize(
    ("names", "columns", "text"),
    [
        pytest.param(["api"], 79, "Waiting for api 3 s", id="one repository"),
        pytest.param(["api", "web", "cli"], 79, "Waiting for api, web and 1 more 3 s", id="the first two by name"),
        pytest.param(["a" * 90], 40, f"Waiting for {'a' * 23}… 3 s", id="names are omitted on a narrow terminal"),
    ],
)
def test_the_progress_line(names: list[str], columns: int, text: str) -> None:
    assert waiting_text([image(name) for name in names], 3.2, columns=columns) == text
    assert len(text) <= columns


EXISTS = Exists(image=image("api"), seconds=0, calls=1)
REFUSED = Refused(image=image("api"), refusal=Refusal(reason="name-denied"), seconds=1, calls=2)
LATE = TimedOut(image=image("api"), seconds=120, calls=30)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        pytest.param([EXISTS, EXISTS], 0, id="all exist"),
        pytest.param([EXISTS, LATE], 18, id="one is late"),
        pytest.param([LATE, REFUSED, EXISTS], 19, id="one is refused, so that waiting is useless"),
        pytest.param([], 0, id="none was requested"),
    ],
)
def test_exit_codes(outcomes: Sequence[Outcome], code: int) -> None:
    assert exit_code_of(outcomes) == code


@settings(deadline=None)
@given(st.floats(min_value=0.01, max_value=100), st.integers(min_value=1, max_value=12))
def test_checks_are_rare_and_at_most_one_is_superfluous(after: float, repositories: int) -> None:
    time = Time()
    names = [f"team/{number:02}" for number in range(repositories)]
    registries = LateRegistries(time, after=dict.fromkeys(names, after))
    outcomes = Ensurer(registries=registries, clock=time.clock).ensure(map(image, names), timeout=120)
    assert all(isinstance(outcome, Exists) for outcome in outcomes)
    for name in names:
        moments = [at - 1_000_000.0 for _, called, at in registries.calls if called == name]
        assert sum(moment > moments[0] + after for moment in moments) <= 1, "at most one check after it existed"
    moments = sorted(at - 1_000_000.0 for _, _, at in registries.calls)
    gaps = [later - earlier for earlier, later in pairwise(moments) if earlier > 10]
    assert all(gap >= 0.999 for gap in gaps), "at most one call a second after ten seconds, for all together"


def test_a_repository_that_ecr_creates_during_the_push_takes_no_call_and_keeps_its_position() -> None:
    time = Time()
    registries = LateRegistries(time, after={"api": 0, "web": 0})
    ensurer = Ensurer(
        registries=registries, clock=time.clock, template_of=lambda image: "T" if image.repository == "web" else None
    )
    web, api = ensurer.ensure([image("web"), image("api"), image("web", "2")], timeout=10)
    assert web == CreatedOnPush(image=image("web"), template="T")
    assert api == Exists(image=image("api"), seconds=0.0, calls=1)
    assert [name for _, name, _ in registries.calls] == ["api"]
    assert exit_code_of([web, api]) == 0
    (failed,) = ensurer.ensure([image("web")], timeout=10, push_failed=True)
    assert failed == Exists(image=image("web"), seconds=0.0, calls=1)
