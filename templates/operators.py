"""The role that `deployer failures` and `deployer audit repair` assume, so that all manual changes use one role."""

from __future__ import annotations

from troposphere import AWSObject

from templates import policies, trust
from templates.names import Names
from templates.parts import role


def operators(names: Names, *, cleanup: bool) -> list[AWSObject]:
    """The operator role; the central account's own IAM decides who may assume it. `cleanup` as configured."""
    operator = role(
        "OperatorRole",
        names,
        name=names.operator_role,
        description="Handles failures: reads the queues, sends events to the handler again, replays the archive",
        trusted=trust.operators(names),
        purpose="handle-failures",
        allowed=[
            policies.handle_failures(names),
            policies.handle_dead_letters(names),
            policies.redrive_events(names),
            policies.replay_events(names),
            policies.find_queues(names),
            policies.read_delegated_administrators(),
            policies.read_account_names(),
            policies.assume_repairer_roles(names, cleanup=cleanup),
        ],
    )
    return [operator]
