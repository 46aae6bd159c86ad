"""Hundreds of calls stay within AWS's rates, whoever makes them, and wait no longer than necessary."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPResponse

from deployer.aws.pacing import RATES, Pacer, Rate
from deployer.aws.session import Session
from tests.clocks import Time

XML = b"<Response><ListStackInstancesResult/><ListStackSetsResult/></Response>"


@given(
    rate=st.builds(Rate, st.sampled_from([0.5, 5.0, 10.0]), st.integers(1, 20)),
    latencies=st.lists(st.sampled_from([0.0, 0.05, 0.3, 5.0]), max_size=60),
)
def test_calls_of_any_duration_stay_within_a_token_bucket_of_the_same_rate(rate: Rate, latencies: list[float]) -> None:
    time = Time()
    pacer = Pacer(rate, time.clock)
    started = []
    for latency in latencies:
        pacer.wait()
        started.append(time.seconds)
        if latency:
            time.sleep(latency)
    tokens, at = float(rate.burst), 1_000_000.0
    for moment in started:
        tokens = min(rate.burst, tokens + (moment - at) * rate.per_second) - 1
        at = moment
        assert tokens >= -1e-3


def test_a_call_waits_only_for_the_rate() -> None:
    time = Time()
    pacer = Pacer(Rate(5, 3), time.clock)
    started = []
    for _ in range(8):
        pacer.wait()
        started.append(time.seconds)
    assert [round(after - before, 3) for before, after in pairwise(started)] == [0, 0, *[0.2] * 5]


def response(body: bytes) -> AWSResponse:
    return AWSResponse("", 200, HTTPHeaders(), HTTPResponse(body=BytesIO(body), preload_content=False))


def test_clients_of_a_session_are_paced() -> None:
    def waited(service: Any, operation: str, answer: bytes, **arguments: str) -> float:
        time = Time()
        keys: Any = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
        client: Any = Session(region="eu-west-1", clock=time.clock, **keys).client(service)
        client.meta.events.register("before-send", lambda **_: response(answer))
        for _ in range(25):
            getattr(client, operation)(**arguments)
        return round(time.seconds - 1_000_000.0, 3)

    assert RATES == {"organizations": (5, 20), "cloudformation.ListStackInstances": (10, 20)}
    assert waited("organizations", "list_roots", b"{}") == 1.0
    assert waited("cloudformation", "list_stack_instances", XML, StackSetName="one") == 0.5
    assert waited("cloudformation", "list_stack_sets", XML) == 0
