"""The role that StackSets deploys with: created once in an account, however many stacks start at the same time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

from moto.iam.models import IAMBackend

from aws_org_sandbox.cloudformation.service_role import execution_credentials
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER


def test_the_role_is_created_once(sandbox: Sandbox) -> None:
    made: list[str] = []
    create = IAMBackend.create_role

    def create_slowly(self: IAMBackend, role_name: str, *arguments: Any, **options: Any) -> Any:
        made.append(role_name)
        time.sleep(0.05)  # time for the others to find no role either
        return create(self, role_name, *arguments, **options)

    with patch.object(IAMBackend, "create_role", create_slowly), ThreadPoolExecutor(4) as threads:
        sessions = set(threads.map(execution_credentials, [MEMBER] * 4))
    assert (len(made), len(sessions)) == (1, 1)
