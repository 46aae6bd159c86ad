"""CloudFormation: stacks that are really made, changed and removed, with AWS's refusals, rollbacks and events.

moto's own CloudFormation skips types and properties with a warning and says CREATE_COMPLETE. Here an engine of its own
deploys through the services' APIs; what it cannot deploy, it refuses. `operations`, `change_sets` and `descriptions`
answer the API in moto's place.
"""

from aws_org_sandbox.cloudformation import change_sets, descriptions, operations
from aws_org_sandbox.cloudformation.deployment import StackFailed, delete_stack, deploy_stack, find_stack
from aws_org_sandbox.cloudformation.service_role import execution_credentials

__all__ = [
    "StackFailed",
    "change_sets",
    "delete_stack",
    "deploy_stack",
    "descriptions",
    "execution_credentials",
    "find_stack",
    "operations",
]
