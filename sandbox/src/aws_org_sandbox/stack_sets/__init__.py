"""StackSets with service-managed permissions, in the place of moto's: this module brings its parts together.

Stock moto says SUCCEEDED at once whatever happens, updates nothing, deletes nothing by OU, looks one level deep and
takes the management account for a target. Nothing of it is left here but the stacks' accounts.
"""

from aws_org_sandbox.stack_sets import access, auto_deployment, instance_requests, reads, requests

__all__ = [
    "access",
    "auto_deployment",
    "instance_requests",
    "reads",
    "requests",
]
