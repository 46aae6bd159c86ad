"""The deletions of `destroy`, and its result. Pure."""

from __future__ import annotations

from deployer.organization import Organization
from deployer.rendering.outcome import cause_lines
from deployer.rendering.plan_json import VERSION, Document, place
from deployer.rendering.suspended import retained_lines
from deployer.rendering.text import Line, wrapped
from deployer.rollout.causes import causes
from deployer.rollout.destroy import Removal, removed_instances, retained_instances
from deployer.rollout.result import RolloutResult
from deployer.words import counted

DESTROY = "`deployer destroy`"


def removal_lines(plan: Removal, organization: Organization, *, caller: str) -> list[Line]:
    """Everything that is deleted, in order, and what stays."""
    lines = wrapped(f"Removal from organization {organization.id}, as {caller}", indent=0, tone="heading")
    lines.append(Line(""))
    for key in plan.companions:
        lines.append(Line(f"- stack {key.name} in {key.region} (management account)", "remove"))
    for stack_set in plan.stack_sets:
        gone = sum(len(operation.instances) for operation in stack_set.instances.delete)
        lines.append(Line(f"- StackSet {stack_set.name} with {counted(gone, 'instance')}", "remove"))
        if stack_set.afterwards:
            lines += wrapped(f"afterwards: {stack_set.afterwards}", indent=4, tone="remove")
    lines += retained_lines(organization, [instance for _, instance in retained_instances(plan)])
    for key in plan.stacks:
        lines.append(Line(f"- stack {key.name} in {key.region}", "remove"))
    if plan.bucket:
        lines.append(Line("- the artifacts bucket with every version of the handler", "remove"))
    if plan.ledger:
        lines.append(Line("- THE LEDGER with all of its records", "remove"))
    if plan.keeps_ledger:
        lines.append(Line("= the ledger stays (--delete-ledger deletes it)", "quiet"))
    lines += [line for one in plan.others for line in wrapped(f"= another installation stays: {one}", indent=0)]
    if lines[-1].text:
        lines.append(Line(""))
    if plan.is_empty:
        lines.append(Line("Nothing to remove.", "heading"))
    else:
        lines.append(Line("Repositories and their images stay: this command deletes none.", "heading"))
    return lines


def removal_outcome_lines(outcome: RolloutResult, organization: Organization) -> list[Line]:
    """What was deleted, and what could not be and why."""
    lines = [
        Line("Summary", "heading"),
        Line(f"  removed  {counted(len(outcome.done), 'step')}; {counted(outcome.deleted, 'instance')}"),
        Line(f"  failed   {counted(len(outcome.failures), 'instance')}", "bad" if outcome.failures else ""),
        Line(f"  not run  {counted(len(outcome.not_run), 'step')}", "bad" if outcome.not_run else ""),
    ]
    if outcome.released:
        text = (
            f"released {counted(outcome.released, 'instance')} of suspended accounts; stacks that are listed above stay"
            " there: delete them if such an account is reopened"
        )
        lines[2:2] = wrapped(text, indent=2, tone="quiet")
    for cause in causes(outcome.failures):
        lines += cause_lines(cause, organization, again=DESTROY)
    if outcome.error is not None:
        lines += wrapped(f"Stopped: {outcome.error.message}", indent=0, tone="bad")
        lines += wrapped(outcome.error.next_step or "Run `deployer destroy` again to resume.", indent=2)
    return lines


def removal_document(plan: Removal, outcome: RolloutResult | None, organization: Organization) -> Document:
    """What is deleted, and the result if it was tried; docs/schemas/destroy.json is its schema."""
    return {
        "version": VERSION,
        "organization": organization.id,
        "stack_sets": [stack_set.name for stack_set in plan.stack_sets],
        "instances": removed_instances(plan),
        "retained": [
            {
                **place(organization, instance.account),
                "region": instance.region,
                "stack_set": name,
                "stack": instance.stack_id or None,
            }
            for name, instance in retained_instances(plan)
        ],
        "stacks": [{"name": key.name, "region": key.region} for key in (*plan.companions, *plan.stacks)],
        "bucket": plan.bucket,
        "other_installations": [str(one) for one in plan.others],
        "ledger": "deleted" if plan.ledger else "kept" if plan.keeps_ledger else "absent",
        "outcome": None if outcome is None else removal_values(outcome, organization),
    }


def removal_values(outcome: RolloutResult, organization: Organization) -> Document:
    """The result alone."""
    return {
        "exit_code": outcome.exit_code,
        "done": list(outcome.done),
        "not_run": list(outcome.not_run),
        "instances": outcome.deleted,
        "released": outcome.released,
        "failures": [
            {
                **place(organization, one.account),
                "region": one.region,
                "stack_set": one.stack_set,
                "reason": one.reason,
                "next_step": one.next_step(again=DESTROY),
            }
            for one in outcome.failures
        ],
        "error": outcome.error.message if outcome.error else None,
    }
