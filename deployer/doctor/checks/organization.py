"""The organization: its id and features, and whether the central account may manage StackSets in it."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import STACK_SETS_PRINCIPAL, ActualState, Unread
from deployer.doctor.finding import Finding, problem, unchecked

DESCRIBE = "aws organizations describe-organization"
ACTIVATE = "aws cloudformation activate-organizations-access"
LIST_DELEGATED = f"aws organizations list-delegated-administrators --service-principal {STACK_SETS_PRINCIPAL}"
_MANAGEMENT = "In the management account, run:"


def identity(actual: ActualState) -> Iterator[Finding]:
    """The credentials' organization is the one that organization.yaml names."""
    if isinstance(actual.summary, Unread):
        yield unchecked("the organization", actual.summary, "With credentials of the central account, run:", DESCRIBE)
    elif actual.organization_id is not None and actual.summary.id != actual.organization_id:
        yield problem(
            f"The credentials belong to {actual.summary.id}; organization.yaml names {actual.organization_id}",
            "Use other credentials, or another config folder.",
            DESCRIBE,
        )


def features(actual: ActualState) -> Iterator[Finding]:
    """All features are enabled: without them there is no trusted access, hence no service-managed StackSet."""
    if isinstance(actual.summary, Unread):
        yield unchecked("the feature set", actual.summary, _MANAGEMENT, f"{DESCRIBE} --query Organization.FeatureSet")
    elif actual.summary.feature_set != "ALL":
        yield problem(
            f"Organization {actual.summary.id} has feature set {actual.summary.feature_set}; StackSets need ALL",
            "In the management account, run this; every invited member must accept:",
            "aws organizations enable-all-features",
        )


def trusted_access(actual: ActualState) -> Iterator[Finding]:
    """StackSets may act in the accounts of the organization."""
    status = actual.trusted_access
    if isinstance(status, Unread):
        show = "aws cloudformation describe-organizations-access"
        yield unchecked("trusted access for StackSets", status, _MANAGEMENT, show)
    elif status != "ENABLED":
        yield problem("Trusted access for StackSets is not enabled in the organization", _MANAGEMENT, ACTIVATE)


def delegation(actual: ActualState) -> Iterator[Finding]:
    """The central account is the management account, or a delegated administrator of StackSets."""
    central = actual.names.central_account
    if actual.is_management:
        return
    if isinstance(actual.delegated, Unread):
        yield unchecked("the delegated administrators of StackSets", actual.delegated, _MANAGEMENT, LIST_DELEGATED)
    elif central not in actual.delegated:
        yield problem(
            f"The central account {central} is not a delegated administrator of StackSets",
            _MANAGEMENT,
            f"aws organizations register-delegated-administrator --account-id {central}"
            f" --service-principal {STACK_SETS_PRINCIPAL}",
        )


def delegation_permission(actual: ActualState) -> Iterator[Finding]:
    """The caller may list delegated administrators: StackSets check with the caller's permissions.

    Without it they answer "Account used is not a delegated administrator".
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
    """
    if actual.is_management or isinstance(actual.caller, Unread):
        return
    if isinstance(actual.delegated, Unread) and actual.delegated.is_denied:
        yield problem(
            f"{actual.caller.arn} lacks organizations:ListDelegatedAdministrators, so StackSets do not recognize "
            "the account as a delegated administrator",
            "Allow it: `deployer policy look` and `deployer policy doctor` have it. This must succeed:",
            LIST_DELEGATED,
        )


def config(actual: ActualState) -> Iterator[Finding]:
    """Every OU and account that a file names exists."""
    if actual.config_problems:
        for text in actual.config_problems:
            yield problem(text, "Correct the file, then run:", "deployer validate --live")
    elif isinstance(actual.organization, Unread):
        yield unchecked("the config files", actual.organization, "In the management account, run:",
                        "deployer validate --live")  # fmt: skip
