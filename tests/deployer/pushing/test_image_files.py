"""Images named by bake files, compose files and lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.pushing.image_files import references_in_files
from tests.deployer.pushing.fake_files import FakeFiles

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def references_in(path: PurePath, text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    return references_in_files([path], FakeFiles({str(path): text}), variables)


def test_a_list_has_one_image_per_line_and_comments() -> None:
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


def test_variables_of_a_bake_file_refer_to_each_other_and_need_not_be_strings() -> None:
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


def test_a_matrix_of_a_bake_file_creates_a_target_for_each_combination() -> None:
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
        pytest.param(json.dumps({"target": {"api": {"tags": [f"{HOST}/api:1"]}}}), id="output of bake"),
        pytest.param(f"name: x\nservices:\n  api: {{build: ., image: {HOST}/api:1}}\n", id="output of compose"),
        pytest.param(f"{HOST}/api:1\n", id="a list"),
    ],
)
def test_the_format_of_standard_input_is_detected(text: str) -> None:
    assert references_in(PurePath("-"), text, {}) == (f"{HOST}/api:1",)


def test_a_compose_file_gives_images_that_are_built_and_not_those_that_are_pulled() -> None:
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
            id="an error that the file defines",
        ),
        pytest.param(
            "docker-bake.json",
            '{"target": {"a": {"tags": ["x:${homedir()}"]}}}',
            "target a: the function homedir is not supported",
            id="a function that is not supported",
        ),
        pytest.param(
            "docker-bake.json",
            '{"target": {"a": {"tags": "x"}}}',
            "target a: `tags` is not a list",
            id="a string for a list",
        ),
        pytest.param("compose.yaml", "services: [", "not YAML", id="invalid YAML"),
        pytest.param("compose.yaml", "[]", "not a compose file", id="YAML with other content"),
        pytest.param("docker-bake.json", "{", "not JSON", id="invalid JSON"),
        pytest.param("tags.txt", '["x",', "tags.txt: not JSON", id="an invalid list in JSON"),
        pytest.param("docker-bake.json", "{}", "not a bake file", id="JSON with other content"),
        pytest.param("docker-bake.hcl", "", "not a bake file", id="an empty file in HCL"),
        pytest.param("docker-bake.hcl", "target {", "line 1, column 9: this is no valid HCL", id="invalid HCL"),
    ],
)
def test_unreadable_content_is_reported(name: str, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        references_in(PurePath(name), text, {})


CASES = Path(__file__).parent / "image_files"


class OnDisk:
    def read(self, path: PurePath) -> str:
        return Path(path).read_text(encoding="utf-8")

    def exists(self, path: PurePath) -> bool:
        return Path(path).is_file()


@pytest.mark.parametrize(
    ("file", "repositories"),
    [
        ("bake-cache-to.json", "web web-cache"),
        ("bake-printed.json", "web web-cache"),
        ("compose-cache-to.yaml", "web web-cache"),
        ("compose-as-json.json", "web"),
        ("extends/compose.yaml", "web job"),
        ("two-documents/compose.yaml", "web job"),
        ("tags-of-metadata-action.txt", "web api"),
        ("compose-services/compose.yaml", "web seeder"),
    ],
)
def test_files_that_earlier_versions_misread(file: str, repositories: str) -> None:
    found = references_in_files([CASES / file], OnDisk(), {})
    names = [f"{HOST}/team-a/{name}" for name in repositories.split()]
    assert [image.rpartition(":")[0] for image in found] == names


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{H}/a:1,{H}/b:1", id="commas"),
        pytest.param("{H}/a:1, {H}/b:1\n", id="commas and blanks"),
        pytest.param("{H}/a:1 {H}/b:1", id="blanks"),
        pytest.param("{H}/a:1\r\n{H}/b:1\r\n", id="Windows line ends"),
        pytest.param("# a\n\n{H}/a:1 # b, c\n\t{H}/b:1\n", id="comments, blanks and tabs"),
        pytest.param('"{H}/a:1","{H}/b:1"\n', id="CSV with quotes"),
        pytest.param("'{H}/a:1'\n'{H}/b:1'\n", id="single quotes"),
        pytest.param('["{H}/a:1", "{H}/b:1"]', id="JSON"),
        pytest.param('[\n  "{H}/a:1",\n  "{H}/b:1"\n]', id="JSON in lines"),
        pytest.param('{"tags": ["{H}/a:1", "{H}/b:1"], "labels": {}}', id="output of metadata-action"),
    ],
)
def test_lists(text: str) -> None:
    found = references_in(PurePath("tags.txt"), text.replace("{H}", HOST), {})
    assert found == (f"{HOST}/a:1", f"{HOST}/b:1")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"target": {"a": {"tags": ["{H}/a"]}}}', id="a bake file in JSON"),
        pytest.param('target "a" {\n  tags = ["{H}/a"]\n}\n', id="a bake file in HCL"),
        pytest.param('variable "X" {}\n\ntarget a {\n  tags = ["{H}/a"]\n}\n', id="with variables"),
        pytest.param("name: x\nservices:\n  a: {build: ., image: '{H}/a'}\n", id="a compose file"),
        pytest.param('{"services": {"a": {"build": ".", "image": "{H}/a"}}}', id="a compose file in JSON"),
        pytest.param("{H}/a", id="a list"),
    ],
)
@pytest.mark.parametrize("name", ["-", "images", "images.txt", "docker-bake.prod"])
def test_the_format_of_a_file_with_another_name_is_detected(name: str, text: str) -> None:
    assert references_in(PurePath(name), text.replace("{H}", HOST), {}) == (f"{HOST}/a",)


@pytest.mark.parametrize("text", ["[", "[::1]:5000/a:1", "[ x", "x" * 200_000, '"' + "x" * 200_000])
def test_a_list_that_is_not_json_has_one_image_per_line(text: str) -> None:
    assert references_in(PurePath("tags.txt"), text, {}) == tuple(text.strip('"').split())


def test_several_files_of_different_kinds() -> None:
    files = FakeFiles(
        {
            "b.json": json.dumps({"target": {"a": {"tags": [f"{HOST}/bake"]}}}),
            "c.yml": f"services: {{a: {{build: ., image: '{HOST}/compose'}}}}",
            "l.txt": f"{HOST}/list",
        }
    )
    found = references_in_files([PurePath(path) for path in files.texts], files, {})
    assert set(found) == {f"{HOST}/bake", f"{HOST}/compose", f"{HOST}/list"}


@given(st.text(), st.sampled_from(["a.yml", "a.json", "a.hcl", "a.txt"]))
def test_any_text_gives_images_or_a_clear_error(text: str, name: str) -> None:
    with suppress(ConfigurationError):  # any other exception fails
        references_in(PurePath(name), text, {})
