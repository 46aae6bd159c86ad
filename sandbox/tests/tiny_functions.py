"""Functions to run in the sandbox's Lambda: a zip of one module that does what its event asks for, and its role."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from aws_org_sandbox.sandbox import Sandbox

OBEDIENT = """
import logging, os, sys, time
print("loaded")
count = 0
def handle(event, context):
    global count
    count += 1
    order = event.get("detail", event)
    print("asked", order)
    if "log" in order: logging.getLogger().warning(order["log"])
    if "sleep" in order: time.sleep(order["sleep"])
    if "meet" in order:  # [a folder, a number]: go on when that many are there, this process one of them
        folder, number = order["meet"]
        open(f"{folder}/{os.getpid()}", "w").close()
        while len(os.listdir(folder)) < number: time.sleep(0.01)
    if "exit" in order: os._exit(order["exit"])
    if "raise" in order: raise ValueError(order["raise"])
    if "import" in order: return __import__(order["import"]).__file__
    if "call" in order:
        import botocore.session
        service, operation, parameters = order["call"]
        client = botocore.session.get_session().create_client(service)
        answer = getattr(client, operation)(**parameters)
        return {key: str(value) for key, value in answer.items()}
    return {"count": count, "pid": os.getpid(), "event": event, "environment": dict(os.environ),
            "request": context.aws_request_id, "arn": context.invoked_function_arn,
            "remaining": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb,
            "cwd": os.getcwd()}
"""
"""A handler that does what its event says, and answers with what it knows of itself."""


def zip_of(source: str, *, name: str = "app.py") -> bytes:
    """A zip that holds one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source)
    return buffer.getvalue()


def statement(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    """One statement that allows something."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create_role(
    sandbox: Sandbox, name: str, *, service: str, statements: list[dict[str, Any]], account: str | None = None
) -> str:
    """A role that a service may assume; returns its ARN."""
    iam = sandbox.client("iam", account=account)
    trust = policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=policy(*statements))
    return arn


def create_function(
    sandbox: Sandbox,
    name: str = "tiny",
    *,
    source: str = OBEDIENT,
    statements: list[dict[str, Any]] | None = None,
    **options: Any,
) -> str:
    """A function in the central account, with its own role, which may write logs by default."""
    allowed = [statement("logs:*")] if statements is None else statements
    role = create_role(sandbox, f"{name[:50]}-role", service="lambda.amazonaws.com", statements=allowed)
    created = sandbox.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Handler="app.handle",
        **({"Runtime": "python3.13", "Timeout": 10, "Code": {"ZipFile": zip_of(source)}} | options),
    )
    arn: str = created["FunctionArn"]
    return arn


def invoke(sandbox: Sandbox, name: str = "tiny", /, **order: Any) -> tuple[Any, str | None]:
    """The response of a synchronous invocation, and the type of its error."""
    answer = sandbox.client("lambda").invoke(FunctionName=name, Payload=json.dumps(order).encode())
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def create_queue(sandbox: Sandbox, name: str, *, admits: str | None = None, account: str | None = None) -> str:
    """A queue, to which the service in `admits` (if any) may send; returns its URL."""
    sqs = sandbox.client("sqs", account=account)
    attributes = {}
    if admits:
        attributes["Policy"] = policy(statement("sqs:SendMessage", Principal={"Service": admits}))
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def queue_arn(name: str, *, account: str, region: str = "eu-west-1") -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:{region}:{account}:{name}"


def messages(sandbox: Sandbox, url: str, *, account: str | None = None) -> list[dict[str, Any]]:
    """What is in a queue: bodies as JSON, attributes as plain text."""
    received = sandbox.client("sqs", account=account).receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        {
            "body": json.loads(message["Body"]),
            "attributes": {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        }
        for message in received.get("Messages", ())
    ]
