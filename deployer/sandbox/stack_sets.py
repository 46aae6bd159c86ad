"""StackSets with service-managed permissions, in the place of moto's: this module brings its parts together.

Stock moto says SUCCEEDED at once whatever happens, updates nothing, deletes nothing by OU, looks one level deep and
takes the management account for a target. Nothing of it is left here but the stacks' accounts.
"""

from deployer.sandbox import (
    stack_set_access,
    stack_set_auto_deployment,
    stack_set_instance_requests,
    stack_set_reads,
    stack_set_requests,
)

__all__ = [
    "stack_set_access",
    "stack_set_auto_deployment",
    "stack_set_instance_requests",
    "stack_set_reads",
    "stack_set_requests",
]
