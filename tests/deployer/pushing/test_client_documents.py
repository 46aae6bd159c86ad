"""What a client resolved, and what it pushes of that."""

from __future__ import annotations

import json

import pytest

from deployer.errors import ConfigurationError
from deployer.pushing.client_destinations import InFile
from deployer.pushing.client_documents import references_in_document

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"

RESOLVED = f"""
name: shop
services:
  api: {{build: {{context: .}}, image: "{HOST}/api:1$$"}}
  web: {{build: {{context: .}}, image: "{HOST}/web:1", depends_on: {{proxy: {{condition: service_started}}}}}}
  proxy: {{build: {{context: .}}, image: "{HOST}/proxy:1", depends_on: [web]}}
  database: {{image: postgres}}
"""


@pytest.mark.parametrize(
    ("services", "with_dependencies", "names"),
    [
        pytest.param((), False, ("api:1$", "web:1", "proxy:1"), id="all that are built"),
        pytest.param(("web",), False, ("web:1",), id="those that the command names"),
        pytest.param(("web",), True, ("web:1", "proxy:1"), id="and what they depend on"),
        pytest.param(("database",), False, (), id="one that is only pulled"),
        pytest.param(("nobody",), True, (), id="one that is not there"),
    ],
)
def test_what_compose_resolved(services: tuple[str, ...], with_dependencies: bool, names: tuple[str, ...]) -> None:
    asked = InFile("compose", ("docker", "compose", "config"), services, with_dependencies=with_dependencies)
    assert references_in_document(asked, RESOLVED) == tuple(f"{HOST}/{name}" for name in names)


WITH_CACHES = f"""
services:
  web:
    image: {HOST}/web:1
    build:
      tags: ["{HOST}/web:2"]
      cache_to: ["type=registry,ref={HOST}/cache:1"]
      x-bake: {{tags: ["{HOST}/bake:1"]}}
  unnamed: {{build: {{tags: ["{HOST}/unnamed:1"]}}}}
"""


@pytest.mark.parametrize(
    ("is_built", "names"),
    [
        pytest.param(False, ("web:1", "web:2"), id="a push writes no caches, and nothing without an image"),
        pytest.param(True, ("web:1", "web:2", "cache:1", "unnamed:1"), id="a build writes all"),
    ],
)
def test_what_compose_writes(is_built: bool, names: tuple[str, ...]) -> None:
    asked = InFile("compose", ("docker", "compose", "config"), is_built=is_built)
    assert references_in_document(asked, WITH_CACHES) == tuple(f"{HOST}/{name}" for name in names)


PRINTED = {
    "target": {
        "api": {"tags": [f"{HOST}/api:1"], "output": ["type=registry"]},
        "web": {"tags": [f"{HOST}/web:1"], "output": [{"type": "image", "push": "true"}]},
        "tests": {"tags": [f"{HOST}/tests:1"], "output": ["type=local,dest=out"]},
        "base": {"tags": [f"{HOST}/base:1"]},
    }
}


@pytest.mark.parametrize(
    ("all_are_pushed", "names"),
    [
        pytest.param(True, ("api", "web", "tests", "base"), id="all, since the command has --push"),
        pytest.param(False, ("api", "web"), id="those whose outputs push"),
    ],
)
def test_what_bake_printed(all_are_pushed: bool, names: tuple[str, ...]) -> None:
    asked = InFile("bake", ("/usr/bin/docker", "buildx", "bake", "--print"), all_are_pushed=all_are_pushed)
    assert references_in_document(asked, json.dumps(PRINTED)) == tuple(f"{HOST}/{name}:1" for name in names)


def test_what_a_client_printed_is_named_by_the_client() -> None:
    with pytest.raises(ConfigurationError, match=r"^docker: not JSON"):
        references_in_document(InFile("bake", ("/usr/bin/docker", "buildx", "bake", "--print")), "Done.")
