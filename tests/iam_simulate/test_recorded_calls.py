"""Every call that the handler and EventBridge make, recorded in the sandbox, is allowed by the simulator.

The sandbox only says what was asked: who, which action, on what, under which circumstances. Which policies apply comes
from the templates, and the verdict from the judge.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.cloudformation import deploy_stack
from aws_org_sandbox.events import buses
from aws_org_sandbox.iam import authorization, services, trust
from aws_org_sandbox.iam.evaluation import Decision, PolicySet, evaluate
from aws_org_sandbox.iam.requests import AccessRequest
from aws_org_sandbox.sandbox import Sandbox
from deployer import settings
from deployer.planning.synthesis import Synthesis, synthesize
from handler.tags import EVENT_ID_TAG
from templates.parts import body
from tests.deployer.examples import DEV, NATIVE
from tests.example_config import HANDLER_CONFIG
from tests.example_organization import organization_from
from tests.handler.http_requests import body as body_of_request
from tests.handler.http_requests import http
from tests.handler.installation import template_creation
from tests.handler.paths import hide_ou_paths
from tests.iam_simulate import installation
from tests.iam_simulate.judge import Call, Policy, is_installed, is_required, judge
from tests.templates.resolving import Stack

pytestmark = pytest.mark.slow

if not is_installed() and not is_required():
    pytest.skip("the judge of IAM policies is not installed (make node)", allow_module_level=True)

CONFIG = HANDLER_CONFIG
HOME = "eu-west-1"
SHOP, PAYMENTS = "300000000001", "300000000003"

BY_TEMPLATE = "team-a/by-template"
"""A repository that ECR has created by a creation template."""
HALF_MADE = "team-a/half-made"
"""A repository that an event has made, and whose policies it could not put any more."""


@pytest.fixture
def recorded(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[AccessRequest]:
    """The requests of our roles while repositories were created, finished, found existing, refused and failed."""
    requests: list[AccessRequest] = []

    def recording(request: AccessRequest, policies: PolicySet) -> Decision:
        if request.subject.arns and role_of(request) in ROLES:
            requests.append(request)
        return evaluate(request, policies)

    for module in (authorization, services, trust):
        monkeypatch.setattr(module, "evaluate", recording)
    config = with_every_feature(tmp_path)
    synthesis = synthesize(settings.compile(settings.load(config), organization_from(sandbox.organization)))
    install(sandbox, synthesis)
    sandbox.client("ecr", account=SHOP, region=HOME).create_repository(
        repositoryName=HALF_MADE, tags=[{"Key": EVENT_ID_TAG, "Value": event_id(6)}]
    )
    hide_ou_paths(monkeypatch).add(PAYMENTS)
    sandbox.client("ecr", account=SHOP, region=HOME).create_repository(repositoryName=BY_TEMPLATE)
    for event in (*events(), template_creation(BY_TEMPLATE, event_id=event_id(7), account=SHOP)):
        buses.deliver(event, account=event["account"], region=event["region"])
        sandbox.settle(60)
    sandbox.client("lambda").invoke(FunctionName=synthesis.names.function, Payload=json.dumps(request()))
    sandbox.settle(60)
    return requests


def with_every_feature(folder: Path) -> Path:
    """The example's config files with a rule that needs the path of a request's role, and a native OU."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    prod = config / "ous" / "workloads" / "prod.yaml"
    rule = '  principals: {deny: ["arn:aws:iam::*:role/denied/*"]}\n  limit:'
    prod.write_text(prod.read_text().replace("  limit:", rule, 1))
    dev = (CONFIG / DEV).read_text()
    (config / DEV).write_text(dev if "engine: native" in dev else dev + NATIVE)
    return config


def request() -> dict[str, Any]:
    """A request to the function URL, by a CI role."""
    caller = {"accountId": SHOP, "userArn": f"arn:aws:sts::{SHOP}:assumed-role/ci-build/run"}
    return http(body_of_request("team-a/requested", account=SHOP), iam=caller)


ROLES = {
    "deployer-handler": (installation.central, "HandlerRole"),
    "deployer-creator": (installation.member, "CreatorRole"),
    "deployer-forwarding": (installation.member, "ForwardingRole"),
}


def install(sandbox: Sandbox, synthesis: Synthesis) -> None:
    central, names = sandbox.central_account, synthesis.names
    deploy_stack(account=central, region=HOME, name="artifacts", template_body=body(synthesis.artifacts))
    key = synthesis.bundle.key
    sandbox.client("s3").put_object(Bucket=names.artifacts_bucket, Key=key, Body=synthesis.bundle.data)
    deploy_stack(account=central, region=HOME, name="central", template_body=body(synthesis.central))
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SHOP}:root"}, "Action": "sts:AssumeRole"}
    trust_policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    sandbox.client("iam", account=SHOP).create_role(RoleName="ci-build", AssumeRolePolicyDocument=trust_policy)
    for account in (SHOP, PAYMENTS):
        deploy_stack(account=account, region=HOME, name="access", template_body=body(synthesis.access))
        deploy_stack(account=account, region=HOME, name="forwarding", template_body=body(synthesis.forwarding))


def events() -> Iterator[dict[str, Any]]:
    yield event(SHOP, "team-a/api", number=1)
    yield event(SHOP, "team-a/api", number=2)
    yield event(SHOP, "team-a/tmp-1", number=3)
    yield event(SHOP, HALF_MADE, number=6)
    yield event(PAYMENTS, "team-b/ledger", number=4)
    malformed = event(SHOP, "team-a/worker", number=5)
    del malformed["detail"]["requestParameters"]
    yield malformed


def event(account: str, repository: str, *, number: int) -> dict[str, Any]:
    """The event of CloudTrail for a push by a CI role that found no repository."""
    role = f"arn:aws:iam::{account}:role/ci-build"
    return {
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ecr",
        "account": account,
        "region": HOME,
        "detail": {
            "eventSource": "ecr.amazonaws.com",
            "eventName": "InitiateLayerUpload",
            "eventTime": f"2026-11-23T08:00:0{number}Z",
            "eventID": event_id(number),
            "awsRegion": HOME,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "skopeo/1.9.3",
            "errorCode": "RepositoryNotFoundException",
            "recipientAccountId": account,
            "requestParameters": {"repositoryName": repository},
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{account}:assumed-role/ci-build/run",
                "accountId": account,
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}},
            },
        },
    }


def event_id(number: int) -> str:
    return f"00000000-0000-0000-0000-00000000000{number}"


def granted() -> set[str]:
    """All actions that the three roles allow, except those of services: ECR uses keys, Lambda sends traces."""
    roles = [installation.role(stack, logical_id) for stack, logical_id in ROLES.values()]
    said = [statement["Action"] for role in roles for policy in role.policies for statement in policy["Statement"]]
    actions = {action for some in said for action in ([some] if isinstance(some, str) else some)}
    return {action for action in actions if not action.startswith(("kms:", "xray:"))}


def test_the_simulator_allows_every_recorded_call(recorded: list[AccessRequest]) -> None:
    assert {request.action for request in recorded} == granted(), "all that is granted is needed, and was judged"
    calls = [call_of(request) for request in recorded]
    refused = [
        f"{call.principal}: {call.action} on {call.resource} ({verdict.error or verdict.result})"
        for call, verdict in zip(calls, judge(calls), strict=True)
        if verdict.error or not verdict.is_allowed
    ]
    assert refused == []


def call_of(request: AccessRequest) -> Call:
    """The request with the policies that the templates give the role and the resource."""
    stack, logical_id = ROLES[role_of(request)]
    account = request.subject.account or ""
    role = installation.role(Stack(template=stack.template, account=account, region=HOME), logical_id)
    assert request.resource is not None
    return Call(
        principal=request.subject.arns[0],
        action=request.action,
        resource=request.resource,
        account=request.resource_account or account,
        context={key: value for key in request.context if (value := context_value(request, key)) is not None},
        identity_policies=role.policies,
        resource_policy=policy_of(request),
    )


def context_value(request: AccessRequest, key: str) -> str | list[str] | None:
    found = request.context.get(key)
    if found is None:
        return None
    return list(found) if key in {"dynamodb:leadingkeys", "events:source", "events:detail-type"} else found[0]


def role_of(request: AccessRequest) -> str:
    return request.subject.arns[0].split("/")[1] if "/" in request.subject.arns[0] else ""


def policy_of(request: AccessRequest) -> Policy | None:
    account = request.resource_account or ""
    match request.action.split(":")[0]:
        case "sts":
            return installation.trust(
                Stack(template=installation.member.template, account=account, region=HOME), "CreatorRole"
            )
        case "events":
            return installation.bus_policy()
        case "sqs":
            return installation.document(installation.central, "FailuresQueuePolicy")
        case _:
            return None
