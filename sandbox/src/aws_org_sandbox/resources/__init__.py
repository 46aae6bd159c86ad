"""CloudFormation's resource types: a module for each service, with a small class for each type.

They call AWS APIs as the stack's deployer, in process, so that policies, faults and AWS's own validation apply to
CloudFormation as to any other caller.
"""

from aws_org_sandbox.resources import gaps

__all__ = ["gaps"]
