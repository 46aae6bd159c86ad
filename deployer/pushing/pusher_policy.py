"""The smallest IAM policies of principals that push, or request a repository first, in both lanes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from deployer.pushing.images import ImageReference
from templates.permissions import Permission, policy_of
from templates.policy_documents import Policy

ENSURE_ACTIONS: Final = ("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload")
"""The two calls that a push begins with."""

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

PUSHERS: Mapping[str, str] = {
    "ensure": "`ensure`: request repositories and wait for them, in the account of the registry",
    "push": "`push`: all of `ensure`, log in and push; `ensure --policy` prints the same",
}
"""The policies of pushers, and the commands that each is for."""


def function_arn(*, region: str | None = None) -> str:
    """The handler's ARN with placeholders to fill in, if no config files have its account and name."""
    return f"arn:aws:lambda:{region or '<region>'}:<central account>:function:<prefix>-handler"


def pusher_policy(images: Sequence[ImageReference], *, function: str | None) -> Policy:
    """The policy document of `push`, for just the repositories of `images`."""
    return policy_of(pusher_permissions("push", images, function=function))


def pusher_permissions(command: str, images: Iterable[ImageReference], *, function: str | None) -> list[Permission]:
    """The statements of one of `PUSHERS`, for just the repositories of `images`; without any, for a placeholder.

    `function` is the ARN of the handler if it has a URL.
    """
    repositories = tuple(sorted({image.repository_arn for image in images})) or (
        "arn:aws:ecr:<region>:<account>:repository/<repository>",
    )
    request = list(_call_function(function)) if function else []
    if command == "ensure":
        return [
            Permission(
                sid="Request",
                why="Begin an upload, which causes the event that creates the repository, and check that it exists.",
                actions=ENSURE_ACTIONS,
                resources=repositories,
            ),
            *request,
        ]
    return [
        Permission(
            sid="LogIn",
            why="Log a container client in; IAM has no resource for it.",
            actions=("ecr:GetAuthorizationToken",),
        ),
        Permission(
            sid="RequestAndPush",
            why="Push; the first calls of a push also request the repository.",
            actions=PUSH_ACTIONS,
            resources=repositories,
        ),
        *request,
    ]


def _call_function(function: str) -> Iterator[Permission]:
    """A caller of the URL needs both, and the condition lets nobody invoke the function in another way.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    yield Permission(
        sid="CallUrl",
        why="Request a repository from the handler, which answers in about a second.",
        actions=("lambda:InvokeFunctionUrl",),
        resources=(function,),
        condition={"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
    )
    yield Permission(
        sid="InvokeThroughUrl",
        why="Lambda asks for both actions; this one is allowed through the URL only.",
        actions=("lambda:InvokeFunction",),
        resources=(function,),
        condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    )
