"""Each check finds its problem, names it, and gives a command; an organization without problems has no findings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployer.doctor.actual_state import Caller, Coverage, Existing, OrganizationSummary, ServiceControlPolicy
from deployer.doctor.checks.catalogue import CHECKS
from deployer.doctor.finding import Finding, examine
from deployer.planning.other_installations import FoundInstallation
from deployer.rendering.doctor import report_document, report_lines
from tests.deployer.doctor.actual_state import CENTRAL, DENIED, MANAGEMENT, QUOTA, SHOP, TRAIL, actual

DENY_REGIONS = ServiceControlPolicy(
    id="p-regions00",
    name="only-europe",
    content='{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",'
    ' "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}}}}',
)
NEEDS_A_TAG = ServiceControlPolicy(
    id="p-tags00000",
    name="only-with-cost-centre",
    content='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*",'
    ' "Condition": {"Null": {"aws:RequestTag/cost-centre": "true"}}}]}',
)
FENCE = ServiceControlPolicy(
    id="p-fence0000",
    name="own-account-only",
    content='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*",'
    ' "Condition": {"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}}]}',
)
SOUND = actual()


def with_policy(target: str, policy: ServiceControlPolicy) -> dict[str, Any]:
    """The policies of the organization without problems, and one more."""
    assert isinstance(SOUND.policies, Mapping)
    return {**SOUND.policies, target: (*SOUND.policies[target], policy)}


def existing(holder: Any) -> tuple[Existing, ...]:
    return (Existing(type="AWS::IAM::Role", name="deployer-handler", region="eu-west-1", holder=holder),)


PROBLEMS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "the credentials do not work": (
        "credentials", "problem", {"caller": DENIED}, ("not authorized", "aws sts get-caller-identity"),
    ),
    "the credentials are of another account": (
        "account", "problem", {"caller": Caller(account=SHOP, arn=f"arn:aws:iam::{SHOP}:user/x")},
        (SHOP, CENTRAL, "central.account"),
    ),
    "the credentials are of another organization": (
        "organization", "problem", {"organization_id": "o-otherorg99"}, ("o-exampleorg1", "o-otherorg99"),
    ),
    "the organization has consolidated billing only": (
        "features", "problem",
        {"summary": OrganizationSummary(id="o-exampleorg1", management_account=MANAGEMENT,
                                        feature_set="CONSOLIDATED_BILLING")},
        ("CONSOLIDATED_BILLING", "aws organizations enable-all-features"),
    ),
    "trusted access is off": (
        "trusted-access", "problem", {"trusted_access": "DISABLED"},
        ("aws cloudformation activate-organizations-access",),
    ),
    "the central account is not a delegated administrator": (
        "delegation", "problem", {"delegated": frozenset({SHOP})},
        (CENTRAL, f"aws organizations register-delegated-administrator --account-id {CENTRAL}"),
    ),
    "the caller may not list delegated administrators": (
        "delegation-permission", "problem", {"delegated": DENIED},
        ("organizations:ListDelegatedAdministrators", "user/someone", "deployer policy look"),
    ),
    "a config file names a missing OU": (
        "config", "problem", {"config_problems": ("ous/x.yaml:1:1: ou: no such OU",)}, ("ous/x.yaml", "validate"),
    ),
    "a covered region is not enabled in the central account": (
        "central-regions", "problem",
        {"central_regions": {"eu-west-1": "opt-in-not-required", "us-east-1": "not-opted-in"}},
        ("us-east-1", CENTRAL, "aws account enable-region --region-name us-east-1"),
    ),
    "a region that a config file names does not exist": (
        "central-regions", "problem", {"central_regions": {"eu-west-1": "opt-in-not-required"}}, ("us-east-1",),
    ),
    "an opt-in region is not enabled in the management account": (
        "management-regions", "problem", {"opt_in_regions": {MANAGEMENT: {"eu-south-1": "DISABLED"}}},
        ("eu-south-1 is disabled in management", "aws account enable-region --region-name eu-south-1"),
    ),
    "an opt-in region is still being enabled in a member": (
        "member-regions", "problem", {"opt_in_regions": {SHOP: {"eu-south-1": "ENABLING"}}},
        ("eu-south-1 is enabling in shop-prod", f"--region-name eu-south-1 --account-id {SHOP}",),
    ),
    "no trail reaches the account": (
        "trail", "warning", {"trails": ()}, ("aws cloudtrail create-trail", "aws cloudtrail describe-trails"),
    ),
    "the trail is of one region": (
        "trail", "warning", {"trails": (replace(TRAIL, is_multi_region=False),)}, ("No organization trail",),
    ),
    "the trail is of one account": (
        "trail", "warning", {"trails": (replace(TRAIL, is_organization_trail=False),)}, ("No organization trail",),
    ),
    "the trail is stopped": (
        "trail", "problem", {"trails": (replace(TRAIL, is_logging=False),)},
        ("aws cloudtrail start-logging --name organization-trail",),
    ),
    "the trail logs no write events": (
        "trail", "problem", {"trails": (replace(TRAIL, writes=False),)}, ("get-event-selectors",),
    ),
    "the only trail that logs writes is stopped": (
        "trail", "problem", {"trails": (replace(TRAIL, writes=False), replace(TRAIL, is_logging=False))},
        ("no write management events",),
    ),
    "pulls create, and the trail logs no read events": (
        "trail", "warning",
        {"trails": (replace(TRAIL, reads=False),),
         "coverage": Coverage(regions={SHOP: ("eu-west-1",)}, handles_pulls=True)},
        ("create.on", "read management events"),
    ),
    "a policy denies a region": (
        "policies", "problem", {"policies": with_policy("ou-exam-prod0001", DENY_REGIONS)},
        ("only-europe (p-regions00) on Workloads/Prod", "us-east-1", "ecr:CreateRepository", "shop-prod",
         "aws organizations describe-policy --policy-id p-regions00"),
    ),
    "a policy denies requests without a tag": (
        "policies", "warning", {"policies": with_policy("r-exam", NEEDS_A_TAG)},
        ("only-with-cost-centre", "may deny sqs:CreateQueue", "depends on conditions"),
    ),
    "a policy denies access between accounts": (
        "policies", "problem", {"policies": with_policy("r-exam", FENCE)},
        ("own-account-only (p-fence0000)", "events:PutEvents", "sts:AssumeRole"),
    ),
    "an OU has no policy that allows": (
        "policies", "problem",
        {"policies": {**with_policy("ou-exam-prod0001", DENY_REGIONS), "ou-exam-prod0001": (DENY_REGIONS,)}},
        ("No service control policy on Workloads/Prod allows", "list-policies-for-target"),
    ),
    "there are too many StackSets": (
        "quotas", "problem", {"quotas": (replace(QUOTA, used=999),)},
        ("1,002 needed (999 exist), and the quota is 1,000", "request-service-quota-increase", "--desired-value 1002"),
    ),
    "a registry needs more creation templates than its quota": (
        "quotas", "warning", {"creation_templates": {"Workloads/Dev": 101, "Workloads/Prod": 100}},
        ("Workloads/Dev needs 101, besides any that others created there", "create.names.allow"),
    ),
    "there are more StackSets than the default, and the quota is unknown": (
        "quotas", "problem", {"quotas": (replace(QUOTA, used=999, limit=DENIED),)}, ("by default",),
    ),
    "there is another installation": (
        "installations", "problem",
        {"installations": (FoundInstallation(prefix="ecr", region="us-east-2", resources=("StackSet ecr-access",)),)},
        ("prefix ecr, us-east-2 (StackSet ecr-access)", "`prefix: ecr`, `central.region: us-east-2`", "operations`"),
    ),
    "somebody else uses a name": (
        "names", "problem", {"existing": existing("other")},
        ("AWS::IAM::Role deployer-handler", "prefix", "aws iam get-role --role-name deployer-handler"),
    ),
    "the SDK does not know the runtime": (
        "runtime", "problem", {"known_runtimes": frozenset({"python3.8"})}, ("python3.13", "pip install"),
    ),
    "a service is not in a region": (
        "endpoints", "warning", {"missing_endpoints": {"us-east-1": frozenset({"lambda", "sqs"})}},
        ("us-east-1 of: lambda, sqs",),
    ),
}  # fmt: skip
UNREAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "the caller": ("account", {"caller": DENIED}, "aws sts get-caller-identity"),
    "the organization": ("organization", {"summary": DENIED}, "aws organizations describe-organization"),
    "its features": ("features", {"summary": DENIED}, "Organization.FeatureSet"),
    "trusted access": ("trusted-access", {"trusted_access": DENIED}, "describe-organizations-access"),
    "delegated administrators": ("delegation", {"delegated": DENIED}, "list-delegated-administrators"),
    "accounts and OUs": ("config", {"organization": DENIED}, "deployer validate --live"),
    "regions of the central account": ("central-regions", {"central_regions": DENIED}, "aws ec2 describe-regions"),
    "regions of the management account": (
        "management-regions", {"opt_in_regions": {MANAGEMENT: DENIED}}, "aws account list-regions --region-opt-status",
    ),
    "regions of members": ("member-regions", {"opt_in_regions": {SHOP: DENIED}}, f"--account-id {SHOP}"),
    "trails": ("trail", {"trails": DENIED}, "aws cloudtrail describe-trails"),
    "whether a trail is logging": ("trail", {"trails": (replace(TRAIL, is_logging=DENIED),)}, "get-trail-status"),
    "what a trail logs": (
        "trail", {"trails": (replace(TRAIL, reads=DENIED, writes=DENIED),)}, "get-event-selectors",
    ),
    "policies": ("policies", {"policies": DENIED}, "list-policies-for-target"),
    "a quota": ("quotas", {"quotas": (replace(QUOTA, limit=DENIED),)}, "aws service-quotas get-service-quota"),
    "the usage of a quota": ("quotas", {"quotas": (replace(QUOTA, used=DENIED),)}, "get-service-quota"),
    "the installations": ("installations", {"installations": DENIED}, "aws cloudformation list-stack-sets"),
    "the installations of a region": (
        "installations", {"unread_regions": {"us-east-2": DENIED.reason}},
        "aws cloudformation list-stack-sets --status ACTIVE --call-as DELEGATED_ADMIN --region us-east-2",
    ),
    "the owner of a name": ("names", {"existing": existing(DENIED)}, "aws iam get-role"),
}  # fmt: skip


def found(check: str, changes: dict[str, Any]) -> tuple[Finding, ...]:
    report = examine(actual(**changes), CHECKS)
    return next(result.findings for result in report.results if result.check.id == check)


def test_an_organization_without_problems_has_no_findings() -> None:
    report = examine(SOUND, CHECKS)
    assert [finding for result in report.results for finding in result.findings] == []
    assert not report.has_findings


@pytest.mark.parametrize(("check", "severity", "changes", "texts"), PROBLEMS.values(), ids=PROBLEMS)
def test_each_problem_is_found(check: str, severity: str, changes: dict[str, Any], texts: tuple[str, ...]) -> None:
    findings = [finding for finding in found(check, changes) if finding.severity == severity]
    assert findings
    shown = "\n".join(part for one in findings for part in (one.message, one.next_step, *one.commands))
    for text in texts:
        assert text in shown
    assert all(one.commands or "organization.yaml" in one.next_step for one in findings)
    assert examine(actual(**changes), CHECKS).has_findings


@pytest.mark.parametrize(("check", "changes", "command"), UNREAD.values(), ids=UNREAD)
def test_a_denied_read_is_not_an_error_and_has_a_command(check: str, changes: dict[str, Any], command: str) -> None:
    (finding,) = found(check, changes)
    assert finding.severity == "unchecked"
    assert finding.message.startswith("Could not check")
    assert DENIED.reason in finding.message
    assert any(command in one for one in finding.commands)


def test_every_check_has_a_problem_here() -> None:
    assert {check for check, *_ in PROBLEMS.values()} == {check.id for check in CHECKS}


def test_denied_reads_are_not_findings() -> None:
    assert not examine(actual(trails=DENIED, policies=DENIED), CHECKS).has_findings


def test_one_sufficient_trail_is_enough() -> None:
    others = (replace(TRAIL, is_logging=False), replace(TRAIL, writes=DENIED, is_logging=DENIED), TRAIL)
    assert found("trail", {"trails": others}) == ()


def test_the_management_account_needs_no_delegation() -> None:
    summary = OrganizationSummary(id="o-exampleorg1", management_account=CENTRAL, feature_set="ALL")
    changes = {"summary": summary, "delegated": DENIED}
    assert found("delegation", changes) == found("delegation-permission", changes) == ()


@pytest.mark.parametrize("action", ["iam:GetRole", "lambda:InvokeFunction"])
def test_a_policy_that_denies_calls_of_requests_is_found_only_if_there_is_a_function_url(action: str) -> None:
    content = f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "{action}", "Resource": "*"}}}}'
    denies = ServiceControlPolicy(id="p-requests0", name="no-requests", content=content)
    policies = {"policies": with_policy("r-exam", denies)}
    assert found("policies", policies) == ()
    (finding,) = found("policies", {**policies, "has_function_url": True})
    assert (finding.severity, action in finding.message) == ("problem", True)


@pytest.mark.parametrize(
    ("action", "exempt"),
    [
        pytest.param("ecr:CreateRepository", "deployer-creator", id="the role that ECR creates with"),
        pytest.param("ecr:CreateRepositoryCreationTemplate", "nobody", id="templates that StackSets create"),
        pytest.param("iam:PassRole", "nobody", id="passing the role to ECR"),
        pytest.param("iam:PutRolePolicy", "nobody", id="the policy of that role"),
    ],
)
def test_a_policy_that_denies_calls_of_the_native_engine_is_found_only_for_accounts_that_use_it(
    action: str, exempt: str
) -> None:
    content = (
        f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "{action}", "Resource": "*",'
        f' "Condition": {{"ArnNotLike": {{"aws:PrincipalArn": ["arn:aws:iam::*:role/{exempt}"]}}}}}}}}'
    )
    denies = ServiceControlPolicy(id="p-native000", name="no-templates", content=content)
    policies = {"policies": with_policy("r-exam", denies)}
    assert isinstance(SOUND.coverage, Coverage)
    native = replace(SOUND.coverage, creation_templates={SHOP: "0123abcd"})
    assert action == "iam:PutRolePolicy" or found("policies", policies) == ()
    (finding,) = found("policies", {**policies, "coverage": native})
    assert (finding.severity, action in finding.message, "shop-prod" in finding.message) == ("problem", True, True)


def test_policies_do_not_apply_to_the_management_account() -> None:
    coverage = Coverage(regions={MANAGEMENT: ("us-east-1",)}, handles_pulls=False)
    assert found("policies", {"coverage": coverage, "policies": with_policy("r-exam", DENY_REGIONS)}) == ()


@pytest.mark.parametrize("changes", [case[-2] for case in PROBLEMS.values()] + [case[1] for case in UNREAD.values()])
def test_the_table_fits_and_its_commands_can_be_copied(changes: dict[str, Any]) -> None:
    report = examine(actual(**changes), CHECKS)
    lines = [line.text for line in report_lines(report)]
    assert max(map(len, lines)) <= 80
    copied = "\n".join(line.removeprefix("    ") for line in lines).replace("\\\n", "")
    commands = [command for result in report.results for one in result.findings for command in one.commands]
    for command in commands:
        assert shlex.join(shlex.split(command)) in [shlex.join(shlex.split(line)) for line in copied.splitlines()
                                                    if line.startswith(("aws ", "deployer ", "pip "))]  # fmt: skip


def test_json_has_every_check() -> None:
    document: Any = report_document(examine(actual(trusted_access="DISABLED"), CHECKS))
    assert document["has_findings"] is True
    assert [one["check"] for one in document["checks"]] == [check.id for check in CHECKS]
    (wrong,) = [one for one in document["checks"] if one["findings"]]
    assert (wrong["check"], wrong["result"]) == ("trusted-access", "problem")
    assert wrong["findings"][0]["commands"] == ["aws cloudformation activate-organizations-access"]
