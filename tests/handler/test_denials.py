"""Denied access: raised for Lambda's next attempt, because new permissions may not have propagated, and final at the
second.
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from handler import reasons
from handler.concluding import FINAL_DENIAL
from handler.creation import PAUSES
from handler.errors import DeniedError, PermanentError
from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, LIFECYCLE, POLICY, World

KEY = (ACCOUNT, "eu-west-1", "team-a/api")
TRIES = 1 + len(PAUSES)
"""Of a policy, in each of Lambda's attempts."""
MESSAGE = "SetRepositoryPolicy in 300000000001 eu-west-1: denied"


def denial(reason: str = reasons.ACCESS_DENIED) -> PermanentError:
    return PermanentError(reason, MESSAGE)


@pytest.mark.parametrize("name", ["lifecycle", "policy"])
@pytest.mark.parametrize("times", range(1, TRIES * FINAL_DENIAL))
def test_a_policy_that_is_allowed_only_once_a_new_tag_takes_effect_is_set_and_nothing_is_reported(
    name: str, times: int
) -> None:
    world = World()
    world.faults.passing[name] = [denial() for _ in range(times)]
    world.deliver(world.handler(), load())
    held = world.repositories[KEY]
    assert (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)
    assert [outcome for outcome, _ in world.outcomes()] == ["created"]
    assert not world.messages
    assert [line["outcome"] for line in world.lines] == ["retry"] * (times // TRIES) + ["created"]


@pytest.mark.parametrize("reason", sorted(reasons.RETRYABLE_DENIALS))
def test_lambdas_next_attempt_uses_a_role_that_has_just_been_created(reason: str) -> None:
    world = World()
    world.faults.passing["create"] = [denial(reason)]
    world.deliver(world.handler(), load())
    assert world.outcomes() == [("created", "created")]
    assert not world.messages


@pytest.mark.parametrize("name", ["create", "creator", "describe", "lifecycle", "policy"])
def test_invariant_2_a_permanent_denial_is_one_record_and_one_message(name: str) -> None:
    world = World()
    if name in {"creator", "describe"}:  # an attempt created the repository and died
        world.faults.after[1] = RuntimeError()
        with pytest.raises(RuntimeError):
            world.handler().handle(load(), request_id="request-0")
    world.faults.by_name[name] = denial()
    world.deliver(world.handler(), load())
    assert world.outcomes() == [("failed", reasons.ACCESS_DENIED)]
    (record,) = world.records.values()
    assert MESSAGE in (record.detail or "")
    assert [message["reason"] for message in world.messages] == [reasons.ACCESS_DENIED]
    assert world.faults.calls.count("count_denial") == FINAL_DENIAL

    world.faults.by_name.clear()
    world.deliver(world.handler(), world.messages[0]["event"], request_id="request-2")
    assert sorted(outcome for outcome, _ in world.outcomes()) == ["created", "failed"]
    assert world.repositories[KEY].repository_policy == POLICY


@pytest.mark.parametrize("lost", range(3))
def test_a_denial_is_one_record_and_one_message_if_one_attempt_fails_for_another_reason(lost: int) -> None:
    world = World()
    passing: list[BaseException] = [denial(), denial(), denial()]
    passing[lost] = RuntimeError("the process died")
    world.faults.passing["policy"] = [
        error for error in passing for _ in range(TRIES if error is not passing[lost] else 1)
    ]
    world.deliver(world.handler(), load())
    assert world.outcomes() == [("failed", reasons.ACCESS_DENIED)]
    assert [message["reason"] for message in world.messages] == [reasons.ACCESS_DENIED]


def test_a_redrive_has_all_attempts_again() -> None:
    world = World()
    world.faults.by_name["create"] = denial()
    world.deliver(world.handler(), load())
    world.faults.by_name.clear()
    world.faults.passing["create"] = [denial()]
    world.deliver(world.handler(), load(), request_id="request-2")
    assert sorted(outcome for outcome, _ in world.outcomes()) == ["created", "failed"]


@pytest.mark.parametrize("reason", sorted(reasons.OUTCOMES["failed"] - reasons.RETRYABLE_DENIALS))
def test_a_denial_that_waiting_cannot_resolve_is_final_immediately(reason: str) -> None:
    world = World()
    world.faults.by_name["create"] = denial(reason)
    world.handler().handle(load(), request_id="request-1")
    assert world.outcomes() == [("failed", reason)]
    assert "count_denial" not in world.faults.calls


def test_an_attempt_that_cannot_be_counted_is_not_treated_as_the_last() -> None:
    world = World()
    world.faults.by_name["create"] = denial()
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "UpdateItem")
    world.faults.by_name["count_denial"] = throttled
    world.deliver(world.handler(), load())
    assert not world.records
    assert [message["reason"] for message in world.messages] == ["RetriesExhausted"]


def test_the_log_names_the_denial() -> None:
    world = World()
    world.faults.by_name["create"] = denial()
    with pytest.raises(DeniedError, match="access-denied: SetRepositoryPolicy"):
        world.handler().handle(load(), request_id="request-1")
    (line,) = world.lines
    assert line["outcome"] == "retry"
    assert MESSAGE in line["detail"]
