"""Images of bake files in HCL and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.pushing.image_files import references_in_files
from tests.deployer.pushing.fake_files import FakeFiles

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def images_in(*texts: str, variables: Mapping[str, str] | None = None, name: str = "bake-{}.hcl") -> tuple[str, ...]:
    files = {name.format(number): text for number, text in enumerate(texts)}
    found = references_in_files([PurePath(path) for path in files], FakeFiles(files), variables or {})
    return tuple(image.removeprefix(f"{HOST}/") for image in found)


def test_an_ordinary_bake_file_in_hcl() -> None:
    text = f"""
# what every service of ours shares
variable "REGISTRY" {{ default = "{HOST}" }}
variable "TAG" {{
  default     = "dev"
  description = "of the release"
  validation {{ condition = TAG != "" }}
}}
function "image" {{
  params = [name]
  result = ["${{REGISTRY}}/${{name}}:${{TAG}}", TAG == "dev" ? "" : "${{REGISTRY}}/${{name}}:latest"]
}}
group "default" {{ targets = ["api", "services"] }}
target "_common" {{
  platforms  = ["linux/amd64", "linux/arm64"]
  cache-from = ["type=registry,ref=${{REGISTRY}}/read-only:main"]
  cache-to   = ["type=registry,ref=${{REGISTRY}}/cache:main,mode=max"]
  args       = {{ GO = timestamp() }}
}}
target "api" {{
  inherits = ["_common"]
  contexts = {{ base = "docker-image://${{REGISTRY}}/base:1" }}
  tags     = image("api")
  dockerfile-inline = <<EOT
FROM ${{REGISTRY}}/base
EOT
}}
target "services" {{
  name   = "service-${{item.name}}"
  matrix = {{ item = [{{name = "web", port = 80}}, {{name = "job"}}] }}
  tags   = ["${{REGISTRY}}/${{item.name}}:${{TAG}}"]
}}
"""
    assert images_in(text) == ("cache:main", "api:dev", "web:dev", "job:dev")
    released = images_in(text, variables={"TAG": "7"})
    assert released == ("cache:main", "api:7", "api:latest", "web:7", "job:7")


@pytest.mark.parametrize(
    ("target", "images"),
    [
        pytest.param('tags = ["{H}/a"]', ["a"], id="tags"),
        pytest.param('tags = ["", "{H}/a", null == null ? "" : "x"]', ["a"], id="empty tags"),
        pytest.param("tags = null", [], id="null"),
        pytest.param('cache-to = ["{H}/c:1"]', ["c:1"], id="a cache as a reference"),
        pytest.param('cache-to = ["type=gha", "type=local,dest=x", "type=inline"]', [], id="other caches"),
        pytest.param('cache-to = [{type = "registry", ref = "{H}/c:1"}]', ["c:1"], id="a cache as an object"),
        pytest.param('cache-from = ["{H}/c"]', [], id="a cache that is read"),
        pytest.param('output = ["type=image,name={H}/o:1,push=true"]', ["o:1"], id="an output that pushes"),
        pytest.param('output = ["type=image,\\"name={H}/o,{H}/p\\",push=true"]', ["o", "p"], id="several names"),
        pytest.param('output = [{type = "registry", name = "{H}/o"}]', ["o"], id="an output as an object"),
        pytest.param('output = ["type=image,name={H}/o,push=false"]', [], id="an output that does not push"),
        pytest.param('output = ["type=docker,name={H}/o"]', [], id="an output to the daemon"),
        pytest.param("tags = target.other.tags", ["other"], id="the tags of another target"),
        pytest.param('inherits = ["other"]', ["other"], id="an inherited tag"),
        pytest.param(
            'inherits = ["other"]\ntags = ["{H}/a"]', ["a", "other"], id="its own tags override inherited ones"
        ),
        pytest.param('inherits = ["other", "third"]', ["third", "other"], id="the last inherited target wins"),
        pytest.param('inherits = ["made-x"]', ["x"], id="inherits from a target of a matrix"),
    ],
)
def test_images_of_a_target(target: str, images: list[str]) -> None:
    text = """
target "t" {
TARGET
}
target "other" { tags = ["{H}/other"] }
target "third" { tags = ["{H}/third"] }
target "made" {
  matrix = { n = ["x"] }
  name   = "made-${n}"
  tags   = ["{H}/${n}"]
}
"""
    found = images_in(text.replace("TARGET", target).replace("{H}", HOST))
    assert found[: len(images)] == tuple(images)
    assert set(found) == {*images, "other", "third", "x"}


@pytest.mark.parametrize(
    ("variable", "environment", "tag"),
    [
        pytest.param(
            'variable "X" { default = "${Y}1" }\nvariable "Y" { default = "y" }',
            {},
            "y1",
            id="a variable that is defined later",
        ),
        pytest.param('variable "X" {}', {}, "", id="without a value: empty, as in bake"),
        pytest.param('variable "X" {}', {"X": "7"}, "7", id="from the environment"),
        pytest.param('variable "X" { default = true }', {"X": "0"}, "false", id="a bool in the environment"),
        pytest.param('variable "X" { default = 3 }', {"X": "4"}, "4", id="a number in the environment"),
        pytest.param('X = "global"', {}, "global", id="an attribute of the file"),
        pytest.param('X = "g"\nvariable "X" { default = "d" }', {}, "g", id="an attribute replaces a default"),
        pytest.param('X = "g"\nvariable "X" {}', {"X": "7"}, "7", id="the environment overrides the attribute"),
        pytest.param("", {"X": "7"}, "7", id="only in the environment"),
    ],
)
def test_values_of_variables(variable: str, environment: Mapping[str, str], tag: str) -> None:
    text = f'target "t" {{ tags = ["{HOST}/a-${{X}}"] }}\n{variable}'
    assert images_in(text, variables=environment) == (f"a-{tag}",)


def test_a_tag_may_depend_on_the_time_of_the_build() -> None:
    text = f"""
target "t" {{ tags = concat(["{HOST}/a:latest-${{timestamp()}}"], [for t in [timestamp()] : "{HOST}/b:${{t}}"]) }}
"""
    assert images_in(text) == ("a", "b")


def test_a_list_from_the_environment() -> None:
    text = f'variable "N" {{ default = ["a"] }}\ntarget "t" {{ tags = [for n in N : "{HOST}/${{n}}"] }}'
    assert images_in(text, variables={"N": "b,c"}) == ("b", "c")


def test_a_function_with_a_variable_number_of_parameters() -> None:
    text = """
function "names" {
  params = [prefix]
  variadic_param = all
  result = [for one in all : "${prefix}/${one}"]
}
"""
    text += f'target "t" {{ tags = names("{HOST}", "a", "b") }}'
    assert images_in(text) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('target "t" { tags = ["x:${X}"] }', "target t: X has no value", id="no value"),
        pytest.param(
            'variable "X" { type = number }\ntarget "t" { tags = ["x:${X}"] }',
            "null has no text",
            id="a typed variable",
        ),
        pytest.param(
            'target "t" { tags = ["x/${timestamp()}:1"] }',
            "the repository of x/…:1 depends on the time",
            id="the clock",
        ),
        pytest.param(
            'target "t" { tags = ["x/${timestamp()}"] }',
            "the repository of x/… depends",
            id="a time in the repository name",
        ),
        pytest.param('target "t" { tags = "x" }', "`tags` is not a list", id="a string for a list"),
        pytest.param('target "t" { tags = [["x"]] }', "this is a list", id="a list in a list"),
        pytest.param(
            'target "t" { inherits = ["u"] }', "u, which is not a target", id="inherits from a missing target"
        ),
        pytest.param(
            'target "t" { inherits = ["u"] }\ntarget "u" { inherits = ["t"] }', "inherits from itself", id="a cycle"
        ),
        pytest.param(
            'variable "X" { default = Y }\nvariable "Y" { default = X }\ntarget "t" { tags = [X] }',
            "needs its own value",
            id="a cycle of variables",
        ),
        pytest.param(
            'function "f" {\nparams = [a]\nresult = a\n}\ntarget "t" { tags = [f()] }',
            "needs 1 arguments",
            id="too few arguments",
        ),
        pytest.param(
            'function "f" {\nparams = []\nresult = f()\n}\ntarget "t" { tags = [f()] }',
            "too deeply",
            id="deep recursion",
        ),
        pytest.param('target "t" { tags = ["a" }', "no valid HCL", id="invalid HCL"),
        pytest.param('target "t" { matrix = ["a"] }', "`matrix` is not an object", id="a matrix that is a list"),
        pytest.param(
            'target "t" { tags = [for x in 3 : x] }', "`for` needs a list", id="a for expression over a number"
        ),
        pytest.param('function "f" {}\ntarget "t" { tags = f() }', "f has no result", id="a function without a result"),
        pytest.param('variable "X" {}', "no `target`", id="no targets"),
        pytest.param(
            'variable "X" { default = 1 }\ntarget "t" { tags = ["x:${X}"] }',
            "a number is needed",
            id="a string for a number",
        ),
    ],
)
def test_an_expression_without_a_definite_value_is_an_error(text: str, reason: str) -> None:
    variables = {"X": "many"} if "default = 1" in text else {}
    with pytest.raises(ConfigurationError, match=reason):
        images_in(text, variables=variables)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["t", "u", "x/b:1", "${X}", "${f(1)}", "${", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "type", "ref", "name"]), inner, max_size=3)
    ),
    max_leaves=5,
)
TARGETS = st.dictionaries(st.sampled_from(["tags", "cache-to", "output", "inherits", "matrix", "name"]), VALUES)
FUNCTIONS = st.dictionaries(st.sampled_from(["params", "variadic_param", "result"]), VALUES)


@given(
    st.dictionaries(st.sampled_from(["t", "u"]), TARGETS | VALUES) | VALUES,
    st.dictionaries(st.just("X"), st.dictionaries(st.just("default"), VALUES) | VALUES) | VALUES,
    st.dictionaries(st.just("f"), FUNCTIONS | VALUES) | VALUES,
)
def test_any_content_gives_images_or_a_clear_error(targets: Any, variables: Any, functions: Any) -> None:
    document = {"target": targets, "variable": variables, "function": functions}
    with suppress(ConfigurationError):  # any other exception fails
        images_in(json.dumps(document), name="bake-{}.json", variables={"X": "1"})


class TestJson:
    def test_it_has_the_same_expressions(self) -> None:
        document: dict[str, Any] = {
            "function": {"tag": {"params": ["n"], "result": ["${REGISTRY}/${lower(n)}:1"]}},
            "target": {"web": {"inherits": ["base"], "tags": '${tag("WEB")}'}, "base": {"cache-to": "${CACHES}"}},
            "variable": {"CACHES": {"default": ["${REGISTRY}/c"]}, "REGISTRY": {"default": HOST}},
        }
        assert set(images_in(json.dumps(document), name="b-{}.json")) == {"web:1", "c"}

    def test_blocks_may_be_lists(self) -> None:
        document = {"target": [{"a": {"tags": [f"{HOST}/a"]}}, {"b": [{"tags": [f"{HOST}/b"]}]}]}
        assert images_in(json.dumps(document), name="b-{}.json") == ("a", "b")

    @pytest.mark.parametrize("target", [3, "x", [3], {"a": 3}, None])
    def test_another_structure_is_an_error(self, target: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"bake-0\.json"):
            images_in(json.dumps({"target": target}), name="bake-{}.json")


class TestSeveralFiles:
    def test_variables_and_targets_of_all_files_are_used(self) -> None:
        base = f'target "web" {{ inherits = ["meta"] }}\ntarget "meta" {{ tags = ["{HOST}/${{TEAM}}/web:dev"] }}'
        variables = 'variable "TEAM" { default = "team-a" }'
        assert images_in(base, variables) == ("team-a/web:dev",)

    def test_targets_that_a_later_file_replaces_count_too_because_it_may_be_another_project(self) -> None:
        first, second = (f'target "web" {{ tags = ["{HOST}/{name}"] }}' for name in ("a", "b"))
        assert images_in(first, second) == ("b", "a")

    def test_the_override_file_of_the_default_name_is_read(self) -> None:
        files = FakeFiles(
            {
                "x/docker-bake.hcl": f'target "web" {{ tags = ["{HOST}/a"] }}',
                "x/docker-bake.override.hcl": f'target "job" {{ tags = ["{HOST}/b"] }}',
            }
        )
        found = references_in_files([PurePath("x/docker-bake.hcl")], files, {})
        assert found == (f"{HOST}/a", f"{HOST}/b")
