"""Images named by bake files, compose files and lists."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from deployer.errors import ConfigurationError
from deployer.pushing.image_files import references_in

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def test_a_list_has_one_image_a_line_and_comments() -> None:
    text = f"# ours\n{HOST}/api:1\n\n  {HOST}/web:1  # the front\n{HOST}/api:1\n"
    assert references_in(PurePath("images.txt"), text, {}) == (f"{HOST}/api:1", f"{HOST}/web:1")


def test_a_bake_file_gives_the_tags_of_its_targets() -> None:
    document = {
        "variable": {"TAG": {"default": "dev"}, "REGISTRY": {"default": HOST}},
        "group": {"default": {"targets": ["api"]}},
        "target": {"api": {"tags": ["${REGISTRY}/api:${TAG}", f"{HOST}/api:latest"]}, "base": {}},
    }
    found = references_in(PurePath("docker-bake.json"), json.dumps(document), {"TAG": "7"})
    assert found == (f"{HOST}/api:7", f"{HOST}/api:latest")


def test_variables_of_a_bake_file_name_each_other_and_need_not_be_texts() -> None:
    document = {
        "variable": {
            "HOST": {"default": HOST},
            "TEAM": {"default": "${HOST}/team"},
            "BUILD": {"default": 7},
            "FAST": {"default": True},
        },
        "target": {"api": {"tags": ["${TEAM}/api:${BUILD}-${FAST}"]}},
    }
    assert references_in(PurePath("docker-bake.json"), json.dumps(document), {}) == (f"{HOST}/team/api:7-true",)


def test_a_matrix_of_a_bake_file_makes_a_target_of_each_combination() -> None:
    document = {
        "target": {
            "app": {
                "name": "app-${name}-${os}",
                "matrix": {"name": ["api", "web"], "os": ["alpine"]},
                "tags": [f"{HOST}/${{name}}:${{os}}"],
            }
        }
    }
    found = references_in(PurePath("docker-bake.json"), json.dumps(document), {})
    assert found == (f"{HOST}/api:alpine", f"{HOST}/web:alpine")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"target": {"api": {"tags": [f"{HOST}/api:1"]}}}), id="what bake prints"),
        pytest.param(f"name: x\nservices:\n  api: {{build: ., image: {HOST}/api:1}}\n", id="what compose prints"),
        pytest.param(f"{HOST}/api:1\n", id="a list"),
    ],
)
def test_standard_input_is_what_it_looks_like(text: str) -> None:
    assert references_in(PurePath("-"), text, {}) == (f"{HOST}/api:1",)


def test_a_compose_file_gives_what_is_built_and_not_what_is_pulled() -> None:
    text = f"""
services:
  api:
    build: {{context: ., tags: ["{HOST}/api:extra"]}}
    image: {HOST}/api:${{TAG:-dev}}
  database:
    image: postgres:16
    ports: !override ["5432"]
    profiles: !reset []
  unnamed:
    build: .
  taken_back:
    build: !reset null
    image: {HOST}/elsewhere:1
"""
    assert references_in(PurePath("compose.yaml"), text, {}) == (f"{HOST}/api:dev", f"{HOST}/api:extra")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        pytest.param("compose.yaml", "services: {a: {build: ., image: 'x:${TAG}'}}", "TAG has no value", id="no value"),
        pytest.param(
            "compose.yaml",
            "services: {a: {build: ., image: 'x:${TAG:?set it}'}}",
            r"TAG has no value .*\(set it\)",
            id="the file's own message",
        ),
        pytest.param(
            "docker-bake.json",
            '{"target": {"a": {"tags": ["${upper(X)}"]}}}',
            "only the client can read",
            id="a function",
        ),
        pytest.param(
            "docker-bake.json",
            '{"target": {"a": {"tags": "x"}}}',
            "target a: `tags` is no list",
            id="a text for a list",
        ),
        pytest.param(
            "docker-bake.json",
            '{"target": {"a": {"tags": ["x"], "matrix": {"item": [{"tag": "1"}]}}}}',
            "target a: matrix: `item` is no list of texts",
            id="a matrix of maps",
        ),
        pytest.param("compose.yaml", "services: [", "no YAML", id="broken YAML"),
        pytest.param("compose.yaml", "[]", "no compose file", id="another YAML"),
        pytest.param("docker-bake.json", "{", "no JSON", id="broken JSON"),
        pytest.param("docker-bake.json", "{}", "no bake file", id="another JSON"),
        pytest.param("docker-bake.hcl", "", "HCL", id="a bake file in HCL"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        references_in(PurePath(name), text, {})
