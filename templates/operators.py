"""The role that `deployer failures` and `deployer audit repair` take on: all that a person may change, in one place to
watch.
"""

from __future__ import annotations

from troposphere import AWSObject, iam

from templates import policies, trust
from templates.names import Names
from templates.tagging import tags


def operators(names: Names, *, cleanup: bool) -> list[AWSObject]:
    """The operator role; who may take it on, the central account's own IAM says. `cleanup` as the config says."""
    statements = (
        policies.handle_failures(names),
        policies.handle_dead_letters(names),
        policies.put_events_back(names),
        policies.replay_events(names),
        policies.find_queues(names),
        policies.name_accounts(),
        policies.take_on_repairers(names, cleanup=cleanup),
    )
    role = iam.Role(
        "OperatorRole",
        RoleName=names.operator_role,
        Description="Looks after failures: reads the queues, hands events to the handler again, replays the archive",
        AssumeRolePolicyDocument=policies.policy(trust.operators(names)),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="handle-failures", PolicyDocument=policies.policy(*statements))],
        Tags=tags(names),
    )
    return [role]
