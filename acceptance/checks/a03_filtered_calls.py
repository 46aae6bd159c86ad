"""A3: A filtered creation makes the whole OU a target of auto-deployment, and a filtered deletion does not end it."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial


def run(lab: Lab) -> Finding:
    """Create and delete with INTERSECTION, and read the targets of auto-deployment after each."""
    environment, stack_set = lab.environment, trial(lab, "filtered")
    stack_set.create()
    target = {"ous": [environment.ou], "accounts": [environment.member_account], "regions": [environment.region]}
    stack_set.operate("create_stack_instances", **target)
    created = stack_set.targets()
    stack_set.operate("delete_stack_instances", RetainStacks=False, **target)
    deleted = stack_set.targets()
    lists = {"after_creation": created, "after_deletion": deleted}
    expected = {environment.ou: [environment.region]}
    if created != expected:
        return refuted("A filtered creation does not register the OU", **lists)
    if deleted != expected:
        return refuted("A filtered deletion ends auto-deployment to the OU", **lists)
    return held("The creation registers the OU, and the deletion keeps it registered", **lists)


CHECK = Check(
    number=3,
    title="Filtered creations register the whole OU for auto-deployment, and filtered deletions do not end it",
    run=run,
    creates=("a StackSet of one log group",),
    minutes=4,
    altered_by="FILTERED_CREATION_REGISTERS_NOTHING",
)
