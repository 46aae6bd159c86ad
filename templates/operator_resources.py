"""ARNs of what operators act on in CloudFormation, and its operations as actions."""

from __future__ import annotations

from templates.names import Names


def cloudformation(*operations: str) -> tuple[str, ...]:
    """CloudFormation's operations as actions."""
    return tuple(f"cloudformation:{operation}" for operation in operations)


def stack_sets(names: Names) -> tuple[str, ...]:
    """All StackSets of the installation; their owner is the management account, regardless of the administrator."""
    return (f"arn:{names.partition}:cloudformation:*:*:stackset/{names.prefix}-*:*",)


def change_sets(names: Names) -> tuple[str, ...]:
    """Change sets of the central stacks."""
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return (f"{here}:changeSet/deployer-*/*",)


def stacks(names: Names) -> tuple[str, ...]:
    """The two central stacks."""
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return tuple(f"{here}:stack/{name}/*" for name in (names.artifacts_stack, names.central_stack))
