"""IAM, enforced: every call is judged by the policies of its caller, of the resource and of the organization.

`authorize` is asked by the gate before each call. The other functions are for services that act on somebody's behalf:
EventBridge for a rule, Lambda for a function.
"""

from aws_org_sandbox.iam import bucket_policies, role_documents, sessions
from aws_org_sandbox.iam.authorization import allowed, authorize
from aws_org_sandbox.iam.services import Access, Service, caller_admitted, may_assume, refusal, service_admitted

__all__ = [
    "Access",
    "Service",
    "allowed",
    "authorize",
    "bucket_policies",
    "caller_admitted",
    "may_assume",
    "refusal",
    "role_documents",
    "service_admitted",
    "sessions",
]
