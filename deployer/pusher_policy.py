"""The smallest IAM policy that lets a principal push, and so ask for a repository first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deployer.images import ImageReference

PUSH_ACTIONS: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html, less what only a pull needs."""


def pusher_policy(images: Sequence[ImageReference], *, partition: str = "aws") -> dict[str, Any]:
    """A policy document for just the repositories of `images`, or for a placeholder to fill in when there are none.

    GetAuthorizationToken is the login of a container client and takes no resource.
    """
    resources = sorted({_arn(image) for image in images}) or [
        f"arn:{partition}:ecr:<region>:<account>:repository/<repository>"
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Sid": "AskAndPush", "Effect": "Allow", "Action": list(PUSH_ACTIONS), "Resource": resources},
        ],
    }


def _arn(image: ImageReference) -> str:
    region = image.registry.region
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:ecr:{region}:{image.registry.account}:repository/{image.repository}"
