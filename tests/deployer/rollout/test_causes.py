"""One cause is reported once and briefly, however many instances it affects."""

from __future__ import annotations

import pytest

from deployer.rollout.causes import Cause, Failure, causes, shortened

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
        pytest.param("Account 1 should have a role", "Account 1 should have a role", id="any other sentence"),
        pytest.param("", "", id="no reason"),
    ],
)
def test_reasons_are_cut_to_what_matters(reason: str, short: str) -> None:
    assert shortened(reason) == short


def test_the_same_cause_in_several_accounts_is_reported_once_and_the_most_frequent_first() -> None:
    same = [_failure(account, f"no role in {account}") for account in ("111111111111", "222222222222")]
    other = _failure("333333333333", "quota of 333333333333 reached")
    assert causes([other, *same]) == (
        Cause(reason="no role in <account>", failures=tuple(same)),
        Cause(reason="quota of 333333333333 reached", failures=(other,)),
    )


def test_what_was_only_cancelled_is_omitted_beside_a_cause_and_reported_alone() -> None:
    cancelled = _failure("111111111111", "Cancelled since failure tolerance has exceeded")
    cause = _failure("222222222222", "no role")
    assert [one.failures for one in causes([cancelled, cause])] == [(cause,)]
    assert [one.failures for one in causes([cancelled])] == [(cancelled,)]


def test_each_accounts_own_execution_role_is_no_cause_of_its_own() -> None:
    text = (
        "User: arn:aws:sts::{0}:assumed-role/stacksets-exec-{1}/stacksets is not authorized to perform: sqs:CreateQueue"
    )
    roles = {"111111111111": "f2a5349349468aa0879238536bca5045", "222222222222": "56e46c7d21abd61e767cc086c94df58c"}
    (cause,) = causes(_failure(account, text.format(account, role)) for account, role in roles.items())
    assert len(cause.failures) == 2
    assert "assumed-role/stacksets-exec-…/stacksets" in cause.reason
