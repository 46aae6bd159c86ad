"""A2: An operation may name the OU that AWS reports for an instance."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, Need, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import child_ou, move, refusal_of, trial


def run(lab: Lab) -> Finding:
    """Deploy to the member through the parent of its OU, then update and delete through the OU that is reported."""
    environment = lab.environment
    move(lab, to=child_ou(lab, "inner"))
    stack_set = trial(lab, "reported")
    stack_set.create()
    named: dict[str, Any] = {"accounts": [environment.member_account], "regions": [environment.region]}
    stack_set.operate("create_stack_instances", ous=[environment.ou], **named)
    instances = stack_set.instances()
    reported = [one["OrganizationalUnitId"] for one in instances]
    operations = []
    try:
        operations.append(
            stack_set.operate("update_stack_set", ous=reported, UsePreviousTemplate=True, **named),
        )
        operations.append(stack_set.operate("delete_stack_instances", ous=reported, RetainStacks=False, **named))
    except ClientError as error:
        return refuted(
            f"AWS refused the call after {len(operations)} others", refusal=refusal_of(error), instances=instances
        )
    statuses = [one["Status"] for one in operations]
    if statuses != ["SUCCEEDED"] * 2 or stack_set.instances():
        return refuted("The operations succeeded without effect", operations=operations, instances=instances)
    return held("Update and deletion accepted the OU that the instance reports", instances=instances)


CHECK = Check(
    number=2,
    title="An operation may name the OU that AWS reports for an instance",
    run=run,
    creates=("management: an OU below the one under test, and the member moved there", "a StackSet of one log group"),
    minutes=5,
    needs=frozenset({Need.MANAGEMENT}),
    altered_by="OWN_OUS_REPORTED",
)
