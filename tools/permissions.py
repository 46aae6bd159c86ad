"""docs/permissions.md, made from the templates: what changes in which account, and what each role may do and why.

A statement's reason is the docstring of the function that makes it, so code and document cannot drift apart.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from troposphere import Template

from handler.settings import Scanning
from templates import (
    access,
    artifacts,
    audit_policies,
    central,
    forwarding,
    policies,
    registry_scanning,
    resource_policies,
    trust,
)
from templates.names import Names
from templates.notices import Notifications
from tools.inventory import changes
from tools.wording import code, conditions, principal

REASONS: Mapping[str, Callable[..., Any]] = {
    "AdmitDeadLetters": resource_policies.admit_dead_letters,
    "AdmitOperators": resource_policies.admit_operators,
    "AdmitPublishers": resource_policies.admit_publishers,
    "AdmitWatch": resource_policies.admit_watch,
    "AdmitOrganization": resource_policies.admit_organization,
    "AskForProbe": audit_policies.ask_for_probe,
    "AssumeCreatorRoles": policies.assume_creator_roles,
    "AuditKeys": audit_policies.audit_keys,
    "AuditRepositories": audit_policies.audit_repositories,
    "CountDeadLetters": policies.count_dead_letters,
    "CountInLedger": policies.count_in_ledger,
    "CreateTaggedRepositories": policies.create_repositories,
    "DeleteBlankRepositories": audit_policies.delete_blank_repositories,
    "DeleteProbe": audit_policies.delete_probe,
    "DescribeAccounts": policies.look_up_accounts,
    "DescribeKeys": policies.use_keys,
    "FinishCreatedRepositories": policies.finish_created_repositories,
    "FindQueues": policies.find_queues,
    "ForwardEvents": policies.forward_events,
    "GrantKeysToECR": policies.use_keys,
    "HandleDeadLetters": policies.handle_dead_letters,
    "HandleFailures": policies.handle_failures,
    "LambdaRunsTheHandler": trust.function,
    "ListParentOUs": policies.look_up_accounts,
    "LookAtRepositories": policies.look_at_repositories,
    "NameAccounts": policies.name_accounts,
    "OnlyAuditors": trust.auditors,
    "OnlyOperators": trust.operators,
    "OnlyTheForwardingRule": trust.forwarding_rule,
    "OnlyTheHandler": trust.handler,
    "OnlyTheNoticesRule": trust.notices_rule,
    "OnlyTheOperatorRole": trust.operator_role,
    "ProveDelegation": policies.prove_delegation,
    "PublishNotices": policies.publish_notices,
    "PutEventsBack": policies.put_events_back,
    "RefuseOldTLS": resource_policies.refuse_plain_bucket_calls,
    "RefusePlainConnections": resource_policies.refuse_plain_queue_calls,
    "RepairRepositories": audit_policies.repair_repositories,
    "RepairTags": audit_policies.repair_tags,
    "ReplayEvents": policies.replay_events,
    "RetireGrantsOfECR": policies.retire_grants,
    "SendFailures": policies.send_failures,
    "SendNotices": policies.send_notices,
    "SendTraces": policies.send_traces,
    "TakeOnRepairers": policies.take_on_repairers,
    "WriteLedger": policies.write_ledger,
    "WriteLogs": policies.write_logs,
}
"""The function that makes each statement, by its Sid."""

INTRODUCTION = """\
# Permissions

What deployer changes in your accounts, and what each of its roles may do there and why. `make golden` writes this page
from the templates, with the names of the example organization; `deployer synth` writes the templates for yours.

No role may write or read an image. None may delete anything but messages of the queues for failures, a policy of a
repository of ours that its settings do not ask for, the repository `deployer-probe` if ours, and, where the config says
`cleanup: true`, a repository of ours.
The handler can take on none of the roles that may. The tests try that, and much else, call by call against the
templates with an independent judge of IAM (`tests/iam_simulate/never_calls.py` lists what is tried).

The creator role may change only repositories that carry the tag `deployer:event-id`. IAM cannot tell the tags of a new
repository from new tags of an old one, so it is the handler that sees to the rest: it sets tags in CreateRepository
only, and never calls TagResource.
"""

OPTIONS_NOTE = """\
`DescribeKeys`, `GrantKeysToECR`, `AuditKeys` and, for creator and repairer, `RetireGrantsOfECR` are there only where
some config file asks for encryption with KMS. A key in another account must admit the creator role by its own key
policy; to be audited the auditor role, to be probed the repairer role, and for `cleanup` the cleaner role.

The role `{cleaner}`, and the operator role's right to take it on, are there only where `organization.yaml` says
`cleanup: true`. `SendTraces` is there only where it says `tracing: true`.
"""

INSPECTOR_NOTE = """\
With `type: ENHANCED`, CloudFormation also enables Amazon Inspector for ECR in that account and region, which costs, and
switches it off again when the configuration is deleted.
"""

AUDITORS = """\
## Auditors

`deployer audit verify` reads the ledger and the organization with the caller's own credentials, and takes on the role
`{auditor}` in each account that it looks into. Whoever is to use it needs in the central account `sts:AssumeRole` on
`arn:aws:iam::*:role/{auditor}`, with `sts:SetSourceIdentity` and `sts:TagSession` where sessions have a source identity
or transitive tags; `dynamodb:Query` on the ledger and its indexes; and the reading calls of Organizations. The
account's own role admits principals of the central account only, only while that account is in the organization, and
never the handler: which of them, the central account's IAM says. CloudTrail in the member shows each session under the
name of the person or pipeline that took it on.

`deployer audit repair` looks in the same way, and changes what it found through the operator role and from there the
role `{repairer}` of the account; `--delete-blank` through the role `{cleaner}`. Both admit the operator role alone.

`deployer doctor --probe` goes the same way to the role `{repairer}`, which may ask for one repository by its name,
`{probe}`, and delete it where the tag shows that deployer created it. It creates nothing itself: the handler does,
under the rules of the OU, as for any other caller.
"""

OPERATORS = """\
## Operators

`deployer failures` takes on the role `{operator}`, and does nothing with any other. Whoever is to use it needs one
permission in the central account: `sts:AssumeRole` on that role, with `sts:SetSourceIdentity` and `sts:TagSession`
where sessions have a source identity or transitive tags. In a member it reaches the one queue of dead letters, by that
queue's own policy (`AdmitOperators`); the member has no role for it. CloudTrail shows its sessions under the name of
the person or pipeline that took it on.

A member's administrators own their queue, and could put a message of their own making there. So an event from such a
queue goes back only if it names the queue's own account and region, and a time that fits the time at which SQS received
the message. What it says of its caller is then as good as that account's administrators, and it leads to nothing beyond
repositories of that account, under the rules of its OU. (A limit of new repositories goes by the hour in the event,
which may lie up to 25 hours before the message.) The record says `via: redrive`.
"""


def render(names: Names) -> str:
    """The page; every `<…>` in it is filled in by CloudFormation in each account."""
    stacks = {
        "artifacts": artifacts.template(names),
        "central": central.template(
            names,
            handler_digest="<digest>",
            options=central.Options(cleanup=True, notifications=Notifications(topic="create"), tracing=True),
        ),
        "access": access.template(names, uses_kms=True, cleanup=True),
        "forwarding": forwarding.template(names),
        "per-ou": registry_scanning.template(names, Scanning(type="ENHANCED")),
    }
    parts = [
        INTRODUCTION,
        _changes(names, stacks),
        _roles(stacks),
        OPTIONS_NOTE.format(cleaner=names.cleaner_role, probe=names.probe_repository),
        _resource_policies(stacks),
        OPERATORS.format(operator=names.operator_role),
        AUDITORS.format(
            auditor=names.auditor_role,
            repairer=names.repairer_role,
            cleaner=names.cleaner_role,
            probe=names.probe_repository,
        ),
    ]
    return "\n".join(parts)


def _changes(names: Names, stacks: Mapping[str, Template]) -> str:
    home = names.central_region
    sections = {
        f"In the central account, region {home} (stack `{names.artifacts_stack}`)": stacks["artifacts"],
        f"In the central account, region {home} (stack `{names.central_stack}`)": stacks["central"],
        f"In every covered account, once (StackSet `{names.access_stack_set}`, region {home})": stacks["access"],
        f"In every covered account, each covered region (StackSet `{names.forwarding_stack_set}`)": stacks[
            "forwarding"
        ],
        f"Where an OU asks for `registry.scanning` (StackSets `{names.prefix}-{registry_scanning.NAME}-…`)": stacks[
            "per-ou"
        ],
    }
    lines = ["## Changes that will be made to your AWS accounts", ""]
    number = 0
    for title, template in sections.items():
        lines += [f"**{title}**", ""]
        for number, change in enumerate(changes(template), start=number + 1):  # noqa: B020 - one numbering for all
            lines.append(f"{number}. {change}")
        lines.append("")
    lines += [
        INSPECTOR_NOTE,
        "Later, repositories are created in covered accounts as the config files say. Nothing else is changed.",
        "",
    ]
    return "\n".join(lines)


def _roles(stacks: Mapping[str, Template]) -> str:
    lines = ["## Roles", ""]
    for template in stacks.values():
        for role in _of_type(template, "AWS::IAM::Role"):
            (who,) = role["AssumeRolePolicyDocument"]["Statement"]
            lines += [
                f"### `{role['RoleName']}`",
                "",
                f"{role['Description']}. Sessions last {role['MaxSessionDuration'] // 60} minutes at most.",
                "",
                f"Used by {_user(who)}. {reason(who['Sid'])}",
                "",
                "| Statement | May | On | Only if | Why |",
                "| --- | --- | --- | --- | --- |",
            ]
            lines += [_row(statement) for policy in role["Policies"] for statement in _statements(policy)]
            lines.append("")
    return "\n".join(lines)


def _user(trusted: Mapping[str, Any]) -> str:
    """Who may take a role on, and on which conditions."""
    narrowed = f", only if {conditions(trusted['Condition'])}" if "Condition" in trusted else ""
    return f"{principal(trusted['Principal'])}{narrowed}"


def _resource_policies(stacks: Mapping[str, Template]) -> str:
    lines = [
        "## Policies of the bus, the queues, the topic and the bucket",
        "",
        "| Statement | Who | May or may not | Only if | Why |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = [_admission(statement) for template in stacks.values() for statement in _admissions(template)]
    return "\n".join([*lines, *dict.fromkeys(rows), ""])


def _admissions(template: Template) -> Iterator[Mapping[str, Any]]:
    for policy in _of_type(template, "AWS::Events::EventBusPolicy"):
        yield policy["Statement"]
    for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"):
        for policy in _of_type(template, kind):
            yield from _statements(policy)


def _row(statement: Mapping[str, Any]) -> str:
    cells = (
        f"`{statement['Sid']}`",
        code(statement["Action"]).replace(" or ", ", "),
        code(statement["Resource"]).replace(" or ", ", "),
        conditions(statement.get("Condition", {})),
        reason(statement["Sid"]),
    )
    return f"| {' | '.join(cells)} |"


def _admission(statement: Mapping[str, Any]) -> str:
    verb = "may" if statement["Effect"] == "Allow" else "may not"
    cells = (
        f"`{statement['Sid']}`",
        principal(statement["Principal"]),
        f"{verb} {code(statement['Action'])}",
        conditions(statement.get("Condition", {})),
        reason(statement["Sid"]),
    )
    return f"| {' | '.join(cells)} |"


def reason(sid: str) -> str:
    """Why a statement is needed: the first paragraph of its function's docstring."""
    return " ".join((inspect.getdoc(REASONS[sid]) or "").split("\n\n")[0].split())


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def _of_type(template: Template, kind: str) -> list[Mapping[str, Any]]:
    resources: Mapping[str, Any] = template.to_dict()["Resources"]
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == kind]
