"""One cause is reported once and briefly, however many instances it affects."""

from __future__ import annotations

import pytest

from deployer.rendering.outcome import outcome_lines
from deployer.rollout.causes import Cause, Failure, causes, shortened
from deployer.rollout.result import RolloutResult
from tests.deployer.examples import example_deployment, plan, rolled_out
from tests.example_organization import EXAMPLE

_IAM = (
    "ResourceLogicalId:CreatorRole, ResourceType:AWS::IAM::Role, "
    "ResourceStatusReason:Resource handler returned message: "
    '"Role {name} already exists (Service: Iam, Status Code: 409, Request ID: {request}) (SDK Attempt Count: 1)" '
    "(RequestToken: {request}, HandlerErrorCode: AlreadyExists)."
)


def _failure(account: str, reason: str, region: str = "eu-west-1") -> Failure:
    return Failure(stack_set="deployer-access", account=account, region=region, reason=reason)


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        pytest.param(
            _IAM.format(name="deployer-creator", request="1a-2b"),
            "CreatorRole (AWS::IAM::Role): Role deployer-creator already exists (SDK Attempt Count: 1)",
            id="a resource handler's sentence",
        ),
        pytest.param(
            "ResourceLogicalId:Rule, ResourceType:AWS::Events::Rule, ResourceStatusReason:explicit deny in a service "
            "control policy",
            "Rule (AWS::Events::Rule): explicit deny in a service control policy",
            id="a resource's own reason",
        ),
        pytest.param(
            "ResourceLogicalId:Queue, ResourceType:AWS::SQS::Queue, ResourceStatusReason:q already exists..",
            "Queue (AWS::SQS::Queue): q already exists.",
            id="a sentence with two periods",
        ),
        pytest.param("Account 1 should have a role", "Account 1 should have a role", id="any other sentence"),
        pytest.param("", "", id="no reason"),
    ],
)
def test_reasons_are_shortened_to_the_essential_part(reason: str, short: str) -> None:
    assert shortened(reason) == short


def test_the_same_cause_in_several_accounts_is_reported_once_and_the_most_frequent_first() -> None:
    same = [_failure(account, f"no role in {account}") for account in ("111111111111", "222222222222")]
    other = _failure("333333333333", "quota of 333333333333 reached")
    assert causes([other, *same]) == (
        Cause(reason="no role in <account>", failures=tuple(same)),
        Cause(reason="quota of 333333333333 reached", failures=(other,)),
    )


def test_causes_that_differ_only_in_stack_ids_are_equal() -> None:
    stack = "arn:aws:cloudformation:eu-west-1:{0}:stack/StackSet-deployer-x-{1}/{1}"
    ids = {
        "111111111111": "d5c7aa07-ab38-4d18-9dca-269cbf37d5f4",
        "222222222222": "43f1e1f3-bdf2-4934-a7fb-80c2f32628c3",
    }
    same = [
        _failure(account, f"ROOT already exists in stack {stack.format(account, id_)}") for account, id_ in ids.items()
    ]
    (cause,) = causes(same)
    assert cause.reason == "ROOT already exists in stack StackSet-deployer-x-…"


def test_cancelled_instances_are_omitted_if_there_is_a_cause_and_otherwise_reported() -> None:
    cancelled = _failure("111111111111", "Cancelled since failure tolerance has exceeded")
    cause = _failure("222222222222", "no role")
    assert [one.failures for one in causes([cancelled, cause])] == [(cause,)]
    assert [one.failures for one in causes([cancelled])] == [(cancelled,)]


def test_causes_that_differ_only_in_the_execution_role_of_the_account_are_equal() -> None:
    text = (
        "User: arn:aws:sts::{0}:assumed-role/stacksets-exec-{1}/stacksets is not authorized to perform: sqs:CreateQueue"
    )
    roles = {"111111111111": "f2a5349349468aa0879238536bca5045", "222222222222": "56e46c7d21abd61e767cc086c94df58c"}
    (cause,) = causes(_failure(account, text.format(account, role)) for account, role in roles.items())
    assert len(cause.failures) == 2
    assert "assumed-role/stacksets-exec-…/stacksets" in cause.reason


@pytest.mark.parametrize(
    ("reason", "parts"),
    [
        pytest.param(
            "Queue (AWS::SQS::Queue): User: arn:aws:sts::1:assumed-role/stacksets-exec-1/x is not authorized to"
            " perform: sqs:CreateQueue on resource: q with an explicit deny in a service control policy",
            ("denies sqs:CreateQueue", "aws:RequestedRegion (eu-west-1)", "deployer doctor", "stacksets-exec-*"),
            id="a service control policy: which call it denies, and its likely statement",
        ),
        pytest.param(
            "CreatorRole (AWS::IAM::Role): Cannot exceed quota for RolesPerAccount: 1000",
            ("--service-code iam --quota-code L-FE177D64",),
            id="the quota of roles: the command that raises it",
        ),
        pytest.param(
            "Rule (AWS::Events::Rule): The requested resource exceeds the maximum number allowed (LimitExceeded)",
            ("Service Quotas", "Events"),
            id="any other quota: the service that has it",
        ),
        pytest.param("Rate exceeded (Service: Iam)", ("--max-concurrent",), id="throttling"),
        pytest.param("Role deployer-creator already exists", ("delete or rename",), id="a name that is in use"),
        pytest.param(
            "Template0a1b2c3d (AWS::ECR::RepositoryCreationTemplate): Resource of type"
            " 'AWS::ECR::RepositoryCreationTemplate' with identifier 'team-a' already exists.",
            ("delete-repository-creation-template --prefix team-a", "engine: handler"),
            id="a creation template of somebody else",
        ),
        pytest.param(
            "TemplateROOT (AWS::ECR::RepositoryCreationTemplate): ROOT already exists in stack arn:aws:cloudformation:"
            "eu-west-1:400000000001:stack/StackSet-deployer-registry-creation-templates-0123abcd-d5c7aa07-ab38-4d18-"
            "9dca-269cbf37d5f4/43f1e1f3-bdf2-4934-a7fb-80c2f32628c3.",
            ("moved between OUs", "own file"),
            id="the creation template of another OU, or of an account's own file",
        ),
        pytest.param(
            "Account 1 should have 'AWSCloudFormationStackSetExecutionRole' role",
            ("activate-organizations-access",),
            id="no role for StackSets",
        ),
        pytest.param("{weird} 100% ${AWS::Region}", ("events",), id="an unknown reason"),
        pytest.param("", ("events",), id="no reason"),
    ],
)
def test_each_cause_has_its_next_step(reason: str, parts: tuple[str, ...]) -> None:
    (cause,) = causes([_failure("111111111111", reason)])
    assert [part for part in parts if part not in cause.next_step()] == []
    assert "deployer rollout --only-failed" in cause.next_step()
    assert "{" not in cause.next_step()
    assert "`deployer destroy`" in cause.next_step(again="`deployer destroy`")


def test_one_cause_in_many_accounts_is_one_line_with_a_count() -> None:
    failures = [
        _failure(f"{number:012}", f"no role in {number:012}", region)
        for number in range(200)
        for region in ("eu-west-1", "us-east-1")
    ]
    result = RolloutResult(failures=tuple(failures))
    deployment = example_deployment()
    lines = outcome_lines(result, plan(deployment, rolled_out(deployment)), EXAMPLE)
    text = " ".join(" ".join(line.text for line in lines).split())
    assert text.count("400 failures in 200 accounts: no role in <account>") == 1
    assert "and 188 more; `deployer status --instances` lists all" in text
    assert len(lines) < 25
