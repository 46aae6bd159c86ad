"""The procedures of docs/migration.md in the sandbox: before deployer, both together, and afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.oci import images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.errors import USAGE_EXIT_CODE
from sandbox.tests.tiny_functions import create_role, statement, zip_of
from tests.deployer.examples import DEV, NATIVE, SEARCH_DEV, SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few
from tests.deployer.rollout.folder import Folder
from tests.deployer.rollout.test_creation_templates import DEV_OU, HOME, prefixes

ROOT = Path(__file__).parents[3]
OTHER = (ROOT / "benchmarks" / "describe_then_create" / "function.py").read_text(encoding="utf-8")
"""A function as in AWS's sample: it describes the repository of a refused push, and creates it if it is missing."""

PATTERN = {
    "source": ["aws.ecr"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {
        "eventSource": ["ecr.amazonaws.com"],
        "eventName": ["InitiateLayerUpload"],
        "errorCode": ["RepositoryNotFoundException"],
    },
}
"""The pattern of AWS's sample."""

TEMPLATE = {
    "Resources": {
        "Template": {
            "Type": "AWS::ECR::RepositoryCreationTemplate",
            "Properties": {"Prefix": "ROOT", "AppliedFor": ["CREATE_ON_PUSH"], "ImageTagMutability": "IMMUTABLE"},
        }
    }
}
OWN_STACK_SET = {"StackSetName": "platform-ecr-templates", "CallAs": "DELEGATED_ADMIN"}

Leave = Callable[[], object]
"""Removes what created repositories before."""

pytestmark = [begins_rolled_out_to_few, pytest.mark.usefixtures("small_central_stack")]


def own_function(sandbox: Sandbox) -> None:
    """A rule and a function as AWS's sample deploys them, in one account and region."""
    may = statement(["ecr:DescribeRepositories", "ecr:CreateRepository", "logs:*"])
    arn = create_role(sandbox, "auto-create", service="lambda.amazonaws.com", statements=[may], account=SHOP_DEV)
    functions, events = (sandbox.client(name, account=SHOP_DEV, region=HOME) for name in ("lambda", "events"))
    function = functions.create_function(
        FunctionName="auto-create",
        Role=arn,
        Handler="app.handle",
        Runtime="python3.13",
        Code={"ZipFile": zip_of(OTHER)},
    )["FunctionArn"]
    rule = events.put_rule(Name="auto-create", EventPattern=json.dumps(PATTERN))["RuleArn"]
    functions.add_permission(
        FunctionName="auto-create",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="auto-create", Targets=[{"Id": "auto-create", "Arn": function}])


def push(sandbox: Sandbox, repository: str, tag: str, *, account: str = SHOP_DEV) -> None:
    """Push an image and wait for its events; raises Rejected if the registry refuses it."""
    ecr = sandbox.client("ecr", account=account, region=HOME)
    registry = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(account, HOME))
    try:
        registry.push(images.build(), repository, tag)
    finally:
        sandbox.settle()


def push_twice(sandbox: Sandbox, repository: str) -> None:
    """A first push that is refused, and one that succeeds."""
    with pytest.raises(Rejected, match="NAME_UNKNOWN"):
        push(sandbox, repository, "1")
    push(sandbox, repository, "2")


def described(sandbox: Sandbox, repository: str) -> dict[str, Any]:
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    found: dict[str, Any] = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    return found


def outcomes(folder: Folder, repository: str) -> set[str]:
    """How it was created according to the ledger, without records of calls that created nothing."""
    listed = folder.deployer("audit", "list", "--all", "--repository", repository, "--json")
    assert listed.exit_code == 0, listed
    return {str(record["outcome"]) for record in listed.document} - {"exists", "ignored"}


def test_migration_from_a_custom_function(sandbox: Sandbox, folder: Folder) -> None:
    """Both handle every push until its rule is disabled, then deployer does; existing repositories do not change."""
    own_function(sandbox)
    push_twice(sandbox, "team/both")
    assert outcomes(folder, "team/both") in ({"created"}, {"observed"})
    sandbox.client("ecr", account=SHOP_DEV, region=HOME).create_repository(
        repositoryName="team/before", imageTagMutability="IMMUTABLE"
    )
    sandbox.client("events", account=SHOP_DEV, region=HOME).disable_rule(Name="auto-create")
    push_twice(sandbox, "team/after")
    assert outcomes(folder, "team/after") == {"created"}
    assert described(sandbox, "team/after")["imageTagMutability"] == "MUTABLE"
    push(sandbox, "team/before", "1")
    assert outcomes(folder, "team/before") == {"observed"}
    compared = folder.deployer("audit", "verify", "--account", SHOP_DEV, "--repository", "team/before")
    assert compared.exit_code == 0, compared
    assert described(sandbox, "team/before")["imageTagMutability"] == "IMMUTABLE"


NOT_ENABLED = "ap-southeast-2"


def adopted(folder: Folder, *arguments: str, exit_code: int = 0) -> Any:
    ran = folder.deployer("audit", "adopt", "--account", SHOP_DEV, *arguments, "--json")
    assert ran.exit_code == exit_code, ran
    return ran.document


def verdict_of(folder: Folder, repository: str) -> Any:
    """What `audit verify` finds, and how many repositories it only counts."""
    ran = folder.deployer("audit", "verify", "--account", SHOP_DEV, "--repository", repository, "--json")
    return [one["verdict"] for one in ran.document["repositories"]], ran.document["others"]


def test_adopting_existing_repositories(sandbox: Sandbox, folder: Folder) -> None:
    """Shown first, recorded and tagged by a person, then verified and repaired; interrupted, repeated, released."""
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    arn = ecr.create_repository(repositoryName="old/api", imageTagMutability="IMMUTABLE")["repository"]["repositoryArn"]
    sandbox.settle()
    await_the_next_second()
    before = described(sandbox, "old/api")

    def tags() -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}

    shown = folder.deployer("audit", "adopt", "--account", SHOP_DEV, "old/**")
    assert (shown.exit_code, tags()) == (10, {}), shown
    assert "+ eu-west-1 old/api, created" in shown.out
    assert "Pass --yes" in shown.err
    assert max(map(len, shown.out.splitlines())) <= 80

    denied = Fault(effect=Error(code="AccessDeniedException"), account=SHOP_DEV, operation="TagResource")
    sandbox.faults.add(denied)
    (failed,) = adopted(folder, "old/api", "--yes", exit_code=23)["done"]
    assert (failed["status"], tags(), verdict_of(folder, "old/api")) == ("failed", {}, (["untagged"], 0))
    sandbox.faults.clear()
    (planned,) = adopted(folder, "old/api", "--yes")["repositories"]
    assert planned["is_recorded"]
    assert tags() == {"deployer:event-id": planned["event_id"], "deployer:installation": "deployer"}
    assert described(sandbox, "old/api") == before
    again = adopted(folder, "old/api", "--yes")
    assert (again["done"], [one["problem"] for one in again["others"]]) == ([], ["it is adopted already"])
    (shown_record,) = folder.deployer("audit", "show", "old/api", "--json").document
    assert [one["outcome"] for one in shown_record["lifetime"]] == ["observed", "adopted"]
    assert shown_record["record"]["outcome"] == "adopted"
    assert shown_record["record"]["principal"].startswith("arn:aws:")

    assert verdict_of(folder, "old/api") == (["drifted"], 0)
    repaired = folder.deployer("audit", "repair", "--account", SHOP_DEV, "--yes")
    assert (repaired.exit_code, verdict_of(folder, "old/api")) == (0, (["in sync"], 0)), repaired
    assert described(sandbox, "old/api")["imageTagMutability"] == "MUTABLE"
    push(sandbox, "old/api", "1")

    assert folder.deployer("audit", "adopt", "").exit_code == USAGE_EXIT_CODE
    suspended = folder.deployer("audit", "adopt", "--account", "old-project", "old/api")
    assert (suspended.exit_code, "old-project (600000000001) is SUSPENDED" in suspended.err) == (11, True)
    sandbox.client("ecr", account=SHOP_DEV, region=NOT_ENABLED).create_repository(repositoryName="old/far")
    adopted(folder, "old/far", "--yes", exit_code=23)
    (far,) = adopted(folder, "--region", NOT_ENABLED, "old/far", "--yes")["repositories"]
    assert far["refused"]["reason"] == "region-not-enabled"
    assert verdict_of(folder, "old/far")[0] == ["drifted"]

    await_the_next_second()
    ecr.delete_repository(repositoryName="old/api", force=True)
    ecr.create_repository(repositoryName="old/api")
    sandbox.settle()
    assert verdict_of(folder, "old/api")[0] in (["deleted"], ["gone"])
    (new,) = adopted(folder, "old/api", "--yes")["done"]
    assert (new["status"], new["event_id"] != planned["event_id"]) == ("adopted", True)
    assert [one["status"] for one in adopted(folder, "--release", "old/api", "--yes")["done"]] == ["released"]
    assert verdict_of(folder, "old/api")[1] == 1


def await_the_next_second() -> None:
    """CloudTrail's times are whole seconds: what happens in one of them has no order."""
    time.sleep(1.0 - time.time() % 1.0)


def by_hand(sandbox: Sandbox) -> Leave:
    """A creation template in one registry."""
    ecr = sandbox.client("ecr", account=SHOP_DEV, region=HOME)
    ecr.create_repository_creation_template(
        prefix="ROOT", appliedFor=["CREATE_ON_PUSH"], imageTagMutability="IMMUTABLE"
    )
    return lambda: ecr.delete_repository_creation_template(prefix="ROOT")


def by_stack_set(sandbox: Sandbox) -> Leave:
    """A creation template in every registry of an OU, by a StackSet that deployer does not know."""
    stack_sets = sandbox.client("cloudformation")
    stack_sets.create_stack_set(
        **OWN_STACK_SET,
        TemplateBody=json.dumps(TEMPLATE),
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )
    where = {**OWN_STACK_SET, "DeploymentTargets": {"OrganizationalUnitIds": [DEV_OU]}, "Regions": [HOME]}
    stack_sets.create_stack_instances(**where)
    sandbox.settle()

    def leave() -> None:
        stack_sets.delete_stack_instances(**where, RetainStacks=False)
        sandbox.settle()
        stack_sets.delete_stack_set(**OWN_STACK_SET)

    return leave


def test_migration_from_creation_templates(sandbox: Sandbox, folder: Folder) -> None:
    """While they exist, ECR creates; once removed, the handler does; then deployer's own templates take over."""
    for number, others in enumerate((by_hand, by_stack_set)):
        leave = others(sandbox)
        push(sandbox, f"team/before-{number}", "1")
        assert outcomes(folder, f"team/before-{number}") == {"observed"}
        leave()
        push_twice(sandbox, f"team/between-{number}")
        assert outcomes(folder, f"team/between-{number}") == {"created"}
    folder.configure(DEV, NATIVE)
    assert folder.roll_out() == 0
    assert [prefixes(sandbox, account) for account in (SHOP_DEV, SEARCH_DEV)] == [["ROOT"], ["ROOT"]]
    push(sandbox, "team/after", "1")
    assert outcomes(folder, "team/after") == {"created"}
    assert described(sandbox, "team/after")["imageTagMutability"] == "MUTABLE"
    assert described(sandbox, "team/before-0")["imageTagMutability"] == "IMMUTABLE"
