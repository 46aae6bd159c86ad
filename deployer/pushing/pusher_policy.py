"""The smallest IAM policy that lets a principal push, and so ask for a repository first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deployer.pushing.images import ImageReference

PUSH_ACTIONS: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html, less BatchGetImage, which see below."""

LOOKING_ACTION: Final = "ecr:BatchGetImage"
"""What clients built on containerd or oras-go need besides: they look for the manifest (HEAD) before they push it, and
fail with a 403 (containerd's core/remotes/docker/pusher.go; Helm 4.1.4, measured)."""

LOOKING_CLIENTS: Final = "docker buildx, nerdctl, finch, ctr, helm and oras"


def pusher_policy(images: Sequence[ImageReference]) -> dict[str, Any]:
    """A policy document for just the repositories of `images`, or for a placeholder to fill in when there are none.

    GetAuthorizationToken is the login of a container client and takes no resource.
    """
    resources = sorted({image.repository_arn for image in images}) or [
        "arn:aws:ecr:<region>:<account>:repository/<repository>"
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Sid": "AskAndPush", "Effect": "Allow", "Action": list(PUSH_ACTIONS), "Resource": resources},
        ],
    }
