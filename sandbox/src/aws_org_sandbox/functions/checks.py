"""Functions and permissions that Lambda refuses and moto accepts: roles, code and statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy
from moto.s3.models import s3_backends

from aws_org_sandbox import iam
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.functions import limits
from aws_org_sandbox.iam import documents
from aws_org_sandbox.seams import original, replace

SERVICE = "lambda.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
INVOKE_URL = "lambda:InvokeFunctionUrl"


@replace(LambdaFunction, "_set_function_code")
def _set_function_code(function: LambdaFunction, updated_spec: Mapping[str, Any]) -> None:
    """Refuse code that does not exist, is in another region, or is no zip: moto treats it as empty code."""
    if "S3Bucket" in updated_spec:
        _check_object(function.region, str(updated_spec["S3Bucket"]), str(updated_spec["S3Key"]))
    original(LambdaFunction, "_set_function_code")(function, updated_spec)
    limits.check_zip(function.code_bytes)


def _check_object(region: str, bucket_name: str, key: str) -> None:
    backends = [backends[PARTITION] for backends in list(s3_backends.values())]
    bucket = next((backend.buckets[bucket_name] for backend in backends if bucket_name in backend.buckets), None)
    if bucket is None:
        raise _no_object("NoSuchBucket", "The specified bucket does not exist")
    if bucket.region_name != region:
        raise _no_object("PermanentRedirect", f"The bucket is in this region: {bucket.region_name}.")
    if key not in bucket.keys:
        raise _no_object("NoSuchKey", "The specified key does not exist.")


def _no_object(code: str, message: str) -> Refused:
    return Refused(
        "InvalidParameterValueException",
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}",
    )


@replace(LambdaBackend, "create_function")
def _create_function(backend: LambdaBackend, spec: Mapping[str, Any]) -> LambdaFunction:
    """Refuse a role that does not trust Lambda (moto checks only that it exists), and exceeded limits."""
    limits.check_new(spec, region=backend.region_name)
    if not iam.may_assume(iam.Service(principal=SERVICE), str(spec["Role"])):
        raise Refused(
            "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
        )
    function: LambdaFunction = original(LambdaBackend, "create_function")(backend, spec)
    return function


@replace(LambdaBackend, "put_function_concurrency")
def _put_function_concurrency(backend: LambdaBackend, function_name: str, reserved_concurrency: str) -> str:
    limits.check_concurrency(backend, backend.get_function(function_name), int(reserved_concurrency))
    kept: str = original(LambdaBackend, "put_function_concurrency")(backend, function_name, reserved_concurrency)
    return kept


@replace(LambdaBackend, "add_permission")
def _add_permission(backend: LambdaBackend, function_name: str, qualifier: str | None, raw: str) -> Any:
    """Refuse an existing statement id, which moto adds a second time, and a principal that does not exist."""
    request = json.loads(raw)
    requested, principal = request.get("StatementId"), str(request.get("Principal"))
    if "." not in principal and not documents.is_principal(principal):
        raise Refused(
            "InvalidParameterValueException",
            "The provided principal was invalid. Please check the principal and try again.",
        )
    _check_url_grant(request)
    statements = backend.get_function(function_name, qualifier).policy.statements
    if any(statement.get("Sid") == requested for statement in statements):
        raise Refused(
            "ResourceConflictException",
            f"The statement id ({requested}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
            status=409,
        )
    return original(LambdaBackend, "add_permission")(backend, function_name, qualifier, raw)


@replace(Policy, "principal_formatter")
def _principal_formatter(policy: Policy, principal: Any) -> Any:
    """Format an account or role as policies do: moto leaves plain text, which is no valid principal."""
    if isinstance(principal, str) and principal.isdigit():
        return {"AWS": f"arn:{PARTITION}:iam::{principal}:root"}
    if isinstance(principal, str) and principal.startswith("arn:"):
        return {"AWS": principal}
    return original(Policy, "principal_formatter")(policy, principal)


def _check_url_grant(request: Mapping[str, Any]) -> None:
    """Each of the two conditions about function URLs belongs to one action."""
    for name, action in (("FunctionUrlAuthType", INVOKE_URL), ("InvokedViaFunctionUrl", INVOKE)):
        if request.get(name) and request.get("Action") != action:
            raise Refused("InvalidParameterValueException", f"{name} is only supported for {action} action")


@replace(Policy, "condition_merge")
def _condition_merge(policy: Policy, statement: dict[str, Any]) -> None:
    """Join all conditions: moto drops the organization beside a source, and does not know those about URLs."""
    del policy
    blocks = [statement.pop(name, {}) for name in ("Condition", "SourceArn", "SourceAccount")]
    if auth_type := statement.pop("FunctionUrlAuthType", None):
        blocks.append({"StringEquals": {"lambda:FunctionUrlAuthType": auth_type}})
    if statement.pop("InvokedViaFunctionUrl", False):
        blocks.append({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})
    merged: dict[str, dict[str, Any]] = {}
    for operator, keys in (item for block in blocks for item in block.items()):
        merged.setdefault(operator, {}).update(keys)
    if merged:
        statement["Condition"] = merged
