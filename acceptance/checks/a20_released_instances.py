"""A20: A suspended account's instance is released by RetainStacks and INTERSECTION."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, Need, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import refusal_of, trial


def run(lab: Lab) -> Finding:
    """Create an instance for the suspended account, and delete it with its stack retained."""
    environment, stack_set = lab.environment, trial(lab, "released")
    stack_set.create()
    target: dict[str, Any] = {
        "ous": [environment.suspended_ou or ""],
        "accounts": [environment.suspended_account or ""],
        "regions": [environment.region],
    }
    stack_set.operate("create_stack_instances", **target)
    before = stack_set.instances()
    if not before:
        return not_run("AWS created no instance of the suspended account, so there is none to release")
    try:
        operation = stack_set.operate("delete_stack_instances", RetainStacks=True, **target)
    except ClientError as error:
        return refuted("AWS refused the deletion", refusal=refusal_of(error), before=before)
    after = stack_set.instances()
    results = stack_set.results(operation["OperationId"])
    if after:
        return refuted("The instance still exists", before=before, after=after, results=results)
    return held("The instance was deleted", before=before, results=results)


CHECK = Check(
    number=20,
    title="A suspended account's instance is released by RetainStacks and INTERSECTION",
    run=run,
    creates=("a StackSet that reaches the suspended account only",),
    minutes=3,
    needs=frozenset({Need.SUSPENDED}),
    altered_by="SUSPENDED_INSTANCES_STAY",
)
