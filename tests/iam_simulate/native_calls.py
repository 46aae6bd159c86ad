"""Calls of the role with which ECR creates repositories by creation templates: needed ones, and never allowed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.iam_simulate.installation import ABROAD, HOME, MEMBER, OTHER_MEMBER, native, role, trust
from tests.iam_simulate.judge import Call

NATIVE = role(native, "CreationRole")
ASSUME = Call(
    principal="ecr.amazonaws.com",
    action="sts:AssumeRole",
    resource=NATIVE.arn,
    account=MEMBER,
    context={"aws:PrincipalIsAWSService": "true"},
    resource_policy=trust(native, "CreationRole"),
)


def on(name: str, action: str, *, region: str = ABROAD, account: str = MEMBER) -> Call:
    return Call(
        principal=NATIVE.session,
        action=f"ecr:{action}",
        resource=f"arn:aws:ecr:{region}:{account}:repository/{name}",
        account=account,
        context=NATIVE.context,
        identity_policies=NATIVE.policies,
    )


NATIVE_ALLOWED: Mapping[str, Call] = {
    "ECR assumes the role of its creation templates": ASSUME,
    "ECR creates a repository by a creation template": on("team-b/api", "CreateRepository"),
    "ECR sets the tags of its creation template": on("team-a/api", "TagResource"),
    "ECR sets the lifecycle policy of its creation template": on("team-a/api", "PutLifecyclePolicy"),
    "ECR sets the repository policy of its creation template": on("team-a/api", "SetRepositoryPolicy"),
}
NATIVE_NEVER: Mapping[str, Call] = {
    "Lambda assumes the role of creation templates": replace(ASSUME, principal="lambda.amazonaws.com"),
    "a principal of the account assumes the role of creation templates": replace(
        ASSUME, principal=f"arn:aws:iam::{MEMBER}:role/admin", context={}
    ),
    "the role of creation templates creates a name that settings deny": on("team-b/tmp-1", "CreateRepository"),
    "the role of creation templates creates a denied name without a namespace": on("tmp-1", "CreateRepository"),
    "the role of creation templates creates in another region": on("team-b/api", "CreateRepository", region=HOME),
    "the role of creation templates creates in another account": on(
        "team-b/api", "CreateRepository", account=OTHER_MEMBER
    ),
    "the role of creation templates tags a repository of a template without tags": on("team-b/api", "TagResource"),
    "the role of creation templates puts an image": on("team-a/api", "PutImage"),
    "the role of creation templates deletes a repository": on("team-a/api", "DeleteRepository"),
}
