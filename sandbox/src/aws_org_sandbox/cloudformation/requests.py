"""The inputs of API requests: templates, parameters, tags and capabilities, checked as in CloudFormation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation import engine
from aws_org_sandbox.cloudformation.engine import DesiredStack
from aws_org_sandbox.cloudformation.intrinsics import parameter_values
from aws_org_sandbox.cloudformation.stacks import PARTITION, Stack, stacks_in
from aws_org_sandbox.cloudformation.template import INLINE_LIMIT, URL_LIMIT, Template, TemplateError, parse
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.iam.trust import service_may_assume
from aws_org_sandbox.resources.clients import acting_as, client

INVALID = "ValidationError"
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_UNSUPPORTED = ("StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody", "ResourceTypes",
                "RollbackConfiguration", "NotificationARNs", "ResourcesToImport", "IncludeNestedStacks",
                "DeploymentConfig")  # fmt: skip


def invalid(message: str) -> Refused:
    """CloudFormation's error for nearly every invalid request."""
    return Refused(INVALID, message)


def check(call: Call) -> None:
    """Refuse what the sandbox does not support, instead of ignoring it."""
    for name in _UNSUPPORTED:
        if call.parameters.get(name):
            raise invalid(f"{name} is not supported by the sandbox")


def stack_name(call: Call) -> str:
    """The name of a new stack."""
    name = str(call.parameters["StackName"])
    if not _NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    return name


def find(call: Call, name: str | None = None) -> Stack:
    """The stack that a call names; refuses a missing one."""
    desired = name or str(call.parameters["StackName"])
    stack = stacks_in(call.account, call.region).find(desired)
    if stack is None:
        raise invalid(f"Stack with id {desired} does not exist")
    return stack


def desired_stack(call: Call, *, previous: Stack | None = None) -> DesiredStack:
    """The desired state of a stack in a request; `previous` is the stack to update."""
    check(call)
    try:
        template = template_of(call, previous=previous)
        engine.check_resources(template, region=call.region)
        if previous is not None:
            engine.check_update(previous, template)
        requested = _parameters(call, previous=previous)
        values = parameter_values(template.parameters, requested)
    except TemplateError as error:
        raise invalid(str(error)) from error
    capabilities = tuple(call.parameters.get("Capabilities") or ())
    _check_capabilities(template, capabilities)
    return DesiredStack(template=template, parameters=values, tags=_tags(call, previous), capabilities=capabilities)


def template_of(call: Call, *, previous: Stack | None = None) -> Template:
    """The template of a call, from its body, from S3, or the stack's current one."""
    body, url = call.parameters.get("TemplateBody"), call.parameters.get("TemplateURL")
    if call.parameters.get("UsePreviousTemplate"):
        if body or url or previous is None or previous.template is None:
            raise invalid("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        return previous.template
    if bool(body) == bool(url):
        raise invalid("Either Template URL or Template Body must be specified.")
    if url:
        return parse(_fetch(call, str(url)))
    if len(str(body).encode()) > INLINE_LIMIT:
        raise invalid(
            f"1 validation error detected: Value '{str(body)[:40]}...' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {INLINE_LIMIT}"
        )
    return parse(str(body))


def _fetch(call: Call, url: str) -> str:
    """A template in S3, read with the caller's permissions; path-style and virtual-hosted addresses."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    bucket, key = (host.split(".s3", 1)[0], path) if ".s3" in host else [*path.split("/", 1), ""][:2]
    try:
        with acting_as(caller_credentials(call)):
            body: bytes = client("s3", call.region).get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise invalid(f"S3 error: {error.response['Error']['Message']}") from error
    if len(body) > URL_LIMIT:
        raise invalid(f"Template may not exceed {URL_LIMIT} bytes in size.")
    return body.decode()


def _parameters(call: Call, *, previous: Stack | None) -> dict[str, str]:
    values: dict[str, str] = {}
    for item in call.parameters.get("Parameters") or ():
        key = item["ParameterKey"]
        if item.get("UsePreviousValue"):
            if previous is None or key not in previous.parameters:
                raise invalid(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            values[key] = previous.parameters[key]
        else:
            values[key] = str(item.get("ParameterValue", ""))
    return values


def _tags(call: Call, previous: Stack | None) -> Mapping[str, str]:
    requested = call.parameters.get("Tags")
    if requested is None and previous is not None:
        return previous.tags
    return stack_tags(requested or ())


def stack_tags(requested: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The tags of a stack or a StackSet; refuses those that AWS reserves, and duplicate keys."""
    keys = [tag["Key"] for tag in requested]
    if reserved := sorted(key for key in keys if key.lower().startswith("aws:")):
        raise invalid(f"aws: prefixed tag key names are not allowed for external use: {reserved[0]}")
    if len(set(keys)) != len(keys):
        raise invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return {tag["Key"]: tag["Value"] for tag in requested}


def _check_capabilities(template: Template, requested: tuple[str, ...]) -> None:
    enough = {"CAPABILITY_NAMED_IAM"} | (
        set() if "CAPABILITY_NAMED_IAM" in template.capabilities else {"CAPABILITY_IAM"}
    )
    if template.capabilities and not enough & set(requested):
        needed = ", ".join(sorted(template.capabilities))
        raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")


def caller_credentials(call: Call) -> Credentials:
    """The caller's credentials: a stack is deployed with the caller's permissions."""
    principal = call.principal
    token = None
    if principal.role_arn:
        session = sts_backends[principal.account][PARTITION].get_assumed_role_from_access_key(principal.access_key_id)
        token = session.session_token if session else None
    return Credentials(access_key_id=principal.access_key_id, secret_access_key="", session_token=token)


def deploying_credentials(call: Call, stack: Stack | None = None) -> Credentials:
    """The service role's credentials if the call or the stack names one, else the caller's."""
    role = call.parameters.get("RoleARN") or (stack.role_arn if stack else None)
    return credentials_for(call, role) if role else caller_credentials(call)


def credentials_for(call: Call, role: str) -> Credentials:
    """A session of the service role of a stack operation."""
    if not service_may_assume("cloudformation.amazonaws.com", role):
        raise invalid(f"Role {role} is invalid or cannot be assumed")
    session: Any = sts_backends[call.account][PARTITION].assume_role(
        region_name="us-east-1",
        role_session_name="AWSCloudFormation",
        role_arn=role,
        policy="",
        duration=3600 * 12,
        external_id="",
    )
    return Credentials(
        access_key_id=session.access_key_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
    )
