"""Copies of a running sandbox, so that many tests can start from a state that is expensive to set up.

A copy is a fork of the process, with a server of its own on a free port. The parent waits for it: only one of them
works at a time. What is in progress in the background continues in both.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from aws_org_sandbox import background
from aws_org_sandbox.functions.code import folders
from aws_org_sandbox.functions.pool import pool

if TYPE_CHECKING:
    from aws_org_sandbox.sandbox import Sandbox

T = TypeVar("T")


class CopyFailedError(AssertionError):
    """Work in a copy raised an error; the message has its traceback."""


def in_copy(sandbox: Sandbox, work: Callable[[], T]) -> T:
    """The result of `work`, run in a copy of the sandbox: it has no effect here.

    The sandbox object means the copy there. The result is pickled. Raises CopyFailedError if the work raises anything.
    """
    folders.lend()
    reading, writing = os.pipe()
    with background.scheduler.paused():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: all of them wait, and none is in the copy
            child = os.fork()
        if child == 0:  # its work never leaves the block, whose lock a thread may hold that the copy does not have
            os.close(reading)
            _work(sandbox, work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        raise CopyFailedError(f"the copy ended with {os.waitstatus_to_exitcode(status)} without a result")
    failure, result = pickle.loads(answer)  # noqa: S301 - from this program's own child
    if failure:
        raise CopyFailedError(failure)
    return result  # type: ignore[no-any-return]


def _work(sandbox: Sandbox, work: Callable[[], Any], writing: int) -> NoReturn:
    gc.freeze()  # a collection that looked at what the parent made would copy all of its memory
    code = 1
    try:
        with os.fdopen(writing, "wb") as stream:
            try:
                background.scheduler.revive()
                pool.abandon()
                folders.borrow()
                sandbox.listen_elsewhere()
                answer: tuple[str | None, Any] = (None, work())
            except BaseException:  # noqa: BLE001 - reported to the parent, whatever it is
                answer = (traceback.format_exc(), None)
            stream.write(pickle.dumps(answer))
        code = 0
        pool.close()
        folders.clear()
    finally:
        os._exit(code)
