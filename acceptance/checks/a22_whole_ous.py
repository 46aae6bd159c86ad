"""A22: An operation on a whole OU takes accounts with and without an instance."""

from __future__ import annotations

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import refusal_of, trial


def run(lab: Lab) -> Finding:
    """Deploy to the member by name, then to its whole OU, and delete the whole OU."""
    environment, stack_set = lab.environment, trial(lab, "whole")
    stack_set.create()
    target = {"ous": [environment.ou], "regions": [environment.region]}
    stack_set.operate("create_stack_instances", accounts=[environment.member_account], **target)
    operations = []
    try:
        operations.append(stack_set.operate("create_stack_instances", **target))
        instances = stack_set.instances()
        operations.append(stack_set.operate("delete_stack_instances", RetainStacks=False, **target))
    except ClientError as error:
        return refuted(f"AWS refused the call after {len(operations)} others", refusal=refusal_of(error))
    left = stack_set.instances()
    if [one["Status"] for one in operations] != ["SUCCEEDED"] * 2 or left:
        return refuted("The operations succeeded without effect", operations=operations, left=left)
    return held("The OU was deployed to and deleted as a whole", instances=instances)


CHECK = Check(
    number=22,
    title="An operation on a whole OU takes accounts with and without an instance",
    run=run,
    creates=("a StackSet of one log group in every account of the OU under test",),
    minutes=5,
    altered_by="EXISTING_INSTANCES_REFUSED",
)
