"""A read that may be refused: the response of AWS, or the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from deployer.aws.errors import translated
from deployer.doctor.actual_state import Unread
from deployer.errors import DeployerError, PermissionDeniedError

T = TypeVar("T")


def attempt(action: str, read: Callable[[], T]) -> T | Unread:
    """The result of `read`. A refusal, a service that cannot be reached and an unknown error are values as well."""
    try:
        with translated():
            return read()
    except DeployerError as error:
        return Unread(action=action, reason=error.message, is_denied=isinstance(error, PermissionDeniedError))


def after(first: object, action: str, read: Callable[[], T]) -> T | Unread:
    """The same, unless a value that it requires is unread: then no call is made."""
    return first if isinstance(first, Unread) else attempt(action, read)
