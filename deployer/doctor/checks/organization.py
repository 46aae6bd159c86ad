"""The organization: which it is, its features, and that the central account may manage StackSets of it."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.facts import STACK_SETS_PRINCIPAL, Facts, Unread
from deployer.doctor.finding import Finding, problem, unchecked

DESCRIBE = "aws organizations describe-organization"
ACTIVATE = "aws cloudformation activate-organizations-access"
LIST_DELEGATED = f"aws organizations list-delegated-administrators --service-principal {STACK_SETS_PRINCIPAL}"
_MANAGEMENT = "In the management account, run:"


def identity(facts: Facts) -> Iterator[Finding]:
    """The credentials' organization is the one that organization.yaml names."""
    if isinstance(facts.summary, Unread):
        yield unchecked("the organization", facts.summary, "With credentials of the central account, run:", DESCRIBE)
    elif facts.organization_id is not None and facts.summary.id != facts.organization_id:
        yield problem(
            f"The credentials are of organization {facts.summary.id}; organization.yaml names {facts.organization_id}",
            "Use other credentials, or another config folder.",
            DESCRIBE,
        )


def features(facts: Facts) -> Iterator[Finding]:
    """All features are enabled: without them there is no trusted access, hence no service-managed StackSet."""
    if isinstance(facts.summary, Unread):
        yield unchecked("the feature set", facts.summary, _MANAGEMENT, f"{DESCRIBE} --query Organization.FeatureSet")
    elif facts.summary.feature_set != "ALL":
        yield problem(
            f"Organization {facts.summary.id} has the feature set {facts.summary.feature_set}, and StackSets need ALL",
            "In the management account, run this; every member has to agree:",
            "aws organizations enable-all-features",
        )


def trusted_access(facts: Facts) -> Iterator[Finding]:
    """StackSets may act in the accounts of the organization."""
    status = facts.trusted_access
    if isinstance(status, Unread):
        show = "aws cloudformation describe-organizations-access"
        yield unchecked("trusted access for StackSets", status, _MANAGEMENT, show)
    elif status != "ENABLED":
        yield problem("Trusted access for StackSets is not enabled in the organization", _MANAGEMENT, ACTIVATE)


def delegation(facts: Facts) -> Iterator[Finding]:
    """The central account is the management account, or a delegated administrator of StackSets."""
    central = facts.names.central_account
    if facts.is_management:
        return
    if isinstance(facts.delegated, Unread):
        yield unchecked("the delegated administrators of StackSets", facts.delegated, _MANAGEMENT, LIST_DELEGATED)
    elif central not in facts.delegated:
        yield problem(
            f"The central account {central} is not a delegated administrator of StackSets",
            _MANAGEMENT,
            f"aws organizations register-delegated-administrator --account-id {central}"
            f" --service-principal {STACK_SETS_PRINCIPAL}",
        )


def delegation_permission(facts: Facts) -> Iterator[Finding]:
    """The caller may list delegated administrators: StackSets look with the caller's permissions.

    Without it they answer "Account used is not a delegated administrator".
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
    """
    if facts.is_management or isinstance(facts.caller, Unread):
        return
    if isinstance(facts.delegated, Unread) and facts.delegated.is_denied:
        yield problem(
            f"{facts.caller.arn} lacks organizations:ListDelegatedAdministrators, so that StackSets take the account "
            "for no delegated administrator",
            "Allow it: the policy `read` in docs/operator-policy.md has it. This has to work:",
            LIST_DELEGATED,
        )


def config(facts: Facts) -> Iterator[Finding]:
    """Every OU and account that a file names exists."""
    if facts.config_problems:
        for text in facts.config_problems:
            yield problem(text, "Correct the file, then run:", "deployer validate --live")
    elif isinstance(facts.organization, Unread):
        yield unchecked("the config files", facts.organization, "In the management account, run:",
                        "deployer validate --live")  # fmt: skip
