"""A35: A property that a stack adopted and its template then omits returns to its default."""

from __future__ import annotations

import json
from typing import Any

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab

DAYS = 3


def run(lab: Lab) -> Finding:
    """Edit one log group and delete another, then let the stack adopt the first and revert both."""
    edited, deleted = (f"/acceptance/{lab.name(what)}" for what in ("edited", "deleted"))
    stack, logs = lab.name("reverted"), lab.client("member", "logs")
    lab.stack("member", "reverted", _template(edited, deleted))
    logs.put_retention_policy(logGroupName=edited, retentionInDays=DAYS)
    logs.delete_log_group(logGroupName=deleted)
    client = lab.client("member", "cloudformation")
    client.update_stack(StackName=stack, TemplateBody=json.dumps(_template(edited, deleted, RetentionInDays=DAYS)))
    _wait(lab, client, stack)
    change_set = _reverting(lab, client, stack, _template(edited, deleted))
    if change_set["Status"] == "FAILED":
        return refuted("CloudFormation reverts nothing", reason=change_set.get("StatusReason", ""))
    client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    _wait(lab, client, stack)
    found = {name: _groups(logs, name) for name in (edited, deleted)}
    evidence = {"changes": change_set["Changes"], "log_groups": found}
    if not found[deleted] or any("retentionInDays" in one for one in found[edited]):
        return refuted("The stack was updated, but its resources do not match the template", **evidence)
    return held("The retention is the default again, and the deleted log group exists", **evidence)


def _template(edited: str, deleted: str, **properties: Any) -> dict[str, Any]:
    type_ = "AWS::Logs::LogGroup"
    return {
        "Resources": {
            "Edited": {"Type": type_, "Properties": {"LogGroupName": edited, **properties}},
            "Deleted": {"Type": type_, "Properties": {"LogGroupName": deleted}},
        }
    }


def _reverting(lab: Lab, client: Any, stack: str, template: dict[str, Any]) -> dict[str, Any]:
    """A drift-aware change set, as soon as it is complete."""
    made = client.create_change_set(
        StackName=stack,
        ChangeSetName="revert",
        TemplateBody=json.dumps(template),
        DeploymentMode="REVERT_DRIFT",
    )

    def complete() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_change_set(ChangeSetName=made["Id"])
        return found if found["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    return lab.wait("change set", complete)


def _wait(lab: Lab, client: Any, stack: str) -> None:
    """Wait until an update has ended, also one that was rolled back: the log groups show it."""

    def ended() -> bool | None:
        status = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else True

    lab.wait(f"stack {stack}", ended)


def _groups(logs: Any, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return found


CHECK = Check(
    number=35,
    title="A property that a stack adopted and its template then omits returns to its default",
    run=run,
    creates=("member: a stack of two log groups",),
    minutes=3,
    altered_by="OMITTED_PROPERTIES_STAY",
)
