"""StackSets with service-managed permissions, instead of moto's: this module combines its parts.

Stock moto always reports SUCCEEDED at once, updates nothing, deletes nothing by OU, reads one level of OUs and
targets the management account. Only the stacks' accounts are still moto's.
"""

from aws_org_sandbox.stack_sets import access, auto_deployment, drift, instance_requests, reads, requests

__all__ = [
    "access",
    "auto_deployment",
    "drift",
    "instance_requests",
    "reads",
    "requests",
]
