"""A17: A suspended account's instance is skipped and not counted as a failure."""

from __future__ import annotations

from typing import Any

from acceptance.check import Check, Finding, Need, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial


def run(lab: Lab) -> Finding:
    """Deploy to a suspended account by name, and read the result."""
    environment, stack_set = lab.environment, trial(lab, "suspended")
    stack_set.create()
    operation = stack_set.operate(
        "create_stack_instances",
        ous=[environment.suspended_ou or ""],
        accounts=[environment.suspended_account or ""],
        regions=[environment.region],
    )
    results = stack_set.results(operation["OperationId"])
    seen: dict[str, Any] = {"operation": operation, "results": results, "instances": stack_set.instances()}
    detailed = [one.get("StackInstanceStatus", {}).get("DetailedStatus") for one in stack_set.instances()]
    if operation["Status"] != "SUCCEEDED" or any(one["Status"] == "FAILED" for one in results):
        return refuted("The suspended account counts as a failure", **seen)
    if any(one != "SKIPPED_SUSPENDED_ACCOUNT" for one in detailed):
        return refuted(f"The detailed status is {', '.join(str(one) for one in detailed)}", **seen)
    return held("The account is skipped, and the operation succeeded", **seen)


CHECK = Check(
    number=17,
    title="A suspended account's instance is skipped and not counted as a failure",
    run=run,
    creates=("a StackSet that reaches the suspended account only",),
    minutes=3,
    needs=frozenset({Need.SUSPENDED}),
    altered_by="SUSPENDED_ACCOUNTS_FAIL",
)
