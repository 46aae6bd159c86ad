"""A4: Deleting an OU's instances in one region leaves its other regions to auto-deployment."""

from __future__ import annotations

from acceptance.check import Check, Finding, Need, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial


def run(lab: Lab) -> Finding:
    """Deploy an OU to two regions, delete one, and read the targets of auto-deployment."""
    environment, stack_set = lab.environment, trial(lab, "regions")
    stack_set.create()
    stack_set.operate("create_stack_instances", ous=[environment.ou], regions=environment.regions)
    before = stack_set.targets()
    stack_set.operate(
        "delete_stack_instances", ous=[environment.ou], regions=environment.regions[1:], RetainStacks=False
    )
    after = stack_set.targets()
    lists = {"before_deletion": before, "after_deletion": after}
    if after != {environment.ou: [environment.region]}:
        return refuted("The other region does not remain registered alone", **lists)
    return held("Only the deleted region is no longer registered", **lists)


CHECK = Check(
    number=4,
    title="Deleting an OU's instances in one region leaves its other regions to auto-deployment",
    run=run,
    creates=("a StackSet of one log group in two regions",),
    minutes=4,
    needs=frozenset({Need.SECOND_REGION}),
    altered_by="DELETION_ENDS_ALL_REGIONS",
)
