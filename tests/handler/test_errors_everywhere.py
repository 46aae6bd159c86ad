"""An error of every kind at every AWS call: temporary errors are retried, permanent ones are reported once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from aws_org_sandbox.faults import Crash, Delay, Drop, Effect, Error, Moment, Throttle
from aws_org_sandbox.functions import pool
from aws_org_sandbox.pytest_plugin import check
from aws_org_sandbox.sandbox import Sandbox
from deployer.planning.synthesis import Synthesis
from handler import reasons
from handler.concluding import FINAL_DENIAL
from handler.creation import PAUSES
from tests.handler.installation import install
from tests.handler.paths import PATHS, CallNumber, Path, PathRecorder
from tests.handler.test_requests_everywhere import ONLY_OF_REQUESTS
from tests.handler.trials import Disturbance, FinalState, Trial, after_redrive, problems, run

LEDGER = frozenset({"UpdateItem", "GetItem", "ExecuteStatement", "Query"})
"""Calls whose failure cannot be written down: it is the ledger that fails."""

PUTS = frozenset({"PutLifecyclePolicy", "SetRepositoryPolicy", "PutImageScanningConfiguration"})
"""Calls that are made again within an attempt if AWS denies them."""

ATTEMPTS = 3
"""botocore's at one call, and Lambda's at one event."""

TRANSIENT: dict[str, tuple[Effect, Moment, int]] = {
    "it is throttled": (Throttle(), Moment.BEFORE, ATTEMPTS),
    "an error of the service": (Error(code="InternalFailure", status=500), Moment.BEFORE, ATTEMPTS),
    "an error of the service after the work is done": (
        Error(code="InternalFailure", status=503),
        Moment.AFTER,
        ATTEMPTS,
    ),
    "the connection breaks": (Drop(), Moment.BEFORE, ATTEMPTS),
    "a time-out after the work is done": (Delay(seconds=4.5), Moment.AFTER, 1),
    "the credentials are stale": (Error(code="ExpiredTokenException"), Moment.BEFORE, 1),
}

REFUSALS = [
    ("DescribeAccount", "AccessDeniedException", "organization-not-readable"),
    ("ListParents", "AccessDeniedException", "organization-not-readable"),
    ("AssumeRole", "AccessDenied", "role-not-assumable"),
    ("CreateRepository", "AccessDeniedException", "access-denied"),
    ("CreateRepository", "KmsException", "kms-failed"),
    ("CreateRepository", "LimitExceededException", "quota-reached"),
    ("CreateRepository", "TooManyTagsException", "settings-not-accepted"),
    ("CreateRepository", "InvalidTagParameterException", "settings-not-accepted"),
    ("CreateRepository", "ValidationException", "settings-not-accepted"),
    ("CreateRepository", "SomethingNewException", "request-not-accepted"),
    ("ListTagsForResource", "AccessDeniedException", "access-denied"),
    ("DescribeRepositories", "AccessDeniedException", "access-denied"),
    ("PutLifecyclePolicy", "AccessDeniedException", "access-denied"),
    ("PutLifecyclePolicy", "InvalidParameterException", "settings-not-accepted"),
    ("SetRepositoryPolicy", "AccessDeniedException", "access-denied"),
    ("SetRepositoryPolicy", "InvalidParameterException", "settings-not-accepted"),
    ("TagResource", "TooManyTagsException", "settings-not-accepted"),
    ("PutImageScanningConfiguration", "AccessDeniedException", "access-denied"),
]


NOTICES: dict[str, Effect] = {
    "throttled notices": Throttle(),
    "refused notices": Error(code="AccessDeniedException"),
}
TOO_LONG, REFUSED, NO_LEDGER = "it is throttled for too long", "AWS refuses permanently", "the ledger refuses"


Place = tuple[Path, CallNumber]
"""A call, and the path that leads to it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Trials in each of which the call of one place is disturbed."""

    places: Sequence[Place]
    trials: Sequence[Trial]

    def problems_on_paths(self, final_state: FinalState) -> list[str]:
        """The problems of the trials, each of which must end as its path does."""
        pairs = zip(self.places, self.trials, strict=True)
        return [problem for (path, _), trial in pairs for problem in problems(final_state, [trial], ends=path.ends)]

    def problems_after_redrive(self, before: FinalState, after: FinalState) -> list[str]:
        """The problems of the redriven trials, each of which must end as its path does when AWS accepts everything."""
        return [
            problem
            for (path, _), trial in zip(self.places, self.trials, strict=True)
            if before.messages.get(trial.event_id)
            for problem in problems(after, [trial], ends=path.ends_after_repair)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """All groups, and how they ended."""

    synthesis: Synthesis
    places: Sequence[Place]
    """Every call that the handler makes, each in one path that has it."""
    groups: Mapping[str, Group]
    final_state: FinalState
    problems: Mapping[str, Sequence[str]]
    problems_after_redrive: Mapping[str, Sequence[str]]
    """The problems after the causes were repaired, and all events that had failed were redriven."""


@pytest.fixture(scope="module")
def handled(running_sandbox: Sandbox) -> Iterator[Handled]:
    """The trials of all tests: they share processes, whose starts take longer than the events, and wait together."""
    running_sandbox.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "MAX_ENVIRONMENTS", 16)
        path_recorder = PathRecorder.prepare(install(running_sandbox), patch)
        yield handle(path_recorder, find_places(path_recorder))
    check(running_sandbox)


def handle(path_recorder: PathRecorder, places: Sequence[Place]) -> Handled:
    groups = disturbed_groups(path_recorder, places)
    trials = [trial for group in groups.values() for trial in group.trials]
    before = run(path_recorder.installed, trials)
    found = {name: problems_of(name, group, before) for name, group in groups.items()}
    after = after_redrive(path_recorder.installed, before, trials)
    return Handled(
        synthesis=path_recorder.installed.synthesis,
        places=places,
        groups=groups,
        final_state=before,
        problems=found,
        problems_after_redrive={name: group.problems_after_redrive(before, after) for name, group in groups.items()},
    )


def disturbed_groups(path_recorder: PathRecorder, places: Sequence[Place]) -> dict[str, Group]:
    """Trials of every kind of error."""

    def group(places: Sequence[Place], effects: Sequence[Effect], times: int | None = None, **more: Moment) -> Group:
        trials = [
            trial
            for (path, (operation, nth)), effect in zip(places, effects, strict=True)
            for trial in path_recorder.trials(
                path, [[Disturbance(operation=operation, nth=nth, effect=effect, times=times, **more)]]
            )
        ]
        return Group(places, trials)

    groups = {
        name: group(places, [effect] * len(places), times, moment=moment)
        for name, (effect, moment, times) in TRANSIENT.items()
    }
    lasting = [(path, call) for path, call in places if call[0] != "PutEvents"]
    groups[TOO_LONG] = group(lasting, [Throttle()] * len(lasting))
    first = {operation: (path, (operation, nth)) for path, (operation, nth) in reversed(places)}
    groups[REFUSED] = group(
        [first[operation] for operation, _, _ in REFUSALS], [Error(code=code) for _, code, _ in REFUSALS]
    )
    of_ledger = [(path, call) for path, call in places if call[0] in LEDGER]
    groups[NO_LEDGER] = group(of_ledger, [Error(code="AccessDeniedException")] * len(of_ledger))
    notice = (PATHS["a cold start"], ("PutEvents", 1))
    return groups | {name: group([notice], [effect]) for name, effect in NOTICES.items()}


def problems_of(name: str, group: Group, final_state: FinalState) -> list[str]:
    """The problems of a group, before anything is redriven."""
    if name in TRANSIENT:
        return group.problems_on_paths(final_state)
    ends = {REFUSED: "failed"} | dict.fromkeys(NOTICES, "created")
    return problems(final_state, group.trials, ends=ends.get(name))


def find_places(path_recorder: PathRecorder) -> list[Place]:
    """Send an undisturbed event on every path, and list its calls."""
    cold, *others = (path for path in PATHS.values() if not path.is_warm)
    found = [(cold, call) for call in path_recorder.calls(cold)]
    known = {operation for _, (operation, _) in found}
    for path in others:
        found += [(path, call) for call in path_recorder.calls(path) if path.only or call[0] not in known]
    return found


def test_every_call_that_the_roles_allow_is_covered(handled: Handled) -> None:
    made = {operation for _, (operation, _) in handled.places}
    assert made == allowed(handled.synthesis) - ONLY_OF_REQUESTS
    assert made == {operation for operation, _, _ in REFUSALS} | LEDGER | {"PutEvents", "SendMessage"}


def allowed(synthesis: Synthesis) -> set[str]:
    """The operations that the handler's two roles allow, without what Lambda, ECR and KMS do in their name."""
    roles = (
        synthesis.central.to_dict()["Resources"]["HandlerRole"],
        synthesis.access.to_dict()["Resources"]["CreatorRole"],
    )
    statements = [said for role in roles for said in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]]
    listed = [[said["Action"]] if isinstance(said["Action"], str) else said["Action"] for said in statements]
    actions = {action for some in listed for action in some if action.split(":")[0] not in {"logs", "kms"}}
    return {action.split(":")[1] for action in actions - {"dynamodb:PartiQLInsert"}} | {"ExecuteStatement"}


@pytest.mark.parametrize("name", TRANSIENT)
def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_a_while(handled: Handled, name: str) -> None:
    assert handled.problems[name] == []
    group, final_state = handled.groups[name], handled.final_state
    in_queue = {trial.event_id for trial in group.trials if final_state.messages.get(trial.event_id)}
    pairs = zip(group.places, group.trials, strict=True)
    assert in_queue == {trial.event_id for (path, _), trial in pairs if path.ends == "failed"}
    assert handled.problems_after_redrive[name] == []


def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_too_long(handled: Handled) -> None:
    group = handled.groups[TOO_LONG]
    assert handled.problems[TOO_LONG] == []
    assert conditions(handled.final_state, group.trials) == ["RetriesExhausted"] * len(group.trials)
    for (path, (_, nth)), trial in zip(group.places, group.trials, strict=True):
        died = sum(isinstance(lead.effect, Crash) for lead in path.lead) + (path.is_observed and nth - 1)
        assert trial.faults[-1].hits == ATTEMPTS * (ATTEMPTS - died), trial

    assert handled.problems_after_redrive[TOO_LONG] == []


def test_invariants_1_2_3_4_5_6_hold_wherever_aws_refuses_permanently(handled: Handled) -> None:
    trials, final_state = handled.groups[REFUSED].trials, handled.final_state
    assert handled.problems[REFUSED] == []
    assert conditions(final_state, trials) == ["PermanentFailure"] * len(trials)
    assert [trial.faults[-1].hits for trial in trials] == [asked(*one) for one in REFUSALS]
    for trial, (operation, _, reason) in zip(trials, REFUSALS, strict=True):
        (record,) = final_state.records[trial.event_id]
        assert (record.reason, operation in (record.detail or "")) == (reason, True)
        (message,) = final_state.messages[trial.event_id]
        assert message["responsePayload"] == {"errorType": reason, "errorMessage": record.detail}

    assert handled.problems_after_redrive[REFUSED] == []


@pytest.mark.parametrize("name", NOTICES)
def test_invariants_1_2_3_4_5_6_hold_if_a_notice_cannot_be_sent_which_is_not_a_failure(
    handled: Handled, name: str
) -> None:
    assert handled.problems[name] == []
    (trial,) = handled.groups[name].trials
    assert not handled.final_state.messages.get(trial.event_id)


def test_invariant_5_a_ledger_that_refuses_permanently_leaves_the_event_in_the_failures_queue(
    handled: Handled,
) -> None:
    trials = handled.groups[NO_LEDGER].trials
    assert handled.problems[NO_LEDGER] == []
    assert conditions(handled.final_state, trials) == ["RetriesExhausted"] * len(trials)
    assert handled.problems_after_redrive[NO_LEDGER] == []


def asked(operation: str, code: str, reason: str) -> int:
    """How often AWS is asked: once, unless it denies access, which may pass.

    Policies that are denied are put again within an attempt, too. botocore takes LimitExceeded for throttling, and
    so asks three times in a second.
    """
    if code == "LimitExceededException":
        return ATTEMPTS
    tries = 1 + len(PAUSES) if operation in PUTS else 1
    return FINAL_DENIAL * tries if reason in reasons.RETRYABLE_DENIALS else 1


def conditions(final_state: FinalState, trials: Sequence[Trial]) -> list[str]:
    """Why each event is in the failures queue, in the trials' order."""
    return [
        message["requestContext"]["condition"]
        for trial in trials
        for message in final_state.messages.get(trial.event_id, [])
    ]
