"""The service-linked role that ECR uses for repository creation templates without a role of their own.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-rct.html
"""

from __future__ import annotations

import json
from typing import Final

from moto.iam.models import IAMBackend, iam_backends

from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.identities import find_role
from aws_org_sandbox.locks import lock_of

ECR: Final = "ecr.amazonaws.com"
ECR_TEMPLATES: Final = "AWSServiceRoleForECRTemplate"
_PATH: Final = f"/aws-service-role/{ECR}/"
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": ECR}, "Action": "sts:AssumeRole"}],
}
_POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ecr:CreateRepository", "Resource": "*"}],
}


def ecr_templates_role(account: str) -> str:
    """The ARN of the role in an account, whether or not it exists."""
    return f"arn:{PARTITION}:iam::{account}:role{_PATH}{ECR_TEMPLATES}"


def create_ecr_templates_role(account: str) -> None:
    """Create the role in an account if it does not exist."""
    with lock_of("iam"):
        if find_role(ecr_templates_role(account)) is not None:
            return
        iam: IAMBackend = iam_backends[account][PARTITION]
        iam.create_role(
            role_name=ECR_TEMPLATES,
            assume_role_policy_document=json.dumps(_TRUST),
            path=_PATH,
            permissions_boundary=None,
            description="Creates repositories from repository creation templates.",
            tags=[],
            max_session_duration="3600",
        )
        iam.put_role_policy(ECR_TEMPLATES, "ECRTemplateServiceRolePolicy", json.dumps(_POLICY))
