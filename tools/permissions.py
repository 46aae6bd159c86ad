"""docs/permissions.md: the changes in each account, and the permissions of each role with reasons, from the templates.

A statement's reason is the docstring of the function that returns it, so code and document stay in sync.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from troposphere import Template

from handler.settings import Encryption, Scanning
from templates import (
    access,
    artifacts,
    audit_policies,
    central,
    forwarding,
    native_policies,
    policies,
    registry_creation_templates,
    registry_scanning,
    resource_policies,
    trust,
)
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.names import Names
from templates.notices import Notifications
from tools.inventory import changes
from tools.page import render_page
from tools.wording import CALLER_KEYS, code, conditions, principal

REASONS: Mapping[str, Callable[..., Any]] = {
    "AdmitDeadLetters": resource_policies.admit_dead_letters,
    "AdmitOperators": resource_policies.admit_operators,
    "AdmitPublishers": resource_policies.admit_publishers,
    "AdmitWatch": resource_policies.admit_watch,
    "AdmitOrganization": resource_policies.admit_organization,
    "RequestProbe": audit_policies.request_probe_repository,
    "AssumeCreatorRoles": policies.assume_creator_roles,
    "AuditKeys": audit_policies.audit_keys,
    "AuditQueues": audit_policies.audit_queues,
    "AuditRegistries": audit_policies.audit_registries,
    "AuditRepositories": audit_policies.audit_repositories,
    "AuditRoles": audit_policies.audit_roles,
    "AuditRules": audit_policies.audit_rules,
    "AuditStacks": audit_policies.audit_stacks,
    "CountDeadLetters": policies.count_dead_letters,
    "CountInLedger": policies.count_in_ledger,
    "CreateByTemplates": native_policies.create_by_templates,
    "CreateTaggedRepositories": policies.create_repositories,
    "DeleteBlankRepositories": audit_policies.delete_blank_repositories,
    "DeleteProbe": audit_policies.delete_probe,
    "DenyNames": native_policies.deny_names,
    "DescribeAccounts": policies.look_up_accounts,
    "DescribeKeys": policies.use_keys,
    "FindCreated": policies.find_created,
    "FinishCreatedRepositories": policies.finish_created_repositories,
    "FindQueues": policies.find_queues,
    "FindStackSets": policies.find_stack_sets,
    "ForwardEvents": policies.forward_events,
    "GrantKeysToECR": policies.use_keys,
    "HandleDeadLetters": policies.handle_dead_letters,
    "HandleFailures": policies.handle_failures,
    "InvokeItself": policies.invoke_itself,
    "OnlyLambda": trust.function,
    "ListParentOUs": policies.look_up_accounts,
    "DescribeRepositories": policies.describe_repositories,
    "LookUpCallers": policies.look_up_callers,
    "ReadAccountNames": policies.read_account_names,
    "OnlyAuditors": trust.auditors,
    "OnlyOperators": trust.operators,
    "OnlyRegistry": trust.registry,
    "OnlyTheForwardingRule": trust.forwarding_rule,
    "OnlyTheHandler": trust.handler,
    "OnlyTheNoticesRule": trust.notices_rule,
    "OnlyTheOperatorRole": trust.operator_role,
    "ReadDelegatedAdministrators": policies.read_delegated_administrators,
    "PutPoliciesByTemplates": native_policies.put_policies_by_templates,
    "TagByTemplates": native_policies.tag_by_templates,
    "PublishNotices": policies.publish_notices,
    "RedriveEvents": policies.redrive_events,
    "DenyOldTLS": resource_policies.deny_insecure_bucket_calls,
    "DenyInsecureTransport": resource_policies.deny_insecure_queue_calls,
    "RepairRepositories": audit_policies.repair_repositories,
    "RepairTags": audit_policies.repair_tags,
    "RestoreOwnershipTags": audit_policies.restore_ownership_tags,
    "RestoreEventTag": audit_policies.restore_event_tag,
    "ReplayEvents": policies.replay_events,
    "RetireGrantsOfECR": policies.retire_grants,
    "SendFailures": policies.send_failures,
    "SendNotices": policies.send_notices,
    "SendTraces": policies.send_traces,
    "AssumeAuditorRoles": policies.assume_auditor_roles,
    "ReadStackSets": policies.read_stack_sets,
    "AssumeRepairerRoles": policies.assume_repairer_roles,
    "WriteLedger": policies.write_ledger,
    "WriteLogs": policies.write_logs,
}
"""The function that returns each statement, by its Sid."""


CREATION_TEMPLATES = CreationTemplates(
    templates=(
        CreationTemplate(
            prefix=ROOT,
            image_tag_mutability="IMMUTABLE",
            mutability_exclusions=(),
            encryption=Encryption(type="KMS"),
            lifecycle_policy="{}",
            repository_policy="{}",
            tags=(("env", "prod"),),
        ),
    ),
    denied=("**/tmp-*",),
)
"""Settings that need every permission of the role of creation templates."""


def render(names: Names) -> str:
    """The page; CloudFormation fills in every `<…>` in each account."""
    stacks = {
        "artifacts": artifacts.template(names),
        "central": central.template(
            names,
            handler_digest="<digest>",
            options=central.Options(
                cleanup=True, notifications=Notifications(topic="create"), tracing=True, function_url=True
            ),
        ),
        "access": access.template(names, uses_kms=True, cleanup=True, answers_requests=True),
        "forwarding": forwarding.template(names),
        "registry-scanning": registry_scanning.template(names, Scanning(type="ENHANCED")),
        "creation-templates": registry_creation_templates.template(names, CREATION_TEMPLATES, "<digest>"),
    }
    return render_page(
        "permissions",
        changes=_changes(names, stacks),
        roles=_roles(stacks),
        keys=_keys(stacks),
        resource_policies=_resource_policies(stacks),
        operator_role=names.operator_role,
        auditor_role=names.auditor_role,
        repairer_role=names.repairer_role,
        cleaner_role=names.cleaner_role,
        probe_repository=names.probe_repository,
    )


def _changes(names: Names, stacks: Mapping[str, Template]) -> str:
    home = names.central_region
    sections = {
        f"Central account, {home}: stack `{names.artifacts_stack}`": stacks["artifacts"],
        f"Central account, {home}: stack `{names.central_stack}`": stacks["central"],
        f"Every covered account, {home}: StackSet `{names.access_stack_set}`": stacks["access"],
        f"Every covered account and region: StackSet `{names.forwarding_stack_set}`": stacks["forwarding"],
        f"If an OU configures `registry.scanning`: StackSets `{names.prefix}-{registry_scanning.NAME}-…`": stacks[
            "registry-scanning"
        ],
        f"If an OU has `engine: native`: StackSets `{names.prefix}-{registry_creation_templates.NAME}-…`": stacks[
            "creation-templates"
        ],
    }
    lines = []
    number = 0
    for title, template in sections.items():
        lines += [f"**{title}**", ""]
        for number, change in enumerate(changes(template), start=number + 1):  # noqa: B020 - one numbering for all
            lines.append(f"{number}. {change}")
        lines.append("")
    return "\n".join(lines).rstrip()


def _roles(stacks: Mapping[str, Template]) -> str:
    roles = (role for template in stacks.values() for role in _of_type(template, "AWS::IAM::Role"))
    return "\n\n".join(map(_role, roles))


def _role(role: Mapping[str, Any]) -> str:
    """Who uses it and for what; without its description if it has a single purpose."""
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    purposes = list(_purposes(one for one in _permissions(role) if not _is_for_keys(one)))
    about = f"{re.split('[,:;] ', role['Description'])[0]}. " if len(purposes) > 1 else ""
    return "\n".join((f"### {code(role['RoleName'])}", "", f"{about}Used by {_user(trusted)}.", "", *purposes))


def _purposes(statements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each purpose, with all that it needs; statements that differ only by their resources are joined."""
    needed: dict[str, dict[tuple[str, str], list[str]]] = {}
    for statement in statements:
        narrowed = conditions(statement.get("Condition", {}), implied=["aws:ResourceOrgID"])
        verb = "" if statement["Effect"] == "Allow" else "denies "
        what = f"{verb}{_listed(statement['Action'])}"
        purpose = needed.setdefault(_purpose(statement), {})
        purpose.setdefault((what, f", if {narrowed}" if narrowed else ""), []).append(_listed(statement["Resource"]))
    for why, parts in needed.items():
        texts = (f"{what} on {', '.join(on)}{narrowed}" for (what, narrowed), on in parts.items())
        yield f"- {why}: {'; '.join(texts)}."


def _keys(stacks: Mapping[str, Template]) -> str:
    """The permissions for KMS keys, for each combination of roles that have them."""
    roles: dict[str, list[str]] = {}
    found: dict[str, Mapping[str, Any]] = {}
    for template in stacks.values():
        for role in _of_type(template, "AWS::IAM::Role"):
            for statement in filter(_is_for_keys, _permissions(role)):
                found[statement["Sid"]] = statement
                roles.setdefault(statement["Sid"], []).append(code(role["RoleName"]))
    users = {sid: ", ".join(names) for sid, names in roles.items()}
    lines = (
        f"{line} For {who}."
        for who in dict.fromkeys(users.values())
        for line in _purposes(found[sid] for sid in users if users[sid] == who)
    )
    return "\n".join(lines)


def _permissions(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (statement for policy in role["Policies"] for statement in _statements(policy))


def _is_for_keys(statement: Mapping[str, Any]) -> bool:
    return all(action.startswith("kms:") for action in _actions(statement))


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions: str | list[str] = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _user(trusted: Mapping[str, Any]) -> str:
    """Who may assume a role; a service for one rule only, whose ARN includes the account."""
    block = trusted.get("Condition", {})
    sources = [tests["aws:SourceArn"] for tests in block.values() if "aws:SourceArn" in tests]
    return principal(trusted["Principal"], block) + "".join(f" for {code(source)}" for source in sources)


def _resource_policies(stacks: Mapping[str, Template]) -> str:
    """Who may do what; statements that differ only by their actions or only by their condition are joined."""
    actions: dict[tuple[str, str], dict[str, None]] = {}
    for template in stacks.values():
        for statement in _admissions(template):
            who, what, when = _admission(statement)
            actions.setdefault((who, when), {})[what] = None
    found: dict[str, list[str]] = {}
    for (who, when), allowed in actions.items():
        found.setdefault(f"{who} {', '.join(allowed)}", []).append(when)
    return "\n".join(f"- {what}{_any_of(when)}." for what, when in found.items())


def _any_of(narrowed: Sequence[str]) -> str:
    """Conditions of which one has to hold; the key that all begin with is written once."""
    first, *others = narrowed
    key = first.partition("`<")[0]
    return f", if {' or '.join((first, *(one.removeprefix(key) for one in others)))}" if first else ""


def _admissions(template: Template) -> Iterator[Mapping[str, Any]]:
    for policy in _of_type(template, "AWS::Events::EventBusPolicy"):
        yield policy["Statement"]
    for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"):
        for policy in _of_type(template, kind):
            yield from _statements(policy)


def _listed(values: Any) -> str:
    return code(values).replace(" or ", ", ")


def _admission(statement: Mapping[str, Any]) -> tuple[str, str, str]:
    """Why and for whom, what, and when."""
    block = statement.get("Condition", {})
    who = principal(statement["Principal"], block)
    may = f"{who} may" if statement["Effect"] == "Allow" else "nobody may" if who == "anyone" else f"{who} may not"
    return (
        f"{_purpose(statement)}: {may}",
        _listed(statement["Action"]),
        conditions(block, implied=() if statement["Principal"] == "*" else CALLER_KEYS),
    )


def _purpose(statement: Mapping[str, Any]) -> str:
    return reason(statement["Sid"]).partition("; ")[0].removesuffix(".")


def reason(sid: str) -> str:
    """Why a statement is needed: the first paragraph of its function's docstring."""
    return " ".join((inspect.getdoc(REASONS[sid]) or "").split("\n\n")[0].split())


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def _of_type(template: Template, kind: str) -> list[Mapping[str, Any]]:
    resources: Mapping[str, Any] = template.to_dict()["Resources"]
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]
