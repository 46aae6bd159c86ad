"""Sessions that a function opens with its own credentials belong to the same process: a crash of either ends both."""

from __future__ import annotations

from typing import Any

from moto.sts.models import AssumedRole, STSBackend

from aws_org_sandbox.calls import CURRENT
from aws_org_sandbox.functions.pool import pool
from aws_org_sandbox.seams import original, replace


@replace(STSBackend, "assume_role")
def assume_role(backend: STSBackend, *arguments: Any, **options: Any) -> AssumedRole:
    """Open the session as moto does, and store its process if a function requested it."""
    session: AssumedRole = original(STSBackend, "assume_role")(backend, *arguments, **options)
    call = CURRENT.get()
    if call is not None:
        pool.adopt(session.access_key_id, parent=call.principal.access_key_id)
    return session
