"""The minimal IAM policies for the commands, for principals that run them in the central account. Pure.

CloudFormation deploys the two central stacks with the permissions of its caller, so a roll-out also needs the
permissions of their resource types. In member accounts, StackSets use their own role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from templates.names import Names
from templates.operator_changes import CREATE_STACK_SETS, change_stack_sets, delete_ledger, delete_stacks, deploy_stacks
from templates.operator_reads import (
    assume_auditor_roles,
    assume_operator_role,
    examine,
    find_buckets,
    find_stack_sets,
    find_topics,
    identify_stack_sets,
    inspect_central,
    read_accounts,
    read_ledger,
    read_state,
)
from templates.permissions import Permission

COMMANDS: Mapping[str, str] = {
    "look": "`plan`, `status`, and what reads the organization, as `init` and `organization`: read-only",
    "audit": "`audit list` and `audit export`: read the ledger only",
    "verify": "`audit show`, `audit verify`, `audit usage`: all of `audit`, and read repositories",
    "repair": "`audit repair`, `audit adopt`: all of `verify`, change repositories that the handler created, and adopt"
    " others",
    "doctor": "`doctor`: read the prerequisites of a roll-out; it reports what it may not read as not checked",
    "probe": "`doctor --probe`: read the ledger, and push to the probe's repository with the operator role",
    "failures": "`failures`: assume the operator role, which reads and redrives failures; nothing else",
    "rollout": "`rollout`: all of `look` but topics and the inspection of the central account, and deploy",
    "destroy": "`destroy`: what `rollout` reads, and delete what it deployed",
    "delete-ledger": "`destroy --delete-ledger`: all of `destroy`, and delete the ledger permanently",
}
"""The policies, and the commands that each is for."""


def permissions(names: Names, command: str) -> Sequence[Permission]:
    """The statements of the policy of one of `COMMANDS`."""
    read = read_state(names)
    destroy = (
        *read,
        *change_stack_sets(names, "DeleteStackInstances", "DeleteStackSet"),
        *delete_stacks(names),
        Permission(
            sid="FindLedger",
            why="Report that the ledger is kept, or how to delete it.",
            actions=("dynamodb:DescribeTable",),
            resources=(names.ledger_table_arn,),
        ),
    )
    return {
        "look": (*read, find_topics(names), *inspect_central(names)),
        "audit": (*read_accounts(), *read_ledger(names)),
        "verify": (*read_accounts(), *read_ledger(names), assume_auditor_roles(names)),
        "repair": (*read_accounts(), *read_ledger(names), assume_auditor_roles(names), assume_operator_role(names)),
        "doctor": (*find_stack_sets(), *find_buckets(names), identify_stack_sets(names), *examine(names)),
        "probe": (*read_accounts(), *read_ledger(names), assume_operator_role(names)),
        "failures": (assume_operator_role(names),),
        "rollout": (
            *read,
            CREATE_STACK_SETS,
            *change_stack_sets(
                names,
                "CreateStackInstances",
                "DeleteStackInstances",
                "DeleteStackSet",  # of settings that no OU configures any more
                "UpdateStackSet",
            ),
            *deploy_stacks(names),
        ),
        "destroy": destroy,
        "delete-ledger": (*destroy, delete_ledger(names)),
    }[command]
