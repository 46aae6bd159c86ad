"""CloudFormation's resource types: one module a service, each type a small class that creates, updates and deletes.

They call AWS APIs as whoever deploys the stack, in process, so that policies, faults and AWS's own validation hold for
CloudFormation as they do for any other caller.
"""

from aws_org_sandbox.resources import gaps

__all__ = ["gaps"]
