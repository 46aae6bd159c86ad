"""Quotas of StackSets, their instances, IAM roles in the central account, and creation templates of a registry."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ActualState, Quota, Unread
from deployer.doctor.finding import Finding, problem, unchecked, warning
from deployer.quotas import CREATION_TEMPLATES


def quotas(actual: ActualState) -> Iterator[Finding]:
    """What a roll-out adds fits within each quota; a quota that could not be read counts as AWS's default.

    That of creation templates is assumption A31. Only our own are counted: before the first roll-out no role can read
    what the registries have.
    """
    for quota in actual.quotas:
        yield from _judge(quota)
    for owner, needed in actual.creation_templates.items():
        if needed > CREATION_TEMPLATES:
            yield warning(
                f"Repository creation templates of a registry: {owner} needs {needed:,}, besides any that others"
                f" created there, and the quota seems to be {CREATION_TEMPLATES:,}, which AWS does not document",
                "In its files, use fewer prefixes in `create.names.allow` and `namespaces`, set `engine: handler`, or"
                " request an increase. To look for the quota of one of its accounts, run there:",
                "aws service-quotas list-service-quotas --service-code ecr --query 'Quotas[].[QuotaName,Value]'",
            )


def _judge(quota: Quota) -> Iterator[Finding]:
    show = f"aws service-quotas get-service-quota --service-code {quota.service} --quota-code {quota.code}"
    if isinstance(quota.used, Unread):
        yield unchecked(f"the number of {quota.name}", quota.used, "In the central account, run:", show)
        return
    is_known = not isinstance(quota.limit, Unread)
    limit = quota.default if isinstance(quota.limit, Unread) else quota.limit
    needed = quota.used + quota.added
    if needed > limit:
        yield problem(
            f"{quota.name}: {needed:,} needed ({quota.used:,} exist), and the quota is {limit:,}"
            + ("" if is_known else " by default"),
            "In the account that owns the StackSets, request an increase:",
            f"aws service-quotas request-service-quota-increase --service-code {quota.service}"
            f" --quota-code {quota.code} --desired-value {needed}",
        )
    elif isinstance(quota.limit, Unread):
        yield unchecked(f"the quota of {quota.name}", quota.limit,
                        f"{needed:,} are needed, and AWS's default is {quota.default:,}. To show yours:",
                        show)  # fmt: skip
