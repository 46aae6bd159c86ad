"""The platform's lines around a function's own."""

from __future__ import annotations

import json

import pytest

from aws_org_sandbox.functions.logs import LogTarget, lines
from aws_org_sandbox.functions.runtime import Outcome

TIMED_OUT = Outcome(
    payload=json.dumps({"errorMessage": "RequestId: r-1 Error: Task timed out after 3.00 seconds"}).encode(),
    error="Sandbox.Timedout",
    timed_out=True,
    output="one\ntwo\r\xa0\xa0three\n",
    duration_ms=3000.4,
    max_memory_mb=40,
)


def target(*, json_format: bool) -> LogTarget:
    return LogTarget(
        account="200000000001",
        region="eu-west-1",
        group="/aws/lambda/tiny",
        stream="stream",
        role_arn="arn:aws:iam::200000000001:role/tiny-role",
        json_format=json_format,
        version="$LATEST",
        memory_mb=128,
        runtime="python3.13",
    )


def test_text_lines_have_the_duration_of_an_invocation_and_its_time_out() -> None:
    start, one, two, end, report, error_text = lines(TIMED_OUT, target=target(json_format=False), request_id="r-1")
    assert start == "START RequestId: r-1 Version: $LATEST"
    assert (one, two) == ("one", "two\n\xa0\xa0three")
    assert end == "END RequestId: r-1"
    assert report.split("\t")[1:] == [
        "Duration: 3000.40 ms",
        "Billed Duration: 3001 ms",
        "Memory Size: 128 MB",
        "Max Memory Used: 40 MB",
    ]
    assert error_text.endswith(" r-1 Task timed out after 3.00 seconds")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        pytest.param(Outcome(payload=b"null"), "success", id="success"),
        pytest.param(Outcome(payload=b"{}", error="ValueError"), "error", id="an error"),
        pytest.param(TIMED_OUT, "timeout", id="the time limit"),
    ],
)
def test_json_lines_contain_the_status(outcome: Outcome, status: str) -> None:
    report = json.loads(lines(outcome, target=target(json_format=True), request_id="r-1")[-1])
    assert report["type"] == "platform.report"
    assert report["record"]["status"] == status
    assert report["record"]["requestId"] == "r-1"


def test_a_cold_start_is_logged() -> None:
    written = lines(Outcome(payload=b"", init_ms=120.5), target=target(json_format=False), request_id="r-1")
    assert written[0].startswith("INIT_START")
    assert written[-1].endswith("Init Duration: 120.50 ms")
