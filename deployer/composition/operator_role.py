"""The operator role of the central account, by which commands reach into members and queues."""

from __future__ import annotations

from deployer.aws.session import Session
from deployer.errors import PermissionDeniedError
from templates.names import Names


def as_operator(session: Session, names: Names) -> Session:
    """The operator role's session; raises PermissionDeniedError with what the caller needs."""
    try:
        return session.as_role(names.operator_role_arn)
    except PermissionDeniedError as error:
        raise PermissionDeniedError(
            f"{session.identity.arn} cannot take on {names.operator_role_arn}: {error.message}",
            next_step="Allow it sts:AssumeRole on that role; `deployer rollout --org` makes the role.",
        ) from error
