"""The real zip with the oldest SDK that a Lambda runtime may provide, and its log.

The sandbox itself keeps the newest SDK; only the function's process has the old one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest

from aws_org_sandbox.functions import code
from aws_org_sandbox.functions.forks import forks
from aws_org_sandbox.functions.pool import pool
from aws_org_sandbox.sandbox import Sandbox
from handler.clients import Clients, Credentials
from handler.errors import PermanentError
from handler.repositories import Registry, Repositories
from handler.sdk import lacking, start_line
from handler.settings import RepositorySettings
from tests.handler import oldest_sdk
from tests.handler.fakes import NOW
from tests.handler.installation import ACCOUNT, Installed, install, names_of, push
from tests.handler.oldest_sdk import OLDEST
from tests.handler.test_denials_in_sandbox import test_invariant_2_a_role_that_was_just_created_is_retried
from tests.handler.test_in_sandbox import (
    test_a_malformed_event_ends_in_the_failures_queue,
    test_a_push_gets_its_repository_with_settings_tags_and_record,
    test_a_refusal_is_recorded_and_nothing_is_created,
    test_callers_of_other_accounts_are_looked_up_and_those_outside_the_organization_refused,
    test_the_log_has_one_line_for_each_event_and_none_from_libraries,
)

__all__ = [
    "test_a_malformed_event_ends_in_the_failures_queue",
    "test_a_push_gets_its_repository_with_settings_tags_and_record",
    "test_a_refusal_is_recorded_and_nothing_is_created",
    "test_callers_of_other_accounts_are_looked_up_and_those_outside_the_organization_refused",
    "test_invariant_2_a_role_that_was_just_created_is_retried",
    "test_the_log_has_one_line_for_each_event_and_none_from_libraries",
]
"""Run once more, with the `installed` of this file."""

PATHS = "organizations:DescribeAccount Account.Paths"
FILTERS = "imageTagMutabilityExclusionFilters"


@pytest.fixture(scope="module")
def old_runtime() -> Iterator[Path]:
    """Functions of the sandbox find the old SDK."""
    folder = oldest_sdk.install()
    newest = code._location

    def location(package: str) -> Path:
        return folder / package if (folder / package).is_dir() else newest(package)

    def forget_runtime() -> None:
        pool.close()
        code.folders.clear()
        forks.close()
        forks.open()
        pool.reopen()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(code, "_location", location)
        patched.setattr(code, "RUNTIME_PACKAGES", [name for name in code.RUNTIME_PACKAGES if name != "boto3"])
        forget_runtime()
        yield folder
    forget_runtime()


@pytest.fixture
def installed(old_runtime: Path, sandbox: Sandbox) -> Installed:
    return install(sandbox)


@pytest.mark.slow
def test_without_a_network_the_message_names_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(oldest_sdk.NotInstalledError, match="Run them once with access to the package index") as failed:
        oldest_sdk.install(tmp_path / "sdk" / "botocore")
    assert f"botocore=={OLDEST}" in str(failed.value)
    assert not (tmp_path / "sdk" / "botocore").exists()


@pytest.mark.slow
def test_the_tests_of_the_handler_that_need_no_sandbox_pass_with_the_old_sdk(tmp_path: Path) -> None:
    """Without those of Hypothesis: what they vary is the input of the handler's own code, never a call of the SDK."""
    folder = oldest_sdk.install()
    version = subprocess.run(
        [sys.executable, "-c", "import botocore; print(botocore.__version__)"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert version.stdout.strip() == OLDEST
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-m", "not slow and not hypothesis",
         "-W", "ignore:datetime.datetime.utcnow:DeprecationWarning",  # of that botocore on Python 3.12 and later
         "--basetemp", str(tmp_path / "tests"), "--ignore", __file__, "tests/handler"],
        cwd=Path(__file__).parents[2],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert int(ran.stdout.rpartition(" passed")[0].split()[-1]) > 400


def lines(installed: Installed) -> list[dict[str, Any]]:
    found = installed.sandbox.client("logs").filter_log_events(logGroupName=installed.synthesis.names.log_group)
    return [json.loads(event["message"]) for event in found["events"]]


def test_the_log_names_the_sdk_version_and_the_missing_features_which_are_worked_around(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"))
    installed.send(push("team-a/web", event_id="event-2"))
    (started,) = [line for line in lines(installed) if line.get("message") == "started"]
    assert (started["botocore"], started["level"]) == (OLDEST, "WARN")
    assert [missing.startswith(PATHS) for missing in started["lacking"]] == [True]
    assert "organizations:ListParents" in names_of(installed.calls())
    assert {(record.outcome, record.ou_path, record.ou_source) for record in installed.records()} == {
        ("created", "Workloads/Prod", "asked")
    }


def test_a_refusal_by_aws_has_the_same_reason_with_an_old_sdk(installed: Installed) -> None:
    installed.sandbox.client("iam", account=ACCOUNT).delete_role_policy(
        RoleName="deployer-creator", PolicyName="create-repositories"
    )
    installed.send(push("team-a/api", event_id="event-1"))
    assert [(record.outcome, record.reason) for record in installed.records()] == [("failed", "access-denied")]
    assert len(installed.failures()) == 1


def clients_without(name: str, operation: str, *, side: str) -> Clients:
    """Clients of an SDK whose model lacks a member of a request or answer."""
    clients = Clients(region="eu-west-1")
    loader = clients._session.get_component("data_loader")
    load = loader.load_service_model

    def older(service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = json.loads(json.dumps(load(service_name, type_name, api_version)))
        if type_name == "service-2" and operation in model["operations"]:
            model["shapes"][model["operations"][operation][side]["shape"]]["members"].pop(name)
        return model

    loader.load_service_model = older
    return clients


def test_an_sdk_without_exclusion_filters_is_reported_as_too_old_and_not_as_invalid_settings() -> None:
    clients = clients_without(FILTERS, "CreateRepository", side="input")
    client = clients.of("ecr", region="eu-west-1", credentials=Credentials("ASIA1", "secret", "token"))
    registry = Registry(account=ACCOUNT, region="eu-west-1", partition="aws")
    settings = RepositorySettings(mutability_exclusions=("latest",))
    with pytest.raises(PermanentError) as refused:
        Repositories(client, registry=registry, installation="deployer").create(
            "team-a/api", settings=settings, tags={}
        )
    assert refused.value.reason == "sdk-too-old"
    assert f"botocore {botocore.__version__}" in refused.value.detail
    assert FILTERS in refused.value.detail


@pytest.mark.parametrize(
    ("name", "operation", "side", "expected"),
    [
        (FILTERS, "CreateRepository", "input", "ecr:CreateRepository imageTagMutabilityExclusionFilters"),
        ("Parameters", "ExecuteStatement", "input", "dynamodb:ExecuteStatement Parameters"),
        ("Account", "DescribeAccount", "output", PATHS),
    ],
)
def test_anything_that_an_sdk_lacks_is_a_warning_at_the_start(
    name: str, operation: str, side: str, expected: str
) -> None:
    line: Any = start_line(clients_without(name, operation, side=side).model, now=NOW)
    assert line["level"] == "WARN"
    assert [missing.partition(": ")[0] for missing in line["lacking"]] == [expected]


def test_the_newest_sdk_lacks_nothing() -> None:
    clients = Clients(region="eu-west-1")
    assert list(lacking(clients.model)) == []
    line = start_line(clients.model, now=NOW)
    assert (line["level"], line["botocore"], line["lacking"]) == ("INFO", botocore.__version__, None)
