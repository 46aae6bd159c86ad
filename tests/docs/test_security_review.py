"""docs/security-review.md evaluates every role, and its service control policy protects what the page states."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.oci import images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import Deployer
from tests.deployer.examples import MANAGEMENT, SHOP_DEV
from tests.docs.commands import ROOT

REGION = "eu-west-1"
PAGE = (ROOT / "docs" / "security-review.md").read_text(encoding="utf-8")
(POLICY,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_role_is_evaluated() -> None:
    permissions = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    roles = re.findall(r"^### `(deployer-[a-z]+)", permissions, re.MULTILINE)
    judged = re.findall(r"^\| `(deployer-[a-z]+)`", PAGE, re.MULTILINE)
    assert judged == roles


def changes(sandbox: Sandbox) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Changes that an administrator of the account may try."""
    iam, events, sqs, ecr = (
        sandbox.client(name, account=SHOP_DEV, region=REGION) for name in ("iam", "events", "sqs", "ecr")
    )
    role = "deployer-creator"
    (queue,) = sqs.list_queues(QueueNamePrefix="deployer-")["QueueUrls"]
    arn = ecr.describe_repositories(repositoryNames=["team/api"])["repositories"][0]["repositoryArn"]
    ours = [{"Key": "deployer:event-id", "Value": "x"}]
    yield "iam.put_role_policy", lambda: iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=POLICY)
    yield "iam.update_assume_role_policy", lambda: iam.update_assume_role_policy(RoleName=role, PolicyDocument=POLICY)
    yield "iam.delete_role", lambda: iam.delete_role(RoleName=role)
    yield "iam.create_role", lambda: iam.create_role(RoleName="deployer-x", AssumeRolePolicyDocument=POLICY)
    yield "events.disable_rule", lambda: events.disable_rule(Name="deployer-forwarding")
    yield "events.delete_rule", lambda: events.delete_rule(Name="deployer-forwarding")
    yield "sqs.purge_queue", lambda: sqs.purge_queue(QueueUrl=queue)
    yield "sqs.delete_queue", lambda: sqs.delete_queue(QueueUrl=queue)
    yield "ecr.untag_resource", lambda: ecr.untag_resource(resourceArn=arn, tagKeys=["deployer:event-id"])
    yield "ecr.tag_resource", lambda: ecr.tag_resource(resourceArn=arn, tags=ours)
    yield "ecr.create_repository", lambda: ecr.create_repository(repositoryName="team/copy", tags=ours)


def is_denied(change: Callable[[], Any]) -> bool:
    try:
        change()
    except ClientError as error:
        return "explicit deny in a service control policy" in str(error)
    return False


def test_with_the_policy_members_cannot_change_the_installation_and_everything_works(sandbox: Sandbox) -> None:
    organizations = sandbox.client("organizations", account=MANAGEMENT)
    attached = organizations.create_policy(
        Name="keep-deployer", Description="", Type="SERVICE_CONTROL_POLICY", Content=POLICY
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=attached["Id"], TargetId="r-exam")
    ran = Deployer(sandbox)("rollout", "--org", "--yes")
    assert ran.exit_code == 0, ran
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=REGION)
    registry = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP_DEV, REGION))
    with pytest.raises(Rejected, match="NAME_UNKNOWN"):
        registry.push(images.build(), "team/api", "1")
    sandbox.settle()
    registry.push(images.build(), "team/api", "1")
    ecr.create_repository(repositoryName="team/other", tags=[{"Key": "team", "Value": "shop"}])
    allowed = [name for name, change in changes(sandbox) if not is_denied(change)]
    assert allowed == []


def test_the_policy_is_short_enough() -> None:
    """AWS's quota is 5,120 characters (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html)."""
    assert len(json.dumps(json.loads(POLICY))) < 5120
