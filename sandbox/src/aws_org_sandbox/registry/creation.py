"""Create on push: ECR creates the repository that a client pushes to, if a creation template of the registry covers it.

The template's role has to trust ECR and to be allowed everything that its settings need. If it is not, the push is one
to a missing repository (assumption A25). Whether the caller may push is decided before (A28), and once more afterwards,
now that the repository has a policy. Calls of ECR's API create nothing (A32).

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.sts.models import AssumedRole, sts_backends

from aws_org_sandbox import context, service_calls, trail
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import AWS_INTERNAL, Call, Refused
from aws_org_sandbox.credentials import PARTITION, Credentials
from aws_org_sandbox.ecr import api
from aws_org_sandbox.ecr.creation_templates import CREATE_ON_PUSH, Template, template_for
from aws_org_sandbox.iam.authorization import authorize
from aws_org_sandbox.iam.service_roles import ECR, ecr_templates_role
from aws_org_sandbox.iam.services import Service, may_assume
from aws_org_sandbox.locks import lock_of
from aws_org_sandbox.resources import clients

PUSHES: Final = ("InitiateLayerUpload", "PutImage")
"""The calls of a push that create; a client checks layers and manifests before, which creates nothing."""
_LIFETIME: Final = 3600
_CREATION: Final = ("imageTagMutability", "imageTagMutabilityExclusionFilters", "encryptionConfiguration")
"""Settings that have the same name in a template and in CreateRepository."""


def create_if_covered(name: str, *, account: str, region: str) -> bool:
    """Create a missing repository, if a template covers it; raises Refused if the template's role may not."""
    template = template_for(name, account=account, region=region, scenario=CREATE_ON_PUSH)
    if template is None or name in ecr_backends[account][region].repositories:
        return False
    _create(name, template, account=account, region=region)
    return True


def create_unjudged(name: str, *, account: str, region: str) -> None:
    """Create for a push whose caller may not be allowed to push at all, contrary to assumption A28."""
    with lock_of("ecr"), suppress(Refused):
        create_if_covered(name, account=account, region=region)


def _on_missing(call: Call) -> None:
    """Create for a client's push, after its caller was allowed to push to a repository without a policy (A28).

    A creation has no event of a missing repository (A27), and one that is refused has no other event (A25).
    """
    if call.user_agent != AWS_INTERNAL and not is_altered(Behaviour.API_CALLS_CREATE):
        return
    account, name = str(call.parameters.get("registryId") or call.account), str(call.parameters["repositoryName"])
    try:
        created = create_if_covered(name, account=account, region=call.region)
    except Refused as refused:
        if is_altered(Behaviour.CREATION_REFUSALS_DENY_PUSHES):
            raise Refused("AccessDeniedException", refused.message) from refused
        created = False
    if created and is_altered(Behaviour.CREATED_PUSHES_NOT_FOUND):
        message = f"The repository with name '{name}' does not exist in the registry with id '{account}'"
        trail.record(replace(call, error_code="RepositoryNotFoundException", error_message=message))
    if name in ecr_backends[account][call.region].repositories:
        authorize(call)


if _on_missing not in api.on_missing:
    api.on_missing.append(_on_missing)


def _create(name: str, template: Template, *, account: str, region: str) -> None:
    role = template.get("customRoleArn") or ecr_templates_role(account)
    request: dict[str, Any] = {key: template[key] for key in _CREATION if key in template}
    if tags := template.get("resourceTags"):
        request["tags"] = tags
    by_service_role = "customRoleArn" not in template
    if by_service_role and request.get("encryptionConfiguration", {}).get("encryptionType", "AES256") != "AES256":
        raise Refused("AccessDeniedException", "A template with KMS encryption needs a role of its own.")
    credentials = _session(role, account=account, region=region)
    with clients.acting_as(credentials, service=ECR), _as_refusals():
        ecr = clients.client("ecr", region)
        ecr.create_repository(repositoryName=name, **request)
        policies = {key: template[key] for key in ("lifecyclePolicy", "repositoryPolicy") if template.get(key)}
        if by_service_role:
            _put_as_ecr(name, policies, account=account, region=region)
        elif not is_altered(Behaviour.POLICIES_NOT_APPLIED):
            _put(ecr, name, policies)


def _put(ecr: Any, name: str, policies: Mapping[str, str]) -> None:
    """With a custom role it is that role which is asked for both; what it may not put is missing then (A29)."""
    if "lifecyclePolicy" in policies:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policies["lifecyclePolicy"])
    if "repositoryPolicy" in policies:
        ecr.set_repository_policy(repositoryName=name, policyText=policies["repositoryPolicy"])


def _put_as_ecr(name: str, policies: Mapping[str, str], *, account: str, region: str) -> None:
    """The service-linked role may do neither, and templates without a custom role have policies nevertheless."""
    backend = ecr_backends[account][region]
    if "lifecyclePolicy" in policies:
        backend.put_lifecycle_policy(
            registry_id=account, repository_name=name, lifecycle_policy_text=policies["lifecyclePolicy"]
        )
    if "repositoryPolicy" in policies:
        backend.set_repository_policy(
            registry_id=account, repository_name=name, policy_text=policies["repositoryPolicy"]
        )


def _session(role: str, *, account: str, region: str) -> Credentials:
    """A session of the role: its trust policy has to admit ECR, which is documented to send no source."""
    principal = service_calls.service_principal(ECR, account=account)
    with service_calls.recorded("sts", "AssumeRole", principal=principal, region=region, parameters={"RoleArn": role}):
        if context.current().visibility.hides(role) or not may_assume(Service(principal=ECR), role):
            raise Refused("AccessDenied", f"{ECR} is not authorized to perform: sts:AssumeRole on resource: {role}")
        opened: AssumedRole = sts_backends[account][PARTITION].assume_role(
            region_name=region,
            role_session_name=f"ecr-{secrets.token_hex(8)}",
            role_arn=role,
            policy="",
            duration=_LIFETIME,
            external_id="",
        )
    return Credentials(
        access_key_id=opened.access_key_id,
        secret_access_key=opened.secret_access_key,
        session_token=opened.session_token,
    )


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Raise Refused for whatever keeps ECR from completing a creation."""
    try:
        yield
    except ClientError as error:
        raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
    except ServiceException as error:
        raise Refused(error.code, error.message) from error
    except BotoCoreError as error:
        raise Refused("ServerException", str(error)) from error
