"""Runs benchmarks whose names come in on standard input, each in a fork of this process.

What most of them import, and botocore's models, are loaded once. A line of JSON answers each name: the exit code, and
all that was printed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from typing import IO, Any

COMMAND_LINE = ("cli.main", "cli.rollout", "composition.assembly", "planning.synthesis")
SERVICES = ("cloudformation", "dynamodb", "ecr", "iam", "lambda", "organizations", "s3", "sqs", "sts")


def load() -> None:
    """Import what the sandbox and the command line import when they are used.

    Not on top: processes that a benchmark spawns import this module.
    """
    import boto3  # noqa: PLC0415

    from aws_org_sandbox import seams  # noqa: PLC0415
    from tests import shortcuts  # noqa: PLC0415

    shortcuts.remember()
    for module in ("aws_org_sandbox.sandbox", *(f"aws_org_sandbox.{name}" for name in seams.MODULES)):
        importlib.import_module(module)
    for module in COMMAND_LINE:
        importlib.import_module(f"deployer.{module}")
    session: Any = boto3.Session(region_name="eu-west-1")
    for service in SERVICES:
        session.client(service, aws_access_key_id="x", aws_secret_access_key="x")


def answer(name: str) -> dict[str, int | str]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        if not (pid := os.fork()):
            os._exit(_run(name, printed))
        _, status = os.waitpid(pid, 0)
        printed.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "printed": printed.read()}


def _run(name: str, printed: IO[str]) -> int:
    """The benchmark's exit code."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor in (1, 2):
        os.dup2(printed.fileno(), descriptor)
    try:
        sys.argv = [name]
        code: int = importlib.import_module(f"benchmarks.{name}").main()
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
    return code


def main() -> None:
    load()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line.strip())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
