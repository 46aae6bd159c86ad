"""Enforces IAM: evaluates the policies of the caller, the resource and the organization for every call.

The gate calls `authorize` before each call. The other functions are for services that act on behalf of others:
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
