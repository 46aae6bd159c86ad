"""A function's output as Lambda writes it to CloudWatch Logs: its own lines between START, END and REPORT.

In the JSON log format the platform's lines are JSON too; the runtime client decides the format of the function's.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import logs_backends

from aws_org_sandbox import iam, service_calls
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.functions.runtime import Outcome
from aws_org_sandbox.locks import lock_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTarget:
    """The log stream, format and permissions of the lines."""

    account: str
    region: str
    group: str
    stream: str
    role_arn: str
    json_format: bool
    version: str
    memory_mb: int
    runtime: str


def lines(outcome: Outcome, *, target: LogTarget, request_id: str) -> list[str]:
    """All that is logged about one invocation, in order."""
    own = [line.replace("\r", "\n") for line in outcome.output.split("\n") if line]  # \r separates lines of ONE message
    platform = _json_lines if target.json_format else _text_lines
    before, after = platform(outcome, target=target, request_id=request_id)
    return [*before, *own, *after]


def write(messages: list[str], *, target: LogTarget) -> None:
    """Write lines to the log stream with the function's role; without permission they are lost, as in AWS."""
    with suppress(Refused):
        _write(messages, target)


def _write(messages: list[str], target: LogTarget) -> None:
    backend = logs_backends[target.account][target.region]
    names = {"logGroupName": target.group, "logStreamName": target.stream}
    group = f"arn:aws:logs:{target.region}:{target.account}:log-group:{target.group}"
    stream = f"{group}:log-stream:{target.stream}"
    if target.group not in backend.groups:
        with _call(target, "CreateLogGroup", f"{group}:log-stream:", {"logGroupName": target.group}):
            backend.ensure_log_group(target.group)
    if target.stream not in backend.groups[target.group].streams:
        with _call(target, "CreateLogStream", stream, names):
            backend.create_log_stream(target.group, target.stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    with _call(target, "PutLogEvents", stream, names):
        backend.put_log_events(target.group, target.stream, events)


@contextmanager
def _call(target: LogTarget, operation: str, resource: str, parameters: Mapping[str, str]) -> Iterator[None]:
    """One call that Lambda makes as the function's role; raises Refused if the role may not."""
    principal = service_calls.role_principal(target.role_arn, session_name="awslambda", service="lambda.amazonaws.com")
    with service_calls.recorded("logs", operation, principal=principal, region=target.region, parameters=parameters):
        access = iam.Access(action=f"logs:{operation}", resource=resource, region=target.region)
        refusal = iam.refusal(target.role_arn, access)
        if refusal is not None:
            raise Refused("AccessDeniedException", refusal)
        with lock_of("logs"):
            yield


def _text_lines(outcome: Outcome, *, target: LogTarget, request_id: str) -> tuple[list[str], list[str]]:
    start = [] if outcome.init_ms is None else [f"INIT_START Runtime Version: {target.runtime}"]
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {math.ceil(outcome.duration_ms)} ms",
        f"Memory Size: {target.memory_mb} MB",
        f"Max Memory Used: {outcome.max_memory_mb} MB",
    ]
    if outcome.init_ms is not None:
        report.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    end = [f"END RequestId: {request_id}", "\t".join(report)]
    if error_text := _error_text(outcome):
        end.append(f"{_now()} {request_id} {error_text}")
    return [*start, f"START RequestId: {request_id} Version: {target.version}"], end


def _error_text(outcome: Outcome) -> str | None:
    """The platform's own report: the time limit, or the end of the process."""
    if outcome.error not in {"Sandbox.Timedout", "Runtime.ExitError"}:
        return None
    message = str(json.loads(outcome.payload)["errorMessage"])
    return message.split("Error: ", 1)[-1]


def _json_lines(outcome: Outcome, *, target: LogTarget, request_id: str) -> tuple[list[str], list[str]]:
    metrics = {
        "durationMs": round(outcome.duration_ms, 3),
        "billedDurationMs": math.ceil(outcome.duration_ms),
        "memorySizeMB": target.memory_mb,
        "maxMemoryUsedMB": outcome.max_memory_mb,
    }
    report: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": _status(outcome)}
    if outcome.error:
        report["errorType"] = outcome.error
    before = [_platform("platform.start", {"requestId": request_id, "version": target.version})]
    if outcome.init_ms is not None:
        metrics["initDurationMs"] = round(outcome.init_ms, 3)
        init = {"initializationType": "on-demand", "phase": "init", "runtimeVersion": target.runtime}
        before.insert(0, _platform("platform.initStart", init))
    return before, [_platform("platform.report", report)]


def _status(outcome: Outcome) -> str:
    if outcome.timed_out:
        return "timeout"
    return "error" if outcome.error else "success"


def _platform(kind: str, record: Mapping[str, Any]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record}, separators=(",", ":"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
