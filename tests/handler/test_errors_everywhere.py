"""An error of every kind at every AWS call: what may pass is retried, what AWS refuses for good is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from deployer.sandbox.faults import Delay, Drop, Effect, Error, Moment, Throttle
from tests.handler.installation import Installed
from tests.handler.trials import BYSTANDER, Aftermath, Disturbance, Trial, problems, redrive, run

ANSWER_LOST = Disturbance(
    effect=Error(code="ServerException", status=500), operation="CreateRepository", moment=Moment.AFTER
)
"""The repository is made, but botocore hears of an error and asks again: the name is taken, by this very event."""
KEY_MISSING = Disturbance(effect=Error(code="KmsException"), operation="CreateRepository", times=None)
"""A creation that AWS refuses."""

CALLS: dict[str, Trial] = {
    operation: Trial(account="")
    for operation in (
        "DescribeAccount",
        "AssumeRole",
        "UpdateItem",
        "CreateRepository",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
        "ExecuteStatement",
    )
} | {
    operation: Trial(account="", disturbances=[ANSWER_LOST])
    for operation in ("ListTagsForResource", "GetItem", "DescribeRepositories")
}
"""Every call that leads to a repository, with what has to go before for it to be made."""

LEDGER = frozenset({"UpdateItem", "GetItem", "ExecuteStatement"})
"""Calls whose failure cannot be written down: it is the ledger that fails."""

ATTEMPTS = 3
"""botocore's at one call, and Lambda's at one event."""

TRANSIENT: dict[str, tuple[Effect, Moment, int]] = {
    "it is throttled": (Throttle(), Moment.BEFORE, ATTEMPTS),
    "an error of the service": (Error(code="InternalFailure", status=500), Moment.BEFORE, ATTEMPTS),
    "an error of the service, though it was done": (Error(code="InternalFailure", status=503), Moment.AFTER, ATTEMPTS),
    "the connection breaks": (Drop(), Moment.BEFORE, ATTEMPTS),
    "there is no answer in time, though it was done": (Delay(seconds=4.5), Moment.AFTER, 1),
}

REFUSALS = [
    ("DescribeAccount", "AccessDeniedException", "organization-not-readable"),
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
]


def trials_of(installed: Installed, disturbed: Sequence[tuple[Trial, Disturbance]]) -> list[Trial]:
    """Each in an account of its own."""
    accounts = installed.new_accounts(len(disturbed))
    return [
        replace(trial, account=account, disturbances=(*trial.disturbances, disturbance), faults=[])
        for account, (trial, disturbance) in zip(accounts, disturbed, strict=True)
    ]


@pytest.mark.parametrize(("effect", "moment", "times"), TRANSIENT.values(), ids=TRANSIENT)
def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_a_while(
    installed: Installed, effect: Effect, moment: Moment, times: int
) -> None:
    def disturbance(operation: str, nth: int = 1) -> Disturbance:
        return Disturbance(effect=effect, operation=operation, nth=nth, times=times, moment=moment)

    created = trials_of(installed, [(trial, disturbance(operation)) for operation, trial in CALLS.items()])
    given_back = trials_of(installed, [(Trial(account="", repository=BYSTANDER), disturbance("UpdateItem", 2))])
    failed = trials_of(installed, [(Trial(account="", disturbances=[KEY_MISSING]), disturbance("SendMessage"))])
    aftermath = run(installed, [*created, *given_back, *failed])
    assert problems(aftermath, created, ends="created") == []
    assert problems(aftermath, given_back, ends="exists") == []
    assert problems(aftermath, failed, ends="failed") == []
    assert not any(aftermath.messages.get(trial.event_id) for trial in (*created, *given_back))


def test_invariants_1_2_3_4_5_6_hold_wherever_a_call_fails_for_too_long(installed: Installed) -> None:
    trials = trials_of(
        installed,
        [
            (trial, Disturbance(effect=Throttle(), operation=operation, times=None))
            for operation, trial in CALLS.items()
        ],
    )
    aftermath = run(installed, trials)
    assert problems(aftermath, trials) == []
    assert conditions(aftermath, trials) == ["RetriesExhausted"] * len(trials)
    assert [trial.faults[-1].hits for trial in trials] == [ATTEMPTS * ATTEMPTS] * len(trials)

    assert redrive(installed, aftermath, trials, ends="created") == []


def test_invariants_1_2_3_4_5_6_hold_wherever_aws_refuses_for_good_which_is_not_tried_again(
    installed: Installed,
) -> None:
    disturbed = [
        (CALLS[operation], Disturbance(effect=Error(code=code), operation=operation, times=None))
        for operation, code, _ in REFUSALS
    ]
    trials = trials_of(installed, disturbed)
    aftermath = run(installed, trials)
    assert problems(aftermath, trials, ends="failed") == []
    assert conditions(aftermath, trials) == ["PermanentFailure"] * len(trials)
    assert [trial.faults[-1].hits for trial in trials] == [asked(code) for _, code, _ in REFUSALS]
    for trial, (operation, _, reason) in zip(trials, REFUSALS, strict=True):
        (record,) = aftermath.records[trial.event_id]
        assert (record.reason, operation in (record.detail or "")) == (reason, True)
        (message,) = aftermath.messages[trial.event_id]
        assert message["responsePayload"] == {"errorType": reason, "errorMessage": record.detail}

    assert redrive(installed, aftermath, trials, ends="created") == []


@pytest.mark.parametrize("effect", [Throttle(), Error(code="AccessDeniedException")], ids=["throttled", "refused"])
def test_invariants_1_2_3_4_5_6_hold_where_a_notice_cannot_be_sent_which_is_no_failure(
    installed: Installed, effect: Effect
) -> None:
    disturbance = Disturbance(effect=effect, operation="PutEvents", times=None)
    trials = trials_of(installed, [(Trial(account=""), disturbance)])
    aftermath = run(installed, trials)
    assert problems(aftermath, trials, ends="created") == []
    assert not aftermath.messages


def test_invariant_5_a_ledger_that_refuses_for_good_leaves_the_event_in_the_failures_queue(
    installed: Installed,
) -> None:
    refusal = Error(code="AccessDeniedException")
    disturbed = [
        (CALLS[operation], Disturbance(effect=refusal, operation=operation, times=None)) for operation in LEDGER
    ]
    trials = trials_of(installed, disturbed)
    aftermath = run(installed, trials)
    assert problems(aftermath, trials) == []
    assert conditions(aftermath, trials) == ["RetriesExhausted"] * len(trials)

    assert redrive(installed, aftermath, trials, ends="created") == []


def asked(code: str) -> int:
    """How often AWS is asked: once, but botocore takes LimitExceeded for throttling, and so three times in a second."""
    return ATTEMPTS if code == "LimitExceededException" else 1


def conditions(aftermath: Aftermath, trials: Sequence[Trial]) -> list[str]:
    """Why each event is in the failures queue, in the trials' order."""
    return [
        message["requestContext"]["condition"]
        for trial in trials
        for message in aftermath.messages.get(trial.event_id, [])
    ]
