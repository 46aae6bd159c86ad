"""Service Quotas: the quotas of CloudFormation that bound a roll-out; moto (5.2.5) has only those of VPC.

An account has AWS's defaults. Raising one takes AWS hours, so that there is no call for it here: a test sets `APPLIED`.
https://docs.aws.amazon.com/general/latest/gr/cfn.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.seams import answers, on_reset

QUOTAS: Final[Mapping[tuple[str, str], tuple[str, int]]] = {
    ("cloudformation", "L-EC62D81A"): ("Stack sets per administrator account", 1_000),
    ("cloudformation", "L-C8225BA5"): ("Stack instances per stack set", 100_000),
}
"""Name and default by service and quota code."""

APPLIED: dict[tuple[str, str], int] = {}
"""What differs from the default, by account and quota code."""


@on_reset
def _forget() -> None:
    APPLIED.clear()


@answers("service-quotas", "GetServiceQuota")
def get_service_quota(call: Call) -> Mapping[str, Any]:
    """The quota that applies in the caller's account."""
    service, code = str(call.parameters["ServiceCode"]), str(call.parameters["QuotaCode"])
    if (service, code) not in QUOTAS:
        raise Refused("NoSuchResourceException", f"The quota {code} of {service} does not exist.")
    name, default = QUOTAS[service, code]
    return {
        "Quota": {
            "ServiceCode": service,
            "QuotaCode": code,
            "QuotaArn": f"arn:{PARTITION}:servicequotas:{call.region}:{call.account}:{service}/{code}",
            "QuotaName": name,
            "Value": float(APPLIED.get((call.account, code), default)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }
