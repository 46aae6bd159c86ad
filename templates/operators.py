"""The role that `deployer failures` and `deployer audit repair` assume: all that a person may change, in one place to
watch.
"""

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
        description="Looks after failures: reads the queues, hands events to the handler again, replays the archive",
        trusted=trust.operators(names),
        purpose="handle-failures",
        allowed=[
            policies.handle_failures(names),
            policies.handle_dead_letters(names),
            policies.put_events_back(names),
            policies.replay_events(names),
            policies.find_queues(names),
            policies.prove_delegation(),
            policies.name_accounts(),
            policies.take_on_repairers(names, cleanup=cleanup),
        ],
    )
    return [operator]
