"""A function with a URL, and callers of it."""

from __future__ import annotations

import json
from typing import Any

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.signed_requests import Reply
from sandbox.tests.stacks import MEMBER, arn_of, assume

OBEDIENT = """
import base64, json, os, time
def handle(event, context):
    if "requestContext" not in event:
        if "raise" in event: raise ValueError(event["raise"])
        return {"asynchronous": event}
    body = event.get("body") or "{}"
    order = json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
    if "sleep" in order: time.sleep(order["sleep"])
    if "meet" in order:  # [a folder, a number]: wait until that many runs are in progress, this one of them
        folder, number = order["meet"]
        open(f"{folder}/{os.getpid()}", "w").close()
        while len(os.listdir(folder)) < number: time.sleep(0.01)
    if "exit" in order: os._exit(order["exit"])
    if "raise" in order: raise ValueError(order["raise"])
    if "again" in order:
        import botocore.session
        client = botocore.session.get_session().create_client("lambda")
        answer = client.invoke(FunctionName=context.invoked_function_arn, InvocationType="Event",
                               Payload=json.dumps(order["again"]))
        return {"statusCode": answer["StatusCode"]}
    if "answer" in order: return order["answer"]
    return {"event": event, "request": context.aws_request_id}
"""
CALLS = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]


def with_url(sandbox: Sandbox, arn: str) -> str:
    """The address of a new URL that admits nobody."""
    made = sandbox.client("lambda").create_function_url_config(FunctionName=arn, AuthType="AWS_IAM")
    address: str = made["FunctionUrl"]
    return address


def admit(sandbox: Sandbox, *, without: str | None = None, **changed: Any) -> None:
    """Admit the organization through the URL only; `without` leaves out the grant of that name."""
    organization = sandbox.client("organizations").describe_organization()["Organization"]["Id"]
    grants: dict[str, dict[str, Any]] = {
        "url": {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"},
        "function": {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    }
    for name, grant in grants.items():
        if name != without:
            common = {"Principal": "*", "PrincipalOrgID": organization, **changed}
            sandbox.client("lambda").add_permission(FunctionName="tiny", StatementId=name, **grant, **common)


def caller(sandbox: Sandbox, *statements: dict[str, Any], account: str = MEMBER, name: str = "pusher") -> Credentials:
    """A session of a role with only these permissions."""
    iam = sandbox.client("iam", account=account)
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusted))
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="url", PolicyDocument=document(*statements))
    return assume(sandbox, arn_of(name, account), account=account)


def document(*statements: dict[str, Any]) -> str:
    """An IAM policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def forbidden(reply: Reply) -> bool:
    """Whether the request was refused as one without permission."""
    return (reply.status, reply.json(), reply.error) == (403, {"Message": "Forbidden"}, "AccessDeniedException")
