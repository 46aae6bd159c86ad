"""Documents that a client resolved, and which of their images it pushes."""

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
        pytest.param((), False, ("api:1$", "web:1", "proxy:1"), id="all services that are built"),
        pytest.param(("web",), False, ("web:1",), id="the services in the command"),
        pytest.param(("web",), True, ("web:1", "proxy:1"), id="the services in the command and their dependencies"),
        pytest.param(("database",), False, (), id="a service that is only pulled"),
        pytest.param(("nobody",), True, (), id="a missing service"),
    ],
)
def test_images_of_services_that_compose_resolved(
    services: tuple[str, ...], with_dependencies: bool, names: tuple[str, ...]
) -> None:
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
        pytest.param(False, ("web:1", "web:2"), id="a push writes no caches and skips services without an image"),
        pytest.param(True, ("web:1", "web:2", "cache:1", "unnamed:1"), id="a build writes everything"),
    ],
)
def test_images_that_compose_writes(is_built: bool, names: tuple[str, ...]) -> None:
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
        pytest.param(True, ("api", "web", "tests", "base"), id="all targets, because of --push"),
        pytest.param(False, ("api", "web"), id="targets whose outputs push"),
    ],
)
def test_images_of_targets_that_bake_printed(all_are_pushed: bool, names: tuple[str, ...]) -> None:
    asked = InFile("bake", ("/usr/bin/docker", "buildx", "bake", "--print"), all_are_pushed=all_are_pushed)
    assert references_in_document(asked, json.dumps(PRINTED)) == tuple(f"{HOST}/{name}:1" for name in names)


def test_an_error_in_the_output_of_a_client_names_the_client() -> None:
    with pytest.raises(ConfigurationError, match=r"^docker: not JSON"):
        references_in_document(InFile("bake", ("/usr/bin/docker", "buildx", "bake", "--print")), "Done.")
