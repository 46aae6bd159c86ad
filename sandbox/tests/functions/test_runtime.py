"""One execution environment: a real process under awslambdaric, whatever its handler does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.functions import runtime
from aws_org_sandbox.functions.code import CodeFolders
from aws_org_sandbox.functions.forks import Forks
from aws_org_sandbox.functions.runtime import ExecutionEnvironment, Outcome, Specification
from sandbox.tests.tiny_functions import OBEDIENT, zip_of

pytestmark = pytest.mark.slow

ARN = "arn:aws:lambda:eu-west-1:200000000001:function:tiny"


@pytest.fixture(scope="module", params=[False, True], ids=["a new interpreter", "forked"], autouse=True)
def is_forked(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Every test with both ways to start a process."""
    forks = Forks()
    if request.param:
        forks.open()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "forks", forks)
        yield request.param
    forks.close()


@pytest.fixture(scope="module")
def folders() -> Iterator[CodeFolders]:
    folders = CodeFolders()
    yield folders
    folders.clear()


def specification(folders: CodeFolders, *, source: str = OBEDIENT, timeout: float = 10.0) -> Specification:
    return Specification(
        handler="app.handle",
        task_root=folders.task_root(zip_of(source), digest=str(hash(source))),
        runtime_root=folders.runtime_root(),
        environment={"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13", "GREETING": "hello"},
        timeout=timeout,
        memory_mb=128,
    )


@pytest.fixture(scope="module")
def warm(folders: CodeFolders) -> Iterator[ExecutionEnvironment]:
    environment = ExecutionEnvironment(specification(folders))
    yield environment
    environment.close()


def ask(environment: ExecutionEnvironment, **order: Any) -> Outcome:
    return environment.invoke(request_id="request-1", function_arn=ARN, payload=json.dumps(order).encode())


def test_a_process_responds_and_is_reused(warm: ExecutionEnvironment) -> None:
    first, second = json.loads(ask(warm).payload), json.loads(ask(warm).payload)
    assert second["count"] == first["count"] + 1
    assert first["pid"] == second["pid"] == warm.pid != os.getpid()


def test_nothing_is_written_into_the_folder_of_the_code(warm: ExecutionEnvironment) -> None:
    ask(warm)
    assert [path.name for path in warm.specification.task_root.iterdir()] == ["app.py"]


def test_the_process_sees_only_its_own_environment_and_files(warm: ExecutionEnvironment) -> None:
    answer = json.loads(ask(warm).payload)
    assert answer["environment"]["GREETING"] == "hello"
    assert "HOME" not in answer["environment"]
    assert Path(answer["cwd"]) == warm.specification.task_root
    assert answer["request"] == "request-1"
    assert answer["arn"] == ARN
    assert 8_000 < answer["remaining"] <= 10_000


@pytest.mark.parametrize("package", ["deployer", "templates", "moto", "pydantic", "pip"])
def test_packages_that_lambda_does_not_provide_cannot_be_imported(warm: ExecutionEnvironment, package: str) -> None:
    outcome = ask(warm, **{"import": package})
    assert outcome.error == "ModuleNotFoundError"
    assert warm.alive


@pytest.mark.parametrize("package", ["boto3", "botocore", "app"])
def test_the_sdk_and_the_zip_can_be_imported(warm: ExecutionEnvironment, package: str) -> None:
    assert package in json.loads(ask(warm, **{"import": package}).payload)


def test_an_exception_is_an_error_of_its_type_and_the_process_continues(warm: ExecutionEnvironment) -> None:
    outcome = ask(warm, **{"raise": "no"})
    assert outcome.error == "ValueError"
    assert json.loads(outcome.payload)["errorMessage"] == "no"
    assert warm.alive


def test_output_is_attributed_to_the_invocation_that_wrote_it(warm: ExecutionEnvironment) -> None:
    ask(warm, log="first")
    output = ask(warm, log="second").output
    assert "second" in output
    assert "first" not in output


def test_a_process_that_exits_is_an_exit_error_and_is_not_reused(folders: CodeFolders) -> None:
    environment = ExecutionEnvironment(specification(folders))
    outcome = ask(environment, exit=3)
    environment.close()
    assert outcome.error == "Runtime.ExitError"
    assert json.loads(outcome.payload)["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert outcome.output.startswith("loaded\n")
    assert not environment.alive


def test_the_time_limit_ends_the_process(folders: CodeFolders) -> None:
    environment = ExecutionEnvironment(specification(folders, timeout=0.3))
    started = time.monotonic()
    outcome = ask(environment, sleep=30)
    environment.close()
    assert outcome.timed_out
    assert json.loads(outcome.payload)["errorMessage"].endswith("Task timed out after 0.30 seconds")
    assert time.monotonic() - started < 30
    assert not environment.alive


def test_a_module_that_cannot_be_loaded_is_an_init_error(folders: CodeFolders) -> None:
    environment = ExecutionEnvironment(specification(folders, source="import nowhere"))
    outcome = ask(environment)
    environment.close()
    assert outcome.error == "Runtime.ImportModuleError"
    assert "No module named 'nowhere'" in json.loads(outcome.payload)["errorMessage"]


def test_a_process_killed_during_an_invocation_is_an_exit_error(folders: CodeFolders) -> None:
    environment = ExecutionEnvironment(specification(folders, source=KILLED))
    outcome = ask(environment)
    environment.close()
    assert outcome.error == "Runtime.ExitError"
    assert json.loads(outcome.payload)["errorMessage"].endswith("signal: killed")


KILLED = "import os, signal\ndef handle(event, context): os.kill(os.getpid(), signal.SIGKILL)\n"

ORPHAN = """
import json, sys, time
from aws_org_sandbox.functions.code import CodeFolders
from aws_org_sandbox.functions.forks import forks
from aws_org_sandbox.functions.runtime import ExecutionEnvironment
from sandbox.tests.functions.test_runtime import ask, specification
if sys.argv[1:]: forks.open()
environment = ExecutionEnvironment(specification(CodeFolders()))
ask(environment)
print(json.dumps([[environment.pid, forks.pid or environment.pid], [str(forks.folder)]]), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("folder", ["short", "long" * 25], ids=["a short path", "a long path"])
def test_no_function_outlives_a_killed_sandbox(folder: str, is_forked: bool) -> None:
    """Whatever the length of TMPDIR; that of a socket's path is limited."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix=folder) as temporary:
        _outlives(Path(temporary), is_forked=is_forked)


def _outlives(folder: Path, *, is_forked: bool) -> None:
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN, *(["forked"] if is_forked else [])],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as sandbox:
        assert sandbox.stdout is not None
        started, others = json.loads(sandbox.stdout.readline())
        sandbox.kill()
    deadline = time.monotonic() + 30
    while left := [*filter(is_alive, started), *filter(os.path.exists, others)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended, and whose parent does not collect it, has no command line."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_module_in_the_zip_takes_precedence_over_the_sdk(folders: CodeFolders) -> None:
    own = specification(folders, source=f"import botocore\n{OBEDIENT}")
    (own.task_root / "botocore.py").write_text("__version__ = 'the own one'")
    environment = ExecutionEnvironment(own)
    answer = ask(environment, **{"import": "botocore"})
    environment.close()
    assert json.loads(answer.payload) == str(own.task_root / "botocore.py")
