"""Functions by ARN, and their resource policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.utilities.arns import parse_arn


def find(function_arn: str, *, qualifier: str | None = None) -> LambdaFunction | None:
    """The function, version or alias with this ARN, if it exists."""
    arn = parse_arn(function_arn)
    try:
        return lambda_backends[arn.account][arn.region].get_function(function_arn, qualifier)
    except UnknownFunctionException:
        return None


def policy_of(function: LambdaFunction) -> Mapping[str, Any] | None:
    """The function's resource policy, which AddPermission extends; None if it has no statements."""
    statements = function.policy.statements
    return {"Version": "2012-10-17", "Statement": list(statements)} if statements else None
