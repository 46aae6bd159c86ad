"""A plan and an outcome as JSON documents: every instance by account and region, with names and OU paths. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from deployer.organization import Organization
from deployer.planning.plan import Plan, StackPlan, StackSetPlan
from deployer.planning.states import OperationInProgress
from deployer.rollout.operation_ids import author
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import InstanceKey, InstanceOperation
from deployer.times import iso_or_none
from deployer.words import account_path
from handler.inspection import Damage

Document = dict[str, object]
VERSION = 1
"""Of the documents of --json; raised if a field is removed or changes its meaning."""


def plan_document(plan: Plan, organization: Organization, *, caller: str) -> Document:
    """The whole plan; docs/schemas/plan.json is its schema."""
    return {
        "version": VERSION,
        "organization": organization.id,
        "caller": caller,
        "changes": not plan.is_empty,
        "stacks": [_stack(stack) for stack in plan.stacks],
        "bundle": {"key": plan.bundle_key, "upload": plan.uploads_bundle},
        "function_url": plan.function_url,
        "urls": {"configured": plan.configured_url, "current": plan.current_url},
        "under_way": under_way(plan.under_way),
        "opt_in_regions": [{"region": region, "management_account": status} for region, status in plan.opt_in_warnings],
        "settings": [asdict(change) for change in plan.settings],
        "stack_sets": [_stack_set(stack_set, organization) for stack_set in plan.stack_sets],
        "additions": additions(plan.blocked, organization),
        "unread": unread(plan.inspection.unread if plan.inspection else {}, organization),
        "totals": {
            "create": plan.creations,
            "update": plan.updates,
            "delete": plan.deletions,
            "unchanged": plan.unchanged,
        },
        "skipped": [
            {**place(organization, account), "reason": skip.reason} for skip in plan.skips for account in skip.accounts
        ],
    }


def outcome_document(
    outcome: RolloutResult, plan: Plan, organization: Organization, *, caller: str, url: str | None
) -> Document:
    """The plan and its result, and the handler's function URL if it has one."""
    return {
        **plan_document(plan, organization, caller=caller),
        "url": url,
        "outcome": outcome_values(outcome, organization),
    }


def outcome_values(outcome: RolloutResult, organization: Organization) -> Document:
    """The result alone."""
    return {
        "exit_code": outcome.exit_code,
        "done": list(outcome.done),
        "not_run": list(outcome.not_run),
        "instances": {
            "created": outcome.created,
            "updated": outcome.updated,
            "deleted": outcome.deleted,
            "unchanged": outcome.unchanged,
            "skipped": len(outcome.skipped),
        },
        "failures": [
            {
                **place(organization, failure.account),
                "region": failure.region,
                "stack_set": failure.stack_set,
                "reason": failure.reason,
                "next_step": failure.next_step(),
            }
            for failure in outcome.failures
        ],
        "error": outcome.error.message if outcome.error else None,
    }


def under_way(operations: Iterable[OperationInProgress]) -> list[Document]:
    """Operations in progress, and who started them if that was deployer."""
    return [
        {
            "stack_set": busy.stack_set,
            "operation": busy.operation.id,
            "action": busy.operation.action,
            "status": busy.operation.status,
            "started": iso_or_none(busy.operation.started),
            "started_by": author(busy.operation.id),
            "over": busy.over,
            "instances": busy.total,
        }
        for busy in operations
    ]


def additions(blocked: Iterable[tuple[InstanceKey, Damage]], organization: Organization) -> list[Document]:
    """What somebody added in accounts, each with the command that removes it."""
    return [
        {**place(organization, key.account), "region": key.region, "addition": one.text, "command": one.command}
        for key, damage in blocked
        for one in damage.additions
    ]


def unread(found: Mapping[InstanceKey, str], organization: Organization) -> list[Document]:
    """Accounts and regions whose resources an inspection could not read, each with the reason."""
    return [
        {**place(organization, key.account), "region": key.region, "reason": reason}
        for key, reason in sorted(found.items())
    ]


def place(organization: Organization, account_id: str) -> Document:
    """An account with its name and the path of its OU."""
    account = organization.accounts.get(account_id)
    return {
        "account": account_id,
        "name": account.name if account else None,
        "ou": account_path(organization, account_id),
    }


def _stack(plan: StackPlan) -> Document:
    return {
        "name": plan.key.name,
        "region": plan.key.region,
        "change": plan.change,
        "preview_denied": plan.is_preview_denied,
        "restored_functions": list(plan.restored_functions),
        "damage": list(plan.damage.texts) if plan.damage else [],
        "resources": [asdict(resource) for resource in plan.resources],
    }


def _stack_set(plan: StackSetPlan, organization: Organization) -> Document:
    return {
        "name": plan.definition.name,
        "change": plan.change,
        "resources": [asdict(resource) for resource in plan.resources],
        "properties": list(plan.properties),
        "instances": {
            "rewritten": plan.rewritten,
            "create": [_operation(one, organization) for one in plan.instances.create],
            "update": [_operation(one, organization) for one in plan.instances.update],
            "delete": [_operation(one, organization) for one in plan.instances.delete],
            "moving": _instances(organization, sorted(plan.instances.moving)),
            "withdraw": [_operation(one, organization) for one in plan.instances.withdraw],
            "repaired": [
                {**place(organization, key.account), "region": key.region, "damage": list(plan.damaged[key].texts)}
                for key in sorted(plan.instances.repaired)
            ],
            "unchanged": plan.instances.unchanged,
            "skipped": _instances(organization, (one.key for one in plan.instances.skipped)),
            "out_of_reach": _instances(organization, (one.key for one in plan.instances.stranded)),
        },
        "future_accounts": {
            "too_much": [
                {**_ou(organization, one.ou_id), "regions": sorted(one.regions), "via": _ou(organization, one.via)}
                for one in plan.overreach
            ],
            "too_little": [{**_ou(organization, gap.ou_id), "regions": sorted(gap.regions)} for gap in plan.gaps],
        },
    }


def _ou(organization: Organization, ou_id: str) -> Document:
    return {"ou": organization.path(ou_id), "ou_id": ou_id}


def _operation(operation: InstanceOperation, organization: Organization) -> Document:
    return {
        "targets": asdict(operation.targets),
        "regions": list(operation.regions),
        "instances": _instances(organization, operation.instances),
    }


def _instances(organization: Organization, keys: Iterable[InstanceKey]) -> list[Document]:
    return [{**place(organization, key.account), "region": key.region} for key in keys]
