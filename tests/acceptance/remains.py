"""Resources that a run left in the sandbox, and labs whose runs end early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acceptance.journal import PREFIX
from acceptance.sandbox import CENTRAL, MANAGEMENT, MEMBER, OU
from aws_org_sandbox.sandbox import Sandbox

REGIONS = ("eu-west-1", "us-east-1")


def remains(sandbox: Sandbox) -> list[str]:
    """All resources of a run that still exist in any account."""
    return sorted(one for account in (CENTRAL, MEMBER, MANAGEMENT) for one in _in_account(sandbox, account))


def _in_account(sandbox: Sandbox, account: str) -> Iterator[str]:
    def client(service: str, region: str = "eu-west-1") -> Any:
        return sandbox.client(service, account=account, region=region)

    for region in REGIONS:
        for stack in client("cloudformation", region).list_stacks()["StackSummaries"]:
            if stack["StackStatus"] != "DELETE_COMPLETE":
                yield f"stack {stack['StackName']}"
        yield from (f"queue {url}" for url in client("sqs", region).list_queues().get("QueueUrls", []))
        yield from (f"table {name}" for name in client("dynamodb", region).list_tables()["TableNames"])
        for repository in client("ecr", region).describe_repositories()["repositories"]:
            yield f"repository {repository['repositoryName']}"
        for rule in client("events", region).list_rules()["Rules"]:
            yield f"rule {rule['Name']}"
    yield from (f"role {role['RoleName']}" for role in client("iam").list_roles()["Roles"]
                if role["RoleName"].startswith(PREFIX))  # fmt: skip
    yield from (f"bucket {bucket['Name']}" for bucket in client("s3").list_buckets()["Buckets"]
                if bucket["Name"].startswith(PREFIX))  # fmt: skip
    if account == CENTRAL:
        sets = client("cloudformation").list_stack_sets(Status="ACTIVE", CallAs="DELEGATED_ADMIN")["Summaries"]
        yield from (f"StackSet {one['StackSetName']}" for one in sets)
    if account == MANAGEMENT:
        organizations = client("organizations")
        below = organizations.list_organizational_units_for_parent(ParentId=OU)["OrganizationalUnits"]
        yield from (f"OU {ou['Name']}" for ou in below)
        if ou_of_member(sandbox) != OU:
            yield "the member is in another OU"


def ou_of_member(sandbox: Sandbox) -> str:
    parents = sandbox.client("organizations", account=MANAGEMENT).list_parents(ChildId=MEMBER)["Parents"]
    return str(parents[0]["Id"])
