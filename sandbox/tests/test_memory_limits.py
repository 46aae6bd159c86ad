"""What a sandbox that runs for days drops: the oldest calls, tokens, sessions and log events."""

from __future__ import annotations

import gc
import json
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.common_models import BaseModel
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

from aws_org_sandbox import calls, credentials
from aws_org_sandbox.calls import Call, CallLog
from aws_org_sandbox.credentials import Principal
from aws_org_sandbox.ecr import tokens
from aws_org_sandbox.errors import SandboxError
from aws_org_sandbox.resources import gaps
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original

SHOP = "300000000001"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def call(id_: str, *, at: datetime) -> Call:
    return Call(
        id=id_,
        service="ecr",
        operation="DescribeRepositories",
        region="eu-west-1",
        principal=Principal(arn="arn", account=SHOP, access_key_id="AKIA", user_id="AIDA"),
        parameters={},
        source_ip="127.0.0.1",
        user_agent="test",
        started=at,
    )


@given(st.lists(st.integers(0, 3 * 3600)))
def test_the_log_keeps_the_latest_calls_whatever_their_times(seconds: list[int]) -> None:
    log, whole = CallLog(kept=10), CallLog(kept=None)
    for number, second in enumerate(sorted(seconds)):
        for each in (log, whole):
            each.append(call(str(number), at=NOW + timedelta(seconds=second)))
    assert len(list(whole)) == log.total == len(log) == len(seconds)
    kept = [int(one.id) for one in log.latest]
    assert len(kept) <= 10
    assert kept == list(range(len(seconds)))[len(seconds) - len(kept) :]
    if kept:
        started = [one.started for one in log.latest]
        assert started[-1] - started[0] <= calls.KEPT
        newest_dropped = sorted(seconds)[len(seconds) - len(kept) - 1]
        is_full, is_old = len(kept) == 10, NOW + timedelta(seconds=newest_dropped) < started[-1] - calls.KEPT
        assert len(kept) == len(seconds) or is_full or is_old, "nothing is dropped without a reason"


def test_calls_are_not_counted_in_a_log_that_dropped_some() -> None:
    log = CallLog(kept=1)
    log.append(call("1", at=NOW))
    assert len(log.of("ecr")) == 1
    log.append(call("2", at=NOW))
    with pytest.raises(SandboxError, match="only 1 of 2 calls"):
        log.of("ecr")


def test_the_latest_tokens_are_kept(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "KEPT_TOKENS", 3)
    issued = [tokens.issue("AKIA", session_token=None) for _ in range(5)]
    kept = [tokens.find(f"Basic {token.encoded}") for token in issued]
    assert kept == [None, None, *issued[2:]]


def test_sessions_that_expired_long_ago_are_dropped_and_no_others(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_SWEEP", 1)
    iam, sts = sandbox.client("iam", account=SHOP), sandbox.client("sts", account=SHOP)
    statement = {"Effect": "Allow", "Principal": {"AWS": SHOP}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def assume(name: str) -> str:
        key: str = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]["AccessKeyId"]
        return key

    keys = [assume(name) for name in ("long-ago", "just-now", "valid")]
    sessions = sts_backends[SHOP]["aws"].assumed_roles
    sessions[0].expiration = utcnow() - credentials.KEPT_SESSIONS - timedelta(seconds=1)
    sessions[1].expiration = utcnow() - timedelta(seconds=1)
    keys.append(assume("another"))
    assert [session.access_key_id for session in sessions] == keys[1:]
    assert set(keys) & iam_backends[SHOP]["aws"].access_keys.keys() == set(keys[1:])


def test_the_latest_events_of_a_log_stream_are_kept(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "KEPT_LOG_EVENTS", 3)
    logs = sandbox.client("logs", account=SHOP)
    stream = {"logGroupName": "group", "logStreamName": "stream"}
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(**stream)
    now = int(datetime.now(UTC).timestamp() * 1000)
    for number in range(5):
        logs.put_log_events(**stream, logEvents=[{"timestamp": now + number, "message": str(number)}])
    found = logs.get_log_events(**stream, startFromHead=True)["events"]
    assert [event["message"] for event in found] == ["2", "3", "4"]


def test_a_model_is_freed_with_its_last_reference(sandbox: Sandbox) -> None:
    sqs = sandbox.client("sqs", account=SHOP)
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="gone")
    message = weakref.ref(sqs_backends[SHOP]["eu-west-1"].queues["queue"].messages[0])
    assert message() is not None
    sqs.purge_queue(QueueUrl=url)
    gc.collect()
    assert message() is None


def test_canary_moto_keeps_every_model(sandbox: Sandbox) -> None:
    class Kept(BaseModel):
        pass

    stock = original(BaseModel, "__new__").__func__
    made = stock(Kept)
    assert Kept.instances_tracked == [made]  # type: ignore[attr-defined]
    Kept()
    assert len(Kept.instances_tracked) == 1  # type: ignore[attr-defined]
