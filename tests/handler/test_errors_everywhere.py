"""An error of every kind at every AWS call: temporary errors are retried, permanent ones are reported once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from aws_org_sandbox.faults import Crash, Delay, Drop, Effect, Error, Moment, Throttle
from aws_org_sandbox.sandbox import Sandbox
from deployer.planning.synthesis import Synthesis
from handler import reasons
from handler.concluding import FINAL_DENIAL
from handler.creation import PAUSES
from tests.handler.installation import install_once, shared_installation
from tests.handler.paths import PATHS, CallNumber, Path, PathRecorder
from tests.handler.test_requests_everywhere import ONLY_OF_REQUESTS
from tests.handler.trials import Disturbance, FinalState, Trial, problems, redrive, run

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


Place = tuple[Path, CallNumber]
"""A call, and the path that leads to it."""


_found: list[Place] = []


def install_and_record_calls(sandbox: Sandbox) -> None:
    """The state that every test begins with: the handler is installed, and its calls are known."""
    install_once(sandbox)
    with pytest.MonkeyPatch.context() as patch:
        _found[:] = find_places(PathRecorder.prepare(shared_installation(), patch))


pytestmark = [pytest.mark.begins_with(prepare=install_and_record_calls), pytest.mark.usefixtures("many_processes")]


@pytest.fixture
def places() -> list[Place]:
    """Every call that the handler makes, each in one path that has it."""
    assert _found
    return list(_found)


def find_places(path_recorder: PathRecorder) -> list[Place]:
    """Send an undisturbed event on every path, and list its calls."""
    cold, *others = (path for path in PATHS.values() if not path.is_warm)
    found = [(cold, call) for call in path_recorder.calls(cold)]
    known = {operation for _, (operation, _) in found}
    for path in others:
        found += [(path, call) for call in path_recorder.calls(path) if path.only or call[0] not in known]
    return found


def disturbed(
    path_recorder: PathRecorder, places: Sequence[Place], effects: Sequence[Mapping[str, Any]]
) -> list[Trial]:
    """A trial for each place, in which that call is disturbed."""
    return [
        trial
        for (path, (operation, nth)), effect in zip(places, effects, strict=True)
        for trial in path_recorder.trials(path, [[Disturbance(operation=operation, nth=nth, **effect)]])
    ]


def problems_of_trials(final_state: FinalState, places: Sequence[Place], trials: Sequence[Trial]) -> list[str]:
    """The problems of the trials, each of which must end as its path does."""
    pairs = zip(places, trials, strict=True)
    return [problem for (path, _), trial in pairs for problem in problems(final_state, [trial], ends=path.ends)]


def problems_after_redrive(
    path_recorder: PathRecorder, before: FinalState, places: Sequence[Place], trials: Sequence[Trial]
) -> list[str]:
    """The same after the causes are repaired and the events redriven, when AWS accepts every creation."""
    return [
        problem
        for (path, _), trial in zip(places, trials, strict=True)
        for problem in redrive(path_recorder.installed, before, [trial], ends=path.ends_after_repair)
    ]


def test_every_call_that_the_roles_allow_is_covered(path_recorder: PathRecorder, places: list[Place]) -> None:
    made = {operation for _, (operation, _) in places}
    assert made == allowed(path_recorder.installed.synthesis) - ONLY_OF_REQUESTS
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


@pytest.mark.parametrize(("effect", "moment", "times"), TRANSIENT.values(), ids=TRANSIENT)
def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_a_while(
    path_recorder: PathRecorder, places: list[Place], effect: Effect, moment: Moment, times: int
) -> None:
    effects = [{"effect": effect, "moment": moment, "times": times}] * len(places)
    trials = disturbed(path_recorder, places, effects)
    final_state = run(path_recorder.installed, trials)
    assert problems_of_trials(final_state, places, trials) == []
    in_queue = {trial.event_id for trial in trials if final_state.messages.get(trial.event_id)}
    failed = {trial.event_id for (path, _), trial in zip(places, trials, strict=True) if path.ends == "failed"}
    assert in_queue == failed


def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_too_long(
    path_recorder: PathRecorder, places: list[Place]
) -> None:
    places = [(path, call) for path, call in places if call[0] != "PutEvents"]
    trials = disturbed(path_recorder, places, [{"effect": Throttle(), "times": None}] * len(places))
    final_state = run(path_recorder.installed, trials)
    assert problems(final_state, trials) == []
    assert conditions(final_state, trials) == ["RetriesExhausted"] * len(trials)
    for (path, (_, nth)), trial in zip(places, trials, strict=True):
        died = sum(isinstance(lead.effect, Crash) for lead in path.lead) + (path.is_observed and nth - 1)
        assert trial.faults[-1].hits == ATTEMPTS * (ATTEMPTS - died), trial

    assert problems_after_redrive(path_recorder, final_state, places, trials) == []


def test_invariants_1_2_3_4_5_6_hold_wherever_aws_refuses_permanently(
    path_recorder: PathRecorder, places: list[Place]
) -> None:
    first = {operation: (path, (operation, nth)) for path, (operation, nth) in reversed(places)}
    places = [first[operation] for operation, _, _ in REFUSALS]
    trials = disturbed(path_recorder, places, [{"effect": Error(code=code), "times": None} for _, code, _ in REFUSALS])
    final_state = run(path_recorder.installed, trials)
    assert problems(final_state, trials, ends="failed") == []
    assert conditions(final_state, trials) == ["PermanentFailure"] * len(trials)
    assert [trial.faults[-1].hits for trial in trials] == [asked(*one) for one in REFUSALS]
    for trial, (operation, _, reason) in zip(trials, REFUSALS, strict=True):
        (record,) = final_state.records[trial.event_id]
        assert (record.reason, operation in (record.detail or "")) == (reason, True)
        (message,) = final_state.messages[trial.event_id]
        assert message["responsePayload"] == {"errorType": reason, "errorMessage": record.detail}

    assert redrive(path_recorder.installed, final_state, trials, ends="created") == []


@pytest.mark.parametrize("effect", [Throttle(), Error(code="AccessDeniedException")], ids=["throttled", "refused"])
def test_invariants_1_2_3_4_5_6_hold_if_a_notice_cannot_be_sent_which_is_not_a_failure(
    path_recorder: PathRecorder, effect: Effect
) -> None:
    places = [(PATHS["a cold start"], ("PutEvents", 1))]
    trials = disturbed(path_recorder, places, [{"effect": effect, "times": None}])
    final_state = run(path_recorder.installed, trials)
    assert problems(final_state, trials, ends="created") == []
    assert not final_state.messages


def test_invariant_5_a_ledger_that_refuses_permanently_leaves_the_event_in_the_failures_queue(
    path_recorder: PathRecorder, places: list[Place]
) -> None:
    places = [(path, call) for path, call in places if call[0] in LEDGER]
    refusal = {"effect": Error(code="AccessDeniedException"), "times": None}
    trials = disturbed(path_recorder, places, [refusal] * len(places))
    final_state = run(path_recorder.installed, trials)
    assert problems(final_state, trials) == []
    assert conditions(final_state, trials) == ["RetriesExhausted"] * len(trials)

    assert problems_after_redrive(path_recorder, final_state, places, trials) == []


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
