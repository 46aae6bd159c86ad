"""A23: A function's policy admits the organization's callers of its URL by Principal * and aws:PrincipalOrgID."""

from __future__ import annotations

from botocore.exceptions import ClientError
from troposphere import GetAtt, Template, awslambda, iam

from acceptance.check import Check, Finding, held, refuted
from acceptance.errors import WaitError
from acceptance.lab import Lab, StackError
from acceptance.rigs.function_urls import Answer, post
from deployer.aws.errors import code_of
from templates import trust
from templates.function_url import function_url
from templates.policy_documents import policy

SOURCE = 'def handle(event, context):\n    return {"statusCode": 200, "body": "reached"}\n'
PROPAGATION = 60.0
"""Seconds that AWS may take to propagate a new permission."""


def run(lab: Lab) -> Finding:
    """Call the URL from the member, and then the function itself, which the same policy must not allow."""
    try:
        lab.stack("central", "url", _template(lab).to_dict())
    except StackError as error:
        if any("Permission" in one.get("ResourceType", "") for one in error.events):
            return refuted("AWS rejected the permissions", events=error.events)
        raise
    client = lab.client("central", "lambda")
    url = client.get_function_url_config(FunctionName=lab.name("url"))["FunctionUrl"]
    last: list[Answer] = []

    def reached() -> Answer | None:
        last[:] = [post(lab.access.session("member"), url, region=lab.environment.region)]
        return last[0] if last[0].status == 200 else None

    try:
        answer = lab.wait("a response of the function", reached, limit=PROPAGATION)
    except WaitError:
        return refuted(
            "A caller of the organization was refused for a minute", status=last[0].status, body=last[0].body
        )
    if (refusal := _direct_invocation(lab)) is None:
        return refuted("The member could invoke the function without its URL", body=answer.body)
    return held("The member reached the function only through its URL", body=answer.body, refusal=refusal)


def _direct_invocation(lab: Lab) -> str | None:
    """The code of AWS's refusal; None if the function ran."""
    names, environment = lab.names, lab.environment
    arn = f"arn:{names.partition}:lambda:{environment.region}:{environment.central_account}:function:{lab.name('url')}"
    try:
        lab.client("member", "lambda").invoke(FunctionName=arn, Payload=b"{}")
    except ClientError as error:
        return code_of(error)
    return None


def _template(lab: Lab) -> Template:
    template = Template(Description="acceptance: a function with a URL")
    role = iam.Role("Role", RoleName=lab.name("url"), AssumeRolePolicyDocument=policy(trust.function()))
    template.add_resource(role)
    template.add_resource(
        awslambda.Function(
            "Function",
            FunctionName=lab.name("url"),
            Code=awslambda.Code(ZipFile=SOURCE),
            Handler="index.handle",
            Role=GetAtt(role, "Arn"),
            Runtime="python3.13",
        )
    )
    for one in function_url(lab.names, function="Function"):
        template.add_resource(one)
    return template


CHECK = Check(
    number=23,
    title="A function's policy admits the organization's callers of its URL",
    run=run,
    creates=("central: a stack of a function with a URL, and its role",),
    minutes=3,
    altered_by="ORGANIZATION_UNKNOWN_TO_URLS",
)
