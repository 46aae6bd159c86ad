"""MiniStack, a third-party AWS emulator. It has accounts and Lambda, but no StackSets and no IAM by default."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.witnesses.servers import LOOPBACK, Program, serving

CENTRAL, HOME = "200000000001", "eu-west-1"
_TYPE = re.compile(r"AWS::\w+::\w+")
_LIMIT_SECONDS = 300


PYTHON = Path(__file__).parent / ".venv" / "bin" / "python"
"""`make witnesses` makes it: MiniStack cannot be installed beside deployer."""

_PROGRAM = Program(
    command=lambda port: [str(PYTHON), "-m", "ministack"],
    health="/_ministack/health",
    variables=lambda port: {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": CENTRAL,
        "MINISTACK_REGION": HOME,
        "LAMBDA_EXECUTOR": "local",
    },
)


@contextmanager
def ministack(folder: Path) -> Iterator[MiniStack]:
    """A separate MiniStack that persists nothing."""
    if not PYTHON.exists():
        assert os.environ.get("CI") != "true", "MiniStack must be installed in CI (make witnesses)"
        pytest.skip("MiniStack is not installed (make witnesses)")
    with serving(_PROGRAM, folder=folder) as url:
        yield MiniStack(url)


@dataclass(frozen=True, slots=True)
class MiniStack:
    """The endpoint of a MiniStack. The access key, which is an account id, selects the account."""

    url: str

    def client(self, service: str, *, account: str = CENTRAL) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=HOME,
            endpoint_url=self.url,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def deploy(self, name: str, template: Mapping[str, Any], *, account: str = CENTRAL) -> set[str]:
        """Create a stack of all supported resources; returns the types of resources that were refused and omitted."""
        refused: set[str] = set()
        while types := self._refused(name, without(template, refused), account=account):
            assert types.isdisjoint(refused), f"still refused: {types}"
            refused |= types
        return refused

    def _refused(self, name: str, template: Mapping[str, Any], *, account: str) -> set[str]:
        if not template["Resources"]:
            return set()
        client = self.client("cloudformation", account=account)
        try:
            client.create_stack(
                StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
            )
        except ClientError as error:
            if types := set(_TYPE.findall(error.response["Error"]["Message"])):
                return types
            raise
        if self._wait(client, name) == "CREATE_COMPLETE":
            return set()
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        failed = {event["ResourceType"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"}
        assert failed, events
        client.delete_stack(StackName=name)
        self._wait(client, name)
        return failed

    def _wait(self, client: Any, name: str) -> str:
        """The final status of the stack's current operation; DELETE_COMPLETE if it no longer exists."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while True:
            try:
                status: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except ClientError:
                return "DELETE_COMPLETE"
            if not status.endswith("_IN_PROGRESS"):
                return status
            assert time.monotonic() < deadline, f"{name} is still {status}"
            time.sleep(0.05)


def without(template: Mapping[str, Any], types: set[str]) -> dict[str, Any]:
    """The template without resources of some types and everything that refers to them."""
    resources = template["Resources"]
    kept = {key: value for key, value in resources.items() if value["Type"] not in types}
    gone = resources.keys() - kept.keys()
    kept = {key: _without_dependencies(value, gone) for key, value in kept.items()}
    outputs = {key: value for key, value in template.get("Outputs", {}).items() if not _mentions(value, gone)}
    return {**template, "Resources": kept, **({"Outputs": outputs} if "Outputs" in template else {})}


def _without_dependencies(resource: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    depends = resource.get("DependsOn", [])
    depends = [depends] if isinstance(depends, str) else depends
    return {**resource, "DependsOn": [name for name in depends if name not in gone]}


def _mentions(value: Any, names: set[str]) -> bool:
    text = json.dumps(value)
    return any(f'"{name}' in text or f"${{{name}" in text for name in names)
