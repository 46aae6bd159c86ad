"""A5: An account moved between OUs of one StackSet keeps its stacks in the regions of both."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance.check import Check, Finding, Need, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import TrialStackSet, child_ou, move, trial

SETTLING = 30.0
"""Seconds after the first move, so that no StackSet reacts to it later."""
REACTION = 300.0
"""Seconds in which auto-deployment reacts to a move. The check waits for all of them, because no call reports that it
did not react."""


def run(lab: Lab) -> Finding:
    """Move the member between two OUs that one StackSet deploys to, and compare the ids of its stacks."""
    environment = lab.environment
    first, second = child_ou(lab, "first"), child_ou(lab, "second")
    move(lab, to=first)
    lab.clock.sleep(SETTLING)
    stack_set = trial(lab, "moved")
    stack_set.create()
    stack_set.operate("create_stack_instances", ous=[first, second], regions=[environment.region])
    before = _stacks(stack_set)
    if not before:
        return not_run("The StackSet deployed nothing to the account", instances=stack_set.instances())
    move(lab, to=second)
    lab.clock.sleep(REACTION)
    stack_set.settled()
    after = _stacks(stack_set)
    if after != before:
        return refuted("The stack was replaced", before=before, after=after)
    return held("The stack is the same after the move", before=before, instances=stack_set.instances())


def _stacks(stack_set: TrialStackSet) -> Mapping[str, str]:
    return {one["Region"]: one.get("StackId", "") for one in stack_set.instances()}


CHECK = Check(
    number=5,
    title="An account moved between OUs of one StackSet keeps its stacks in the regions of both",
    run=run,
    creates=("management: two OUs below the one under test, and the member moved there", "a StackSet of one log group"),
    minutes=9,
    needs=frozenset({Need.MANAGEMENT}),
    altered_by="MOVES_REPLACE_STACKS",
)
