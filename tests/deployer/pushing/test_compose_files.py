"""Images of compose files, as `docker compose` reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.pushing.image_files import references_in_files
from tests.deployer.pushing.fake_files import FakeFiles

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def images_in(files: Mapping[str, str], *paths: str, variables: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The images without their host; `H` in the files stands for it. By default the first file is read."""
    fake = FakeFiles({path: text.replace("{H}", HOST) for path, text in files.items()})
    named = [PurePath(path) for path in paths or list(files)[:1]]
    return tuple(image.removeprefix(f"{HOST}/") for image in references_in_files(named, fake, variables or {}))


@pytest.mark.parametrize(
    ("text", "images"),
    [
        pytest.param("services: {a: {image: '{H}/a'}}", [], id="without build"),
        pytest.param("services: {a: {build: ., image: '{H}/a'}}", ["a"], id="built"),
        pytest.param("services: {a: {build: .}}", [], id="without an image"),
        pytest.param("services: {a: {build: ., image: '{H}/a', profiles: [x]}}", ["a"], id="in a profile"),
        pytest.param("services: {a: {build: {tags: ['{H}/a', '{H}/b']}}}", ["a", "b"], id="further tags"),
        pytest.param("services: {a: {build: {cache_to: ['{H}/c:1']}}}", ["c:1"], id="a cache"),
        pytest.param("services: {a: {build: {cache_to: ['type=gha']}}}", [], id="another cache"),
        pytest.param("services: {a: {build: {cache_from: ['{H}/c']}}}", [], id="a cache that is read"),
        pytest.param(
            "services: {a: {build: {x-bake: "
            "{tags: ['{H}/t'], cache-to: '{H}/c', output: ['type=registry,name={H}/o']}}}}",
            ["t", "c", "o"],
            id="the extension of bake",
        ),
        pytest.param("services: {a: {build: ., image: '{H}/a'}}\n---\n---\n# end\n", ["a"], id="empty documents"),
        pytest.param(
            "services: {a: {build: .}}\n---\nservices: {a: {image: '{H}/a'}, b: {build: ., image: '{H}/b'}}",
            ["a", "b"],
            id="documents are merged",
        ),
        pytest.param(
            "x-b: &b\n  build: .\n  image: '{H}/b'\nservices:\n  a:\n    <<: *b\n    image: '{H}/a'\n",
            ["a"],
            id="anchors and merge keys",
        ),
        pytest.param("services:\r\n  a:\r\n    build: .\r\n    image: '{H}/a'\r\n", ["a"], id="Windows line ends"),
        pytest.param('{"services": {"a": {"build": ".", "image": "{H}/a"}}}', ["a"], id="JSON"),
        pytest.param("services: {a: {build: !reset null, image: '{H}/a'}}", [], id="a value reset"),
        pytest.param(
            "services: {a: {build: {tags: ['{H}/a']}}}\n---\nservices: {a: {build: {tags: !override ['{H}/b']}}}",
            ["b"],
            id="a list overridden",
        ),
        pytest.param(
            "services: {a: {build: {tags: ['{H}/a']}}}\n---\nservices: {a: {build: {tags: ['{H}/b']}}}",
            ["a", "b"],
            id="a list extended",
        ),
        pytest.param(
            "services: {a: {build: ., image: '{H}/a'}, b: {build: ., image: '{H}/b'}}\n---\nservices: {a: !reset null}",
            ["b"],
            id="a service reset",
        ),
        pytest.param(
            "services: {a: {build: ./a, image: '{H}/a'}}\n---\nservices: {a: {build: {tags: ['{H}/b']}}}",
            ["a", "b"],
            id="short and long form of build",
        ),
        pytest.param(
            "services: {a: {build: ., image: '{H}/a'}}\n---\nservices: {a: {build: null, image: null}}",
            ["a"],
            id="null changes nothing",
        ),
        pytest.param(
            "services: {a: {build: {x-bake: {tags: '{H}/a {H}/b'}}}}", ["a", "b"], id="several tags in one string"
        ),
        pytest.param("services: {a: {build: !override ., image: '{H}/a'}}", ["a"], id="a string that replaces a build"),
        pytest.param("services: {}", [], id="no services"),
        pytest.param("services: {a: {build: ., image: '{H}/$${X}'}}", ["${X}"], id="an escaped dollar"),
    ],
)
def test_images_of_one_file(text: str, images: list[str]) -> None:
    assert images_in({"compose.yaml": text}) == tuple(images)


class TestExtends:
    BASE = "services: {base: {build: ., image: '{H}/base'}}"

    @pytest.mark.parametrize(
        ("files", "images"),
        [
            pytest.param(
                {"compose.yaml": "services: {a: {extends: b, image: '{H}/a'}, b: {build: .}}"}, ["a"], id="same file"
            ),
            pytest.param(
                {"compose.yaml": "services: {a: {extends: {service: b}}, b: {build: ., image: '{H}/b'}}"},
                ["b"],
                id="same file, long form",
            ),
            pytest.param(
                {"compose.yaml": "services: {a: {extends: {file: x/c.yml, service: base}}}", "x/c.yml": BASE},
                ["base"],
                id="another file, whose own services do not count",
            ),
            pytest.param(
                {
                    "compose.yaml": "services: {a: {extends: {file: x/c.yml, service: mid}, image: '{H}/a'}}",
                    "x/c.yml": "services: {mid: {extends: {file: ../y/d.yml, service: base}}}",
                    "x/../y/d.yml": BASE,
                },
                ["a"],
                id="a chain with paths from each file",
            ),
            pytest.param(
                {
                    "compose.yaml": "services: {a: {extends: {file: 'c.${KIND}.yml', service: '${KIND}'}}}",
                    "c.base.yml": BASE,
                },
                ["base"],
                id="variables in the names",
            ),
            pytest.param(
                {
                    "compose.yaml": "services: {a: {extends: {file: c.yml, service: base}, build: {tags: ['{H}/t']}}}",
                    "c.yml": "services: {base: {build: {tags: ['{H}/s']}}}\n---\nservices: {base: {image: '{H}/i'}}",
                },
                ["i", "s", "t"],
                id="merged",
            ),
        ],
    )
    def test_a_service_is_merged_over_the_service_that_it_extends(
        self, files: dict[str, str], images: list[str]
    ) -> None:
        assert images_in(files, variables={"KIND": "base"}) == tuple(images)

    @pytest.mark.parametrize(
        ("service", "reason"),
        [
            ("extends: {file: none.yml, service: a}", "compose.yaml: service a: none.yml cannot be read"),
            ("extends: b", "compose.yaml: service a extends b, which compose.yaml does not have"),
            ("extends: a", "service a extends itself"),
            ("extends: {file: compose.yaml, service: a}", "service a extends itself"),
            ("extends: {file: x.yml}", "`extends` names no service"),
            ("extends: {file: 'https://example.com/x.yml', service: a}", "is not on this machine"),
            ("extends: {file: '${NONE}.yml', service: a}", "NONE has no value"),
        ],
    )
    def test_an_invalid_extends_is_an_error(self, service: str, reason: str) -> None:
        with pytest.raises(ConfigurationError, match=reason):
            images_in({"compose.yaml": f"services: {{a: {{{service}}}}}"})


class TestInclude:
    WEB = "services: {web: {build: ., image: '{H}/web:${TAG:-none}'}}"

    @pytest.mark.parametrize(
        ("include", "files", "tag"),
        [
            pytest.param("[x/c.yml]", {}, "none", id="short form"),
            pytest.param("x/c.yml", {}, "none", id="a string"),
            pytest.param("[{path: x/c.yml}]", {"x/.env": "TAG=7"}, "7", id="its own variables"),
            pytest.param(
                "[{path: x/c.yml}]", {".env": "TAG=8", "x/.env": "TAG=7"}, "8", id="variables of the project win"
            ),
            pytest.param("[{path: x/c.yml, env_file: v.env}]", {"v.env": "TAG=9"}, "9", id="an env file"),
            pytest.param(
                "[{path: x/c.yml, env_file: [v.env, w.env]}]", {"v.env": "TAG=9", "w.env": "TAG=10"}, "10", id="several"
            ),
            pytest.param(
                "[{path: x/c.yml, project_directory: y}]",
                {"y/.env": "TAG=7", "x/.env": "TAG=8"},
                "7",
                id="its project directory",
            ),
            pytest.param(
                "[{path: [x/c.yml, d.yml]}]", {"d.yml": "services: {web: {image: '{H}/web:d'}}"}, "d", id="two files"
            ),
            pytest.param(
                "[o.yml, x/c.yml]", {"o.yml": "services: {job: {image: x}}"}, "none", id="a service with the same name"
            ),
            pytest.param(
                "[{path: i.yml, project_directory: y}]",
                {"i.yml": "include: [c.yml]", "y/c.yml": WEB, "y/.env": "TAG=y"},
                "y",
                id="paths are relative to its folder",
            ),
            pytest.param("[{path: i.yml}]", {"i.yml": "include: [x/c.yml]"}, "none", id="a nested include"),
        ],
    )
    def test_services_of_other_files_count(self, include: str, files: dict[str, str], tag: str) -> None:
        main = f"include: {include}\nservices: {{job: {{build: ., image: '{{H}}/job'}}}}"
        assert images_in({"compose.yaml": main, "x/c.yml": self.WEB, **files}) == ("job", f"web:{tag}")

    @pytest.mark.parametrize(
        ("include", "reason"),
        [
            ("[none.yml]", "compose.yaml: include: none.yml cannot be read"),
            ("[compose.yaml]", "includes itself"),
            ("['oci://example.com/x']", "is not on this machine"),
            ("['git@github.com:x/y.git']", "is not on this machine"),
            ("[{project_directory: x}]", "an entry has no `path`"),
            ("[{path: c.yml, env_file: none.env}]", "none.env cannot be read"),
            ("[empty.yml]", "empty.yml: not a compose file"),
        ],
    )
    def test_an_invalid_include_is_an_error(self, include: str, reason: str) -> None:
        files = {
            "compose.yaml": f"include: {include}\nservices: {{job: {{build: ., image: '{{H}}/job'}}}}",
            "c.yml": "services: {}",
            "empty.yml": "",
        }
        with pytest.raises(ConfigurationError, match=reason):
            images_in(files)


class TestSeveralFiles:
    BASE = "services: {web: {build: ., image: '{H}/web:dev'}}"
    RELEASE = "services: {web: {image: '{H}/web:release'}}"

    def test_files_of_one_folder_are_merged_in_order(self) -> None:
        files = {"a.yml": self.BASE, "b.yml": self.RELEASE}
        assert images_in(files, "a.yml", "b.yml") == ("web:release",)

    def test_files_of_two_folders_are_two_projects(self) -> None:
        files = {"a/compose.yml": self.BASE, "b/compose.yml": self.BASE.replace("web", "job")}
        assert images_in(files, *files) == ("web:dev", "job:dev")

    @pytest.mark.parametrize("name", ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"])
    def test_the_override_file_of_a_default_name_is_merged(self, name: str) -> None:
        assert images_in({f"x/{name}": self.BASE, "x/compose.override.yaml": self.RELEASE}) == ("web:release",)

    def test_the_override_file_is_not_merged_with_another_name_or_several_files(self) -> None:
        files = {"a.yml": self.BASE, "compose.yaml": self.BASE, "compose.override.yml": self.RELEASE}
        assert images_in(files, "a.yml") == ("web:dev",)
        assert images_in(files, "compose.yaml", "a.yml") == ("web:dev",)

    def test_variables_come_from_the_env_file_beside_the_first_file(self) -> None:
        files = {"x/compose.yaml": "services: {web: {build: ., image: '{H}/web:${TAG}'}}", "x/.env": "TAG=7"}
        assert images_in(files) == ("web:7",)
        assert images_in(files, variables={"TAG": "8"}) == ("web:8",)

    def test_variables_come_from_the_files_that_the_environment_names(self) -> None:
        files = {
            "x/compose.yaml": "services: {web: {build: ., image: '{H}/${NAME-web}:${TAG-none}'}}",
            "x/.env": "TAG=7",
            "a.env": "TAG=8\nNAME=a",
            "b.env": "TAG=9",
        }
        named = {"COMPOSE_ENV_FILES": "a.env, b.env"}
        assert images_in(files, variables=named) == ("a:9",)
        assert images_in(files, variables={**named, "TAG": "1"}) == ("a:1",)
        assert images_in(files, variables={**named, "COMPOSE_DISABLE_ENV_FILE": "true"}) == ("web:none",)
        with pytest.raises(ConfigurationError, match=r"COMPOSE_ENV_FILES: c\.env cannot be read"):
            images_in(files, variables={"COMPOSE_ENV_FILES": "c.env"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a compose file"),
        ("name: x", "not a compose file"),
        ("[a]", "not a compose file"),
        ("services: [a]", "`services` is not a map"),
        ("services: {a: x}", "service a: it is not a map"),
        ("services:\n\ta: {}", "not YAML"),
        ("services: {a: {build: .}, a: {build: .}}", "the key 'a' is there twice"),
        ("services: {a: {build: {tags: {x: y}}}}", "`tags` is not a list"),
        ("services: {a: {build: ., image: '{H}/${X}'}}", "service a: X has no value"),
        ("services: {a: {build: ., image: '{H}/${X?set it}'}}", "set it"),
        ("services: {a: {build: ., image: '{H}/${X!}'}}", "an expression that only the client can read"),
        ("services: {a: {build: !vault x}}", "not YAML"),
        ("services: {a: {build: false}}", "service a: `build` is neither a text nor a map"),
        ("services: {a: {build: !override [x]}}", "service a: `build` is neither a text nor a map"),
        ("services: {a: {build: &b {context: *b}}}", "nested too deeply"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_an_invalid_compose_file_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        images_in({"compose.yaml": text})


def test_a_variable_of_an_image_that_is_not_pushed_needs_no_value() -> None:
    text = "services: {a: {image: 'postgres:${PG}'}, b: {build: '${DIR}', image: '{H}/b'}}"
    assert images_in({"compose.yaml": text}) == ("b",)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "x/b:1", "${A}", "${", "a.yml"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tags", "cache_to", "x-bake", "file", "service", "path"]), inner, max_size=3)
    ),
    max_leaves=5,
)
SERVICES = st.dictionaries(st.sampled_from(["image", "build", "extends"]), VALUES, max_size=3)


@given(st.dictionaries(st.sampled_from(["a", "b"]), SERVICES | VALUES, max_size=2), VALUES)
def test_any_content_gives_images_or_a_clear_error(services: object, include: object) -> None:
    text = json.dumps({"services": services, "include": include})
    with suppress(ConfigurationError):  # any other exception fails
        images_in({"compose.yaml": text, "a.yml": "services: {a: {build: .}}"})
