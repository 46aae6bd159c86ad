"""A16: How a failed stack instance words its reason."""

from __future__ import annotations

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import trial
from deployer.rollout.causes import shortened


def run(lab: Lab) -> Finding:
    """Let a deployment fail because of a log group that exists, and read the reason."""
    place, name = lab.environment, "/acceptance/" + lab.name("taken")
    resource = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": 1}}
    lab.stack("member", "taken", {"Resources": {"LogGroup": resource}})
    stack_set = trial(lab, "failing")
    stack_set.create(log_group=name)
    operation = stack_set.operate("create_stack_instances", ous=[place.ou], regions=[place.region])
    results = stack_set.results(operation["OperationId"])
    reasons = [one["StatusReason"] for one in results if one["Status"] == "FAILED" and one.get("StatusReason")]
    if not reasons:
        return not_run("The deployment did not fail", results=results)
    if not shortened(reasons[0]).startswith("LogGroup (AWS::Logs::LogGroup): "):
        return refuted("The reason is worded in another way", reasons=reasons)
    return held("The reason names the resource, its type and what its handler said", reasons=reasons)


CHECK = Check(
    number=16,
    title="How a failed stack instance words its reason",
    run=run,
    creates=("member: a stack of one log group", "a StackSet that fails on purpose"),
    minutes=4,
    altered_by="UNSPECIFIC_REASONS",
)
