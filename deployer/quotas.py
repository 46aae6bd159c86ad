"""AWS's quotas that a roll-out can reach, and how to raise each. Pure.

Codes: https://docs.aws.amazon.com/general/latest/gr/cfn.html and https://docs.aws.amazon.com/general/latest/gr/iam-service.html
"""

from __future__ import annotations

from typing import NamedTuple


class QuotaCode(NamedTuple):
    """A quota, as Service Quotas names it."""

    name: str
    service: str
    code: str


STACK_SETS = QuotaCode("StackSets of the administrator account", "cloudformation", "L-EC62D81A")
INSTANCES = QuotaCode("Instances of a StackSet", "cloudformation", "L-C8225BA5")
ROLES = QuotaCode("IAM roles", "iam", "L-FE177D64")

CREATION_TEMPLATES = 100
"""Repository creation templates of a registry. AWS documents no quota (assumption A31)."""

_OF_CALLS = {
    "CreateStackSet": STACK_SETS,
    "CreateStackInstances": INSTANCES,
}


def quota_of_call(operation: str) -> QuotaCode | None:
    """The quota that a LimitExceededException of a call is about, if there is only one."""
    return _OF_CALLS.get(operation)


def increase(quota: QuotaCode, desired: str = "NUMBER") -> str:
    """The command that requests an increase."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service}"
        f" --quota-code {quota.code} --desired-value {desired}"
    )


def in_service_quotas(service: str) -> str:
    """Where the quotas of a service are raised."""
    return f"in the Service Quotas console, under {service}"
