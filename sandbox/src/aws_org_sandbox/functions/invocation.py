"""Lambda: the real zip of a function runs in its own process, invoked by the API, by EventBridge, or by a retry.

moto keeps functions, versions, permissions and settings; it runs nothing without docker.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import LambdaFunction

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.faults import on_crash
from aws_org_sandbox.functions import asynchronous
from aws_org_sandbox.functions.code import folders
from aws_org_sandbox.functions.execution import execute
from aws_org_sandbox.functions.lookup import find
from aws_org_sandbox.functions.pool import Throttled, pool
from aws_org_sandbox.seams import answers, on_interrupt, on_reset

MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024


def invoke_async(function_arn: str, event: Mapping[str, Any] | bytes) -> str:
    """Put an event into the function's queue of asynchronous invocations and return the request id."""
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    request_id = str(uuid.uuid4())
    asynchronous.submit(function_arn, payload, request_id=request_id)
    return request_id


def process_of(access_key_id: str) -> int | None:
    """The running process that received these credentials, if any."""
    return pool.process_of(access_key_id)


@on_crash
def kill_process_of(access_key_id: str) -> bool:
    """Kill the process that received these credentials, to simulate a crash; False if none exists."""
    return pool.kill(access_key_id)


@on_interrupt
def _end_processes() -> None:
    pool.close()


@on_reset
def _forget() -> None:
    pool.close()
    folders.clear()
    pool.reopen()


@answers("lambda", "Invoke")
def invoke(call: Call) -> Mapping[str, Any]:
    """Run a function synchronously (RequestResponse), queue the event (Event), or only validate (DryRun)."""
    function = _addressed_function(call)
    payload = _payload(call)
    kind = call.parameters.get("InvocationType") or "RequestResponse"
    limit = MAX_ASYNCHRONOUS_BYTES if kind == "Event" else MAX_SYNCHRONOUS_BYTES
    if len(payload) > limit:
        raise Refused("RequestTooLargeException", f"Request must be smaller than {limit} bytes", status=413)
    if kind == "DryRun":
        return {"StatusCode": 204}
    if kind == "Event":
        invoke_async(function.function_arn, payload)
        return {"StatusCode": 202, "Payload": b""}
    return _invoke_now(function, payload, tail=call.parameters.get("LogType") == "Tail")


def _invoke_now(function: LambdaFunction, payload: bytes, *, tail: bool) -> Mapping[str, Any]:
    try:
        outcome = execute(function, payload, request_id=str(uuid.uuid4()))
    except Throttled as error:
        raise Refused("TooManyRequestsException", "Rate Exceeded.", status=429) from error
    response = {"StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": str(function.version)}
    if outcome.error:
        response["FunctionError"] = "Unhandled"
    if tail:
        response["LogResult"] = base64.b64encode(outcome.output.encode()[-4096:]).decode()
    return response


def _payload(call: Call) -> bytes:
    payload = call.parameters.get("Payload") or b"{}"
    payload = payload.encode() if isinstance(payload, str) else bytes(payload)
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Refused("InvalidRequestContentException", f"Could not parse request body into json: {error}") from error
    return payload


def _addressed_function(call: Call) -> LambdaFunction:
    """The function that the caller names, by name or ARN; the gate has already checked its policy."""
    name, _, qualifier = str(call.parameters["FunctionName"]).partition(":")
    requested = str(call.parameters["FunctionName"])
    if not requested.startswith("arn:"):
        requested = f"arn:aws:lambda:{call.region}:{call.account}:function:{name}" + (
            f":{qualifier}" if qualifier else ""
        )
    function = find(requested, qualifier=call.parameters.get("Qualifier"))
    if function is None:
        raise Refused("ResourceNotFoundException", f"Function not found: {requested}", status=404)
    return function
