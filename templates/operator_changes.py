"""What operators change: StackSets, the central stacks, and what these retain. Pure."""

from __future__ import annotations

from templates.central_resources import artifacts_bucket, central_resources
from templates.names import Names
from templates.operator_resources import change_sets, cloudformation, stack_sets, stacks
from templates.permissions import VIA_CLOUDFORMATION, Permission

CREATE_STACK_SETS = Permission(
    sid="CreateStackSets",
    why="Create StackSets; IAM has no resource for a StackSet that does not exist yet.",
    actions=("cloudformation:CreateStackSet",),
)


def change_stack_sets(names: Names, *operations: str) -> tuple[Permission, ...]:
    """Change StackSets and their instances, and hold the lock of roll-outs."""
    anywhere = f"arn:{names.partition}:cloudformation:*:*"
    return (
        Permission(
            sid="ChangeStackSets",
            why="Deploy to member accounts, or delete there, and follow it; StackSets use their own role in them.",
            actions=cloudformation("DescribeStackSetOperation", *operations),
            resources=(
                *stack_sets(names),
                f"{anywhere}:stackset-target/{names.prefix}-*:*",
                f"{anywhere}:type/resource/*",
            ),
        ),
        Permission(
            sid="WriteArtifacts",
            why="Upload the handler's zip and large templates, and write the lock of roll-outs.",
            actions=("s3:PutObject",),
            resources=(artifacts_bucket(names)[1],),
        ),
    )


def deploy_stacks(names: Names) -> tuple[Permission, ...]:
    """Create and update the central stacks."""
    return (
        Permission(
            sid="DeployStacks",
            why="Deploy the two central stacks with change sets.",
            actions=cloudformation(
                "CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "DescribeStackEvents", "ExecuteChangeSet",
                "DeleteStack",  # after a failed creation
            ),
            resources=stacks(names),
        ),
        Permission(
            sid="ExplainChangeSets",
            why="Report the resource if CloudFormation rejects a change set.",
            actions=cloudformation("DescribeEvents"),
            resources=(*change_sets(names), *stacks(names)),
        ),
        *(
            Permission(
                sid=sid,
                why=f"CloudFormation deploys: {what}.",
                actions=tuple(f"{service}:{action}" for action in deploying),
                resources=resources,
                condition=VIA_CLOUDFORMATION,
            )
            for sid, what, service, deploying, _, resources in central_resources(names)
        ),
        _pass_roles(
            "PassRoles",
            "CloudFormation passes the roles of the functions.",
            names.function_role_arn,
            names.watch_role_arn,
            to="lambda.amazonaws.com",
        ),
        _pass_roles(
            "PassNoticesRole",
            "CloudFormation passes the role of the rule for notices.",
            names.notices_role_arn,
            to="events.amazonaws.com",
        ),
    )  # fmt: skip


def _pass_roles(sid: str, why: str, *roles: str, to: str) -> Permission:
    """Roles that may be passed to a service; this check may lack the key `aws:CalledVia` (A8)."""
    return Permission(
        sid=sid,
        why=why,
        actions=("iam:PassRole",),
        resources=roles,
        condition={"StringEquals": {"iam:PassedToService": to}},
    )


def delete_stacks(names: Names) -> tuple[Permission, ...]:
    """Delete the central stacks, and the bucket that they retain."""
    return (
        Permission(
            sid="DeleteStacks",
            why="Delete the two central stacks, and follow it.",
            actions=cloudformation("DeleteStack", "DescribeStackEvents"),
            resources=stacks(names),
        ),
        Permission(
            sid="DeleteBucket",
            why="Delete the artifacts bucket, which its stack retains, with all object versions.",
            actions=("s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"),
            resources=artifacts_bucket(names),
        ),
        *(
            Permission(
                sid=sid,
                why=f"CloudFormation deletes: {what}.",
                actions=tuple(f"{service}:{action}" for action in deleting),
                resources=resources,
                condition=VIA_CLOUDFORMATION,
            )
            for sid, what, service, _, deleting, resources in central_resources(names)
        ),
    )


def delete_ledger(names: Names) -> Permission:
    """Delete the ledger, which the central stack retains."""
    return Permission(
        sid="DeleteLedger",
        why="Disable deletion protection of the ledger and delete it. It cannot be restored after 35 days.",
        actions=("dynamodb:DeleteTable", "dynamodb:UpdateTable"),
        resources=(names.ledger_table_arn,),
    )
