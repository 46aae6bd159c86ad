"""The handler's function URL: an HTTPS endpoint that answers only signed calls of principals of this organization.

A caller of another account needs two permissions here, InvokeFunctionUrl and InvokeFunction. The second applies only to
calls through the URL (`InvokedViaFunctionUrl`), so nobody can invoke the function directly with a forged event.
https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import re

from troposphere import AWSObject, GetAtt, Output, Ref, awslambda

from templates.names import Names

URL = "HandlerUrl"
OUTPUT = "HandlerUrl"
"""The name of the stack output that contains the URL."""

REGIONS_WITHOUT = frozenset(
    {
        "ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1",
        "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1",
        "us-gov-east-1", "us-gov-west-1",
    }
)  # fmt: skip
"""Regions without function URLs: those whose CloudFormation schemas lack AWS::Lambda::Url, and those that Lambda's
documentation names (eu-south-2, and China, although cn-north-1 has the schema).
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html
"""

_UNPUBLISHED_HOST = re.compile(r"(eusc|us-iso[a-z]?|eu-iso[a-z]?)-", re.ASCII)
"""Regions of partitions whose function URLs have a host that AWS does not publish: the European Sovereign Cloud and the
isolated partitions. Lambda documents hosts in on.aws only, and signed requests go to no other."""


def is_available(region: str) -> bool:
    """Whether a function in a region can have a URL at a documented host."""
    return region not in REGIONS_WITHOUT and not _UNPUBLISHED_HOST.match(region)


def function_url(names: Names, *, function: str) -> list[AWSObject]:
    """The URL of a function, by its logical id, and the permissions to call it (assumption A23)."""
    return [
        awslambda.Url(URL, AuthType="AWS_IAM", InvokeMode="BUFFERED", TargetFunctionArn=GetAtt(function, "Arn")),
        awslambda.Permission(
            "HandlerUrlPermission",
            FunctionName=Ref(function),
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            PrincipalOrgID=names.organization_id,
            FunctionUrlAuthType="AWS_IAM",
        ),
        awslambda.Permission(
            "HandlerUrlInvocation",
            FunctionName=Ref(function),
            Action="lambda:InvokeFunction",
            Principal="*",
            PrincipalOrgID=names.organization_id,
            InvokedViaFunctionUrl=True,
        ),
    ]


def output() -> Output:
    """The URL, for `deployer ensure`."""
    return Output(OUTPUT, Description="Where `deployer ensure` sends its requests", Value=GetAtt(URL, "FunctionUrl"))
