"""Sessions that a function opens with its own credentials belong to the same process: a crash of either ends both."""

from __future__ import annotations

from typing import Any

from moto.sts.models import AssumedRole, STSBackend

from aws_org_sandbox.calls import CURRENT
from aws_org_sandbox.credentials import forget_expired_sessions
from aws_org_sandbox.functions.pool import pool
from aws_org_sandbox.seams import original, replace


@replace(STSBackend, "assume_role")
def assume_role(backend: STSBackend, *arguments: Any, **options: Any) -> AssumedRole:
    """Open the session as moto does, and store its process if a function requested it."""
    session: AssumedRole = original(STSBackend, "assume_role")(backend, *arguments, **options)
    forget_expired_sessions(session.account_id)
    call = CURRENT.get()
    if call is not None:
        pool.adopt(session.access_key_id, parent=call.principal.access_key_id)
    return session


@replace(STSBackend, "get_assumed_role_from_access_key")
def get_assumed_role_from_access_key(backend: STSBackend, access_key_id: str) -> AssumedRole | None:
    """The session of an access key, looked for from the latest: moto begins with the oldest of thousands."""
    return next((one for one in reversed(backend.assumed_roles) if one.access_key_id == access_key_id), None)
