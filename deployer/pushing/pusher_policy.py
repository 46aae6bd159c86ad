"""The smallest IAM policy that lets a principal push, and request a repository first, in both lanes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from deployer.pushing.images import ImageReference

PUSH_ACTIONS: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html, without BatchGetImage (see below)."""

MANIFEST_CHECK_ACTION: Final = "ecr:BatchGetImage"
"""What clients built on containerd or oras-go also need: they check for the manifest (HEAD) before they push it, and
fail with a 403 (containerd's core/remotes/docker/pusher.go; Helm 4.1.4, measured)."""

MANIFEST_CHECK_CLIENTS: Final = "docker buildx, nerdctl, finch, ctr, helm and oras"


def function_arn(*, region: str | None = None) -> str:
    """The handler's ARN with placeholders to fill in, if no config files have its account and name."""
    return f"arn:aws:lambda:{region or '<region>'}:<central account>:function:<prefix>-handler"


def pusher_policy(images: Sequence[ImageReference], *, function: str | None) -> dict[str, Any]:
    """A policy document for just the repositories of `images`, or for a placeholder to fill in when there are none.

    `function` is the ARN of the handler if it has a URL. A caller of the URL needs both actions, and the condition lets
    nobody invoke the function in another way. GetAuthorizationToken is the login of a container client and takes no
    resource. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    resources = sorted({image.repository_arn for image in images}) or [
        "arn:aws:ecr:<region>:<account>:repository/<repository>"
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Sid": "RequestAndPush", "Effect": "Allow", "Action": list(PUSH_ACTIONS), "Resource": resources},
            *(_request_statements(function) if function else ()),
        ],
    }


def _request_statements(function: str) -> Iterator[dict[str, Any]]:
    conditions = {
        "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    }
    for sid, (action, condition) in zip(("CallUrl", "InvokeThroughUrl"), conditions.items(), strict=True):
        yield {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": function, "Condition": condition}
