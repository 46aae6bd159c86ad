"""Kills the command line in this process: once it is killed no call gets through any more, whatever still runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.deployer.command_line import READING


class Killed(BaseException):
    """The process is gone."""


def is_writing(operation: str) -> bool:
    return not operation.startswith(READING)


@contextmanager
def killed_after(calls: int, *, counts: Callable[[str, Any], bool] = lambda *_: True) -> Iterator[list[str]]:
    """No call gets through after so many that count; gives the operations that did."""
    made: list[str] = []
    counted = 0
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def deadly(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal counted
        if client.meta.config.user_agent_extra != "deployer":  # CloudFormation in the sandbox calls in this process too
            return call(client, operation, parameters)
        if counted >= calls:
            raise Killed
        made.append(operation)
        counted += counts(operation, parameters)
        return call(client, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", deadly)
        yield made


class EachChange:
    """Counts writes, and the first read after each: those that follow it find the same, only later."""

    def __init__(self) -> None:
        self._wrote = False

    def __call__(self, operation: str, _: Any) -> bool:
        wrote, self._wrote = self._wrote, is_writing(operation)
        return wrote or self._wrote
