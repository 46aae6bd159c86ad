"""A16: The wording of the reason of a failed stack instance."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial
from deployer.rollout.causes import shortened


def run(lab: Lab) -> Finding:
    """Deploy a log group that exists already, and read the reason for the failure."""
    environment, name = lab.environment, "/acceptance/" + lab.name("taken")
    resource = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": 1}}
    lab.stack("member", "taken", {"Resources": {"LogGroup": resource}})
    stack_set = trial(lab, "failing")
    stack_set.create(log_group=name)
    operation = stack_set.operate("create_stack_instances", ous=[environment.ou], regions=[environment.region])
    results = stack_set.results(operation["OperationId"])
    reasons = [one["StatusReason"] for one in results if one["Status"] == "FAILED" and one.get("StatusReason")]
    if not reasons:
        return not_run("The deployment did not fail", results=results)
    if not shortened(reasons[0]).startswith("LogGroup (AWS::Logs::LogGroup): "):
        return refuted("The reason has a different format", reasons=reasons)
    return held("The reason names the resource, its type and its handler's message", reasons=reasons)


CHECK = Check(
    number=16,
    title="The wording of the reason of a failed stack instance",
    run=run,
    creates=("member: a stack of one log group", "a StackSet that fails on purpose"),
    minutes=4,
    altered_by="UNSPECIFIC_REASONS",
)
