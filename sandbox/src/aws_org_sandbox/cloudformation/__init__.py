"""CloudFormation: stacks whose resources are created, updated and deleted, with AWS's errors, rollbacks and events.

moto's CloudFormation skips unknown types and properties with a warning and reports CREATE_COMPLETE. This engine deploys
through the APIs of the services and refuses what it cannot deploy. `operations`, `change_sets` and `descriptions`
answer API calls instead of moto.
"""

from aws_org_sandbox.cloudformation import change_sets, descriptions, operations
from aws_org_sandbox.cloudformation.deployment import StackFailed, delete_stack, deploy_stack, find_stack
from aws_org_sandbox.cloudformation.drift import ResourceDrift, detect_drift
from aws_org_sandbox.cloudformation.service_role import execution_credentials, role_name

__all__ = [
    "ResourceDrift",
    "StackFailed",
    "change_sets",
    "delete_stack",
    "deploy_stack",
    "descriptions",
    "detect_drift",
    "execution_credentials",
    "find_stack",
    "operations",
    "role_name",
]
