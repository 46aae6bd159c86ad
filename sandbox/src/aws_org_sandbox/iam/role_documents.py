"""The policies of roles, when they are put: IAM checks trust policies and sizes, moto (5.2.5) neither.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from typing import Any

from moto.iam.models import IAMBackend, Role
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from aws_org_sandbox import context
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.iam.documents import characters, policy_error
from aws_org_sandbox.seams import original, replace

MAX_TRUST_POLICY_LENGTH = 2048
"""Characters of a trust policy; a quota that can be raised to 4096."""
MAX_INLINE_LENGTH = 10_240
"""Characters of all inline policies of one role together."""


@replace(IAMBackend, "create_role")
def _create_role(
    backend: IAMBackend, role_name: str, assume_role_policy_document: str, *rest: Any, **more: Any
) -> Role:
    _check_trust(assume_role_policy_document)
    role: Role = original(IAMBackend, "create_role")(backend, role_name, assume_role_policy_document, *rest, **more)
    visibility = context.current().visibility
    visibility.made(role.arn, hidden_from=visibility.roles)
    return role


@replace(IAMBackend, "update_assume_role_policy")
def _update_assume_role_policy(backend: IAMBackend, role_name: str, policy_document: str) -> None:
    backend.get_role(role_name)
    _check_trust(policy_document)
    original(IAMBackend, "update_assume_role_policy")(backend, role_name, policy_document)


@replace(IAMBackend, "put_role_policy")
def _put_role_policy(backend: IAMBackend, role_name: str, policy_name: str, policy_json: str) -> None:
    role: Role = backend.get_role(role_name)
    others = sum(characters(str(text)) for name, text in role.policies.items() if name != policy_name)
    if others + characters(policy_json) > MAX_INLINE_LENGTH:
        message = f"Maximum policy size of {MAX_INLINE_LENGTH} bytes exceeded for role {role_name}"
        raise Refused("LimitExceeded", message, status=409)
    original(IAMBackend, "put_role_policy")(backend, role_name, policy_name, policy_json)


def _check_trust(document: str) -> None:
    IAMTrustPolicyDocumentValidator(document).validate()
    if (found := policy_error(document, about=None, service="sts")) is not None:
        raise Refused("MalformedPolicyDocument", found)
    if characters(document) > MAX_TRUST_POLICY_LENGTH:
        message = f"Cannot exceed quota for ACLSizePerRole: {MAX_TRUST_POLICY_LENGTH}"
        raise Refused("LimitExceeded", message, status=409)
