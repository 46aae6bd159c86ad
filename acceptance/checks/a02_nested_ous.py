"""A2: One INTERSECTION call may name OUs that lie within each other."""

from __future__ import annotations

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, Need, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import child_ou, move, refusal_of, trial


def run(lab: Lab) -> Finding:
    """Deploy to the member by its OU and the OU above it, then update and delete in the same way."""
    place, inner = lab.place, child_ou(lab, "inner")
    move(lab, to=inner)
    stack_set = trial(lab, "nested")
    stack_set.create()
    where = {"ous": [place.ou, inner], "accounts": [place.member_account], "regions": [place.region]}
    operations = []
    try:
        operations.append(stack_set.operate("create_stack_instances", **where))
        instances = stack_set.instances()
        operations.append(stack_set.operate("update_stack_set", UsePreviousTemplate=True, **where))
        operations.append(stack_set.operate("delete_stack_instances", RetainStacks=False, **where))
    except ClientError as error:
        return refuted(f"AWS refused the call after {len(operations)} others", refusal=refusal_of(error))
    statuses = [one["Status"] for one in operations]
    if statuses != ["SUCCEEDED"] * 3 or len(instances) != 1 or stack_set.instances():
        return refuted("The operations did not do what they say", operations=operations, instances=instances)
    return held("Creation, update and deletion acted once on the account", instances=instances)


CHECK = Check(
    number=2,
    title="One INTERSECTION call may name OUs that lie within each other",
    run=run,
    creates=("management: an OU below the one under test, and the member moved there", "a StackSet of one log group"),
    minutes=5,
    needs=frozenset({Need.MANAGEMENT}),
    altered_by="NESTED_OUS_REFUSED",
)
