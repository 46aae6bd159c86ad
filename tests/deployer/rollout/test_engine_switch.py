"""An OU is switched to the engine `native` and back while its teams push: every push is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import pytest

from aws_org_sandbox.oci import images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.examples import DEV, NATIVE, SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few
from tests.deployer.rollout.folder import Folder
from tests.deployer.rollout.test_creation_templates import HOME, prefixes
from tests.deployer.rollout.test_native_settings import actual

pytestmark = pytest.mark.usefixtures("small_central_stack")

LIMIT = 120.0
PAUSE = 0.05


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(PAUSE)


@dataclass
class Pusher:
    """A team that pushes to one new repository after another until the block ends."""

    sandbox: Sandbox
    at_once: list[str] = field(default_factory=list)
    """Repositories that existed for their first push."""
    later: list[str] = field(default_factory=list)
    """Those whose first push was refused, and which existed soon after."""
    errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ecr = self.sandbox.client("ecr", account=SHOP_DEV, region=HOME)
        self._client = Client.login(self._ecr, endpoint=self.sandbox.endpoint_url, registry=host_of(SHOP_DEV, HOME))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_sound(self) -> bool:
        return not self.errors and self._thread.is_alive()

    def _run(self) -> None:
        number = 0
        while not self._ended.wait(PAUSE) and not self.errors:
            number += 1
            try:
                self._push(f"team/app-{number}")
            except Exception as error:  # noqa: BLE001 - the test shows it
                self.errors.append(error)

    def _push(self, name: str) -> None:
        try:
            self._client.push(images.build(), name, "1")
        except Rejected as rejected:
            assert rejected.code == "NAME_UNKNOWN", rejected  # noqa: PT017 - every other refusal is a failure
        else:
            self.at_once.append(name)
            return
        wait_until(lambda: self._exists(name))
        self._client.push(images.build(), name, "1")
        self.later.append(name)

    def _exists(self, name: str) -> bool:
        try:
            return bool(self._ecr.describe_repositories(repositoryNames=[name])["repositories"])
        except self._ecr.exceptions.RepositoryNotFoundException:
            return False


@begins_rolled_out_to_few
def test_every_push_is_served_while_an_ou_is_switched_to_native_and_back(sandbox: Sandbox, folder: Folder) -> None:
    with Pusher(sandbox) as pusher:
        wait_until(lambda: pusher.later or not pusher.is_sound)
        folder.configure(DEV, NATIVE)
        assert folder.deployer("rollout", "--org", "--yes").exit_code == 0
        wait_until(lambda: pusher.at_once or not pusher.is_sound)
        folder.configure(DEV, "")
        assert folder.deployer("rollout", "--org", "--yes", "--allow-delete", "2").exit_code == 0
        served = len(pusher.later)
        wait_until(lambda: len(pusher.later) > served or not pusher.is_sound)
    assert pusher.errors == []
    sandbox.settle()
    assert prefixes(sandbox, SHOP_DEV) == []
    by_handler, by_ecr = actual(sandbox, pusher.later[-1]), actual(sandbox, pusher.at_once[0])
    for key in ("image_tag_mutability", "lifecycle_policy", "tags.env"):
        assert by_handler[key] == by_ecr[key]
