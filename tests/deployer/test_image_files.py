"""Images named by bake files, compose files and lists."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from deployer.errors import ConfigurationError
from deployer.image_files import interpolated, references_in

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
"""
    assert references_in(PurePath("compose.yaml"), text, {}) == (f"{HOST}/api:dev", f"{HOST}/api:extra")


@pytest.mark.parametrize(
    ("text", "variables", "result"),
    [
        pytest.param("a-$X-b", {"X": "1"}, "a-1-b", id="a bare variable"),
        pytest.param("${X:-${Y:-${Z}}}", {"Z": "3"}, "3", id="a default that is a variable"),
        pytest.param("${X:-d}", {"X": ""}, "d", id="empty counts as none with a colon"),
        pytest.param("${X-d}", {"X": ""}, "", id="empty counts as a value without one"),
        pytest.param("${X:+set}", {"X": "1"}, "set", id="the other value when set"),
        pytest.param("${X+set}", {}, "", id="nothing when not set"),
        pytest.param("$$X", {"X": "1"}, "$X", id="an escaped dollar"),
    ],
)
def test_interpolation(text: str, variables: dict[str, str], result: str) -> None:
    assert interpolated(text, variables, where="compose.yaml") == result


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
