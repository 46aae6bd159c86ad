# ruff: noqa: E501 - a table of messages reads best with each message whole
from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from deployer.errors import ConfigurationError
from deployer.settings import InvalidConfigurationError, files, load, read
from deployer.settings.messages import MOST_HINTS
from deployer.settings.problems import Severity
from tests.deployer.settings.conftest import ORGANIZATION, Write

TWELVE_MISTAKES = """\
ou: Workloads/Prod
enabeld: true
enabled: yes
regions: [eu-west-1, eu-wset-2]
create:
  on: [pusch]
  names:
    allow: [Team-*/**]
  limit: {per_hour: 0}
repository:
  image_tag_mutability: immutable
  scan_on_push: "true"
  scan_on_push: false
  encryption: {type: KMS, kms_key: alias/ecr}
  lifecycle_policy: policies/two-week.json
  tags:
    aws:env: prod
    number: 0123
"""


def _problems(folder: Path, *, severity: Severity = Severity.ERROR) -> list[str]:
    """Problems of a severity, files by their path inside the folder."""
    _, problems = read(folder)
    return [str(found).replace(f"{folder.as_posix()}/", "") for found in problems if found.severity is severity]


def test_a_dozen_mistakes_in_one_file_are_all_reported_at_their_locations(write: Write) -> None:
    folder = write("ous/prod.yaml", TWELVE_MISTAKES)
    assert [line.split(": ", 2)[:2] for line in _problems(folder)] == [
        ["ous/prod.yaml:2:1", "enabeld"],
        ["ous/prod.yaml:3:10", "enabled"],
        ["ous/prod.yaml:4:22", "regions[1]"],
        ["ous/prod.yaml:6:8", "create.on[0]"],
        ["ous/prod.yaml:8:13", "create.names.allow[0]"],
        ["ous/prod.yaml:9:21", "create.limit.per_hour"],
        ["ous/prod.yaml:11:25", "repository.image_tag_mutability"],
        ["ous/prod.yaml:12:17", "repository.scan_on_push"],
        ["ous/prod.yaml:13:3", "repository.scan_on_push"],
        ["ous/prod.yaml:14:36", "repository.encryption.kms_key"],
        ["ous/prod.yaml:15:21", "repository.lifecycle_policy"],
        ["ous/prod.yaml:17:5", "repository.tags.aws:env"],
        ["ous/prod.yaml:18:13", "repository.tags.number"],
    ]


def test_too_many_parts_are_reported_together_with_their_own_problems(write: Write) -> None:
    tags = "".join(f"    tag{number}: x\n" for number in range(50))
    folder = write(
        "ous/prod.yaml",
        f"ou: A\nrepository:\n  mutability_exclusions: [a, b, c, d, e, f g, 1]\n  tags:\n    aws:x: 5\n{tags}",
    )
    assert [line.split(": ", 2)[:2] for line in _problems(folder)] == [
        ["ous/prod.yaml:3:26", "repository.mutability_exclusions"],
        ["ous/prod.yaml:3:42", "repository.mutability_exclusions[5]"],
        ["ous/prod.yaml:3:47", "repository.mutability_exclusions[6]"],
        ["ous/prod.yaml:5:5", "repository.tags"],
        ["ous/prod.yaml:5:5", "repository.tags.aws:x"],
        ["ous/prod.yaml:5:12", "repository.tags.aws:x"],
    ]


def test_every_file_is_reported_in_one_run(write: Write) -> None:
    write("ous/a.yaml", "ou: A\nenabled: 3\n")
    write("ous/b.yaml", "ou: [\n")
    write("accounts/300000000001.yaml", "region: x\n")
    folder = write("policies/p.json", "{,}")
    with pytest.raises(InvalidConfigurationError) as caught:
        load(folder)
    assert [Path(problem.file).name for problem in caught.value.problems] == [
        "300000000001.yaml",
        "a.yaml",
        "b.yaml",
        "p.json",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("enabld: true", "1:1: enabld: unknown key; did you mean `enabled`?", id="a typo"),
        pytest.param(
            "scanOnPush: true",
            "1:1: scanOnPush: unknown key here; did you mean `repository.scan_on_push`?",
            id="camel case, too high",
        ),
        pytest.param(
            "repository: {scanOnPush: true}",
            "1:14: repository.scanOnPush: unknown key; did you mean `scan_on_push`?",
            id="camel case",
        ),
        pytest.param(
            "tags: {a: b}",
            "1:1: tags: unknown key here; did you mean `repository.tags`?",
            id="a key one level too high",
        ),
        pytest.param(
            "colour: red",
            "1:1: colour: unknown key; known here: create, enabled, engine, id, namespaces, native, ou, regions, registry, repository",
            id="an unknown key without a similar one",
        ),
        pytest.param(
            "regions: eu-west-1", '1:10: regions: must be a list: write ["eu-west-1"]', id="a word instead of a list"
        ),
        pytest.param(
            "repository: {tags: {a: {principal}}}",
            '1:24: repository.tags.a: must be a string: write "{principal}"',
            id="a placeholder without quotes",
        ),
        pytest.param(
            "namespaces:\n  - match: a/**\n    repository:",
            "3:16: namespaces[0].repository: must not be null here: leave it out, or name the keys to reset",
            id="a namespace that is null",
        ),
        pytest.param("regions:\n  -", "2:4: regions[0]: must not be null here", id="an empty list entry"),
        pytest.param(
            'enabled: "a\\nb"',
            '1:10: enabled: must be true or false, not the string "a\\nb"',
            id="a line break in a value",
        ),
        pytest.param(
            "create: {names: {allow: [team-]}}",
            "1:26: create.names.allow[0]: matches no repository: ECR accepts no such name (2 characters at least, . _ - only between others)",
            id="a name that ECR refuses",
        ),
        pytest.param(
            "repository: {encryption: {type: KMS, kms_key: 'arn:aws:kms:{region}:{account}:alias/{ou}'}}",
            "1:47: repository.encryption.kms_key: not the ARN of a KMS key, as in arn:aws:kms:{region}:{account}:alias/ecr",
            id="a placeholder that keys do not have",
        ),
        pytest.param("regions: [null]", "1:11: regions[0]: must not be null here", id="null in a list"),
        pytest.param("regions: {a: b}", "1:10: regions: must be a list, not a map", id="a map instead of a list"),
        pytest.param(
            "create: push",
            '1:9: create: must be a map of keys and values, not the string "push"',
            id="a word instead of a map",
        ),
        pytest.param("enabled: 1", "1:10: enabled: must be true or false, not 1", id="a number instead of a boolean"),
        pytest.param(
            "create: {limit: {per_hour: 1.5}}",
            "1:28: create.limit.per_hour: must be a whole number, not 1.5",
            id="an incomplete repository",
        ),
        pytest.param(
            "create: {limit: {per_hour: true}}",
            "1:28: create.limit.per_hour: must be a whole number, not true",
            id="true instead of a number",
        ),
        pytest.param(
            "create: {limit: {per_hour: 10001}}",
            "1:28: create.limit.per_hour: at most 10,000, up to which counting is exact; null for no limit",
            id="a limit above that of the counter",
        ),
        pytest.param(
            "repository: {tags: {cost: 12}}",
            '1:27: repository.tags.cost: must be a string: write "12"',
            id="a number as a tag",
        ),
        pytest.param(
            "repository: {tags: {cost: 1.50}}",
            '1:27: repository.tags.cost: must be a string: write "1.50"',
            id="a number in another notation",
        ),
        pytest.param(
            "repository: {image_tag_mutability: IMMUTABLE_WITH_EXCLUSION}",
            "1:36: repository.image_tag_mutability: must be MUTABLE or IMMUTABLE: write IMMUTABLE and list the exclusions as mutability_exclusions",
            id="ECR's name for exclusions",
        ),
        pytest.param(
            "repository: {mutability_exclusions: [a, b, c, d, e, f]}",
            "1:37: repository.mutability_exclusions: 6 exclusion filters; ECR accepts at most 5",
            id="six exclusions",
        ),
        pytest.param(
            "repository: {mutability_exclusions: ['a b']}",
            "1:38: repository.mutability_exclusions[0]: ECR accepts 1 to 128 of 0-9 a-z A-Z . _ * - as an exclusion filter",
            id="a space in an exclusion",
        ),
        pytest.param(
            "repository: {tags: {deployer:event-id: x}}",
            "1:21: repository.tags.deployer:event-id: deployer reserves tag keys that begin with deployer:",
            id="the tag that proves ownership",
        ),
        pytest.param(
            "repository: {tags: {a: 'b{account'}}",
            "1:24: repository.tags.a: braces are for placeholders: {principal} {account} {account_name} {ou} {region} {repository} {namespace} {event_time}",
            id="an unbalanced brace",
        ),
        pytest.param(
            "repository: {tags: {a: 'b!'}}",
            "1:24: repository.tags.a: ECR accepts letters, digits, spaces and _ . : / = + - @ in a tag value",
            id="a character that tags cannot have",
        ),
        pytest.param(
            "repository: {lifecycle_policy: ../x.json}",
            "1:32: repository.lifecycle_policy: is outside config/: name a file inside, as in policies/two-weeks.json",
            id="a path that leaves config/",
        ),
        pytest.param(
            "repository: {lifecycle_policy: /etc/x.json}",
            "1:32: repository.lifecycle_policy: is outside config/: name a file inside, as in policies/two-weeks.json",
            id="an absolute path",
        ),
        pytest.param(
            "repository: {lifecycle_policy: ./policies/x.json}",
            "1:32: repository.lifecycle_policy: use a path without empty parts and dots, as in policies/two-weeks.json",
            id="a path with a dot",
        ),
        pytest.param(
            "create: {names: {allow: ['a?b']}}",
            "1:26: create.names.allow[0]: matches no repository: ECR names have only a-z 0-9 . _ - and /; wildcards are * and **",
            id="an unsupported wildcard",
        ),
        pytest.param(
            "create: {principals: {allow: [ci]}}",
            "1:31: create.principals.allow[0]: an IAM ARN, `*` as wildcard, as in arn:aws:iam::*:role/ci-*",
            id="only the name of a role",
        ),
        pytest.param(
            "namespaces: [{repository: {}}]",
            "1:14: namespaces[0].match: missing required key",
            id="a namespace without match",
        ),
        pytest.param(
            "regions: [cn-north-1]",
            "1:11: regions[0]: of partition aws-cn, but the home region is of aws: they cannot be mixed",
            id="China together with other partitions",
        ),
    ],
)
def test_a_mistake_in_the_file_of_an_ou_is_explained(write: Write, text: str, problem: str) -> None:
    folder = write("ous/prod.yaml", f"{text}\nou: Workloads/Prod\n")
    assert _problems(folder) == [f"ous/prod.yaml:{problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "the file is empty: delete it, or add settings", id="an empty file"),
        pytest.param("# only a comment\n", "the file is empty: delete it, or add settings", id="only a comment"),
        pytest.param("- a\n", "the file does not contain a map of keys and values", id="a list"),
        pytest.param(
            "enabled: true\n", "names no OU: add `ou: Workloads/Prod` (a path of names) or `id: ou-…`", id="no OU"
        ),
    ],
)
def test_a_file_without_a_target_is_a_problem(write: Write, text: str, problem: str) -> None:
    assert _problems(write("ous/a.yaml", text)) == [f"ous/a.yaml:1:1: {problem}"]


def test_the_central_account_in_numbers_is_refused(write: Write) -> None:
    folder = write("organization.yaml", "central:\n  account: 200000000001\n  region: eu-west-1\n")
    assert _problems(folder) == [
        'organization.yaml:2:12: central.account: an unquoted account id is a number and can lose its leading zeros: write "200000000001"'
    ]


def test_a_folder_without_organization_yaml_is_an_error(write: Write) -> None:
    folder = write("ous/a.yaml", "ou: A\n")
    (folder / "organization.yaml").unlink()
    assert _problems(folder) == [
        "organization.yaml:1:1: missing: it names the central account and region (`deployer init` writes one)"
    ]


def test_a_missing_folder_raises_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as caught:
        read(tmp_path / "config")
    assert "deployer init" in (caught.value.next_step or "")


def test_an_account_is_named_by_its_file_or_inside_it_and_both_must_agree(write: Write) -> None:
    write("accounts/300000000001.yaml", "enabled: true\n")
    write("accounts/payments.yaml", 'account: "300000000003"\nenabled: true\n')
    write("accounts/300000000002.yaml", 'account: "300000000004"\n')
    write("accounts/again.yaml", 'account: "300000000001"\n')
    folder = write("accounts/nobody.yaml", "enabled: true\n")
    config, _ = read(folder)
    assert [file.account_id for file in config.accounts] == ["300000000001", "300000000003"]
    assert [line.split(": ", 1)[0] for line in _problems(folder)] == [
        "accounts/300000000002.yaml:1:10",
        "accounts/again.yaml:1:10",
        "accounts/nobody.yaml:1:1",
    ]


def test_only_the_first_of_very_many_unknown_keys_get_a_hint(write: Write) -> None:
    folder = write("ous/a.yaml", "ou: A\n" + "".join(f"region{number}: x\n" for number in range(MOST_HINTS + 2)))
    problems = _problems(folder)
    assert len(problems) == MOST_HINTS + 2
    assert sum("did you mean `regions`?" in line for line in problems) == MOST_HINTS
    assert problems[-1].endswith(": unknown key")


def test_a_key_without_a_value_is_reported_once_if_its_parent_is_wrong(write: Write) -> None:
    folder = write("ous/a.yaml", "ou: A\nregion:\n  eu-west-1:\nrepository: {tags: {a.b: }}\n")
    assert [line.split(": ")[0] for line in _problems(folder)] == ["ous/a.yaml:2:1"]
    (warning,) = _problems(folder, severity=Severity.WARNING)
    assert "repository.tags.a.b: has no value" in warning


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "hint"),
        [
            pytest.param("ous/a.yml", "rename it to a.yaml", id="yml instead of yaml"),
            pytest.param("ous/b/A.YAML", "rename it to A.yaml", id="uppercase letters"),
            pytest.param("accounts/300000000001.YML", "rename it to 300000000001.yaml", id="an account file"),
            pytest.param("policies/p.JSON", "rename it to p.json", id="a policy file"),
            *(
                pytest.param(path, "move it out of the folder, or begin its name with a dot", id=path)
                for path in (
                    *("prod.yaml", "ous/a.json", "policies/p.yaml", "other/a.yaml", "ou/a.yaml", "organization.json"),
                    *("README.md", "ous/README.md", "ous/a.yaml~", "ous/a.yaml.bak", "ous/a.yaml.orig", "ous/#a.yaml#"),
                    *("ous/yaml", "Organization.yaml", "ous/snapshot.json", "ous/a.yaml.swp", "ous/a.", "\u00fc\u0007"),
                )
            ),
        ],
    )
    def test_a_file_that_is_not_read_is_a_warning(self, write: Write, path: str, hint: str) -> None:
        folder = write(path, "ou: A\n")
        (problem,) = read(folder)[1]
        assert problem.severity is Severity.WARNING
        assert problem.file == (folder / path).as_posix()
        assert problem.message.startswith("not read: ")
        assert problem.message.endswith(hint)

    def test_a_yml_file_does_not_replace_organization_yaml(self, tmp_path: Path) -> None:
        (tmp_path / "organization.yml").write_text(ORGANIZATION, encoding="utf-8")
        assert [(Path(found.file).name, found.severity) for found in read(tmp_path)[1]] == [
            ("organization.yaml", Severity.ERROR),
            ("organization.yml", Severity.WARNING),
        ]

    def test_hidden_files_and_a_snapshot_are_ignored(self, write: Write) -> None:
        write(".schema/ou.yaml", "nonsense: true\n")
        write("ous/.a.yaml.swp", "\0")
        folder = write("snapshot.json", "{}\n")
        assert read(folder)[1] == ()

    def test_a_file_that_is_not_utf_8_is_named_with_the_byte(self, write: Write) -> None:
        folder = write("ous/a.yaml", "ou: A\n")
        (folder / "ous/a.yaml").write_bytes(b"ou: A\n# caf\xe9\n")
        assert _problems(folder) == ["ous/a.yaml:2:6: not UTF-8 (byte 0xe9): save the file as UTF-8"]

    def test_a_huge_file_is_not_read(self, write: Write) -> None:
        folder = write("ous/a.yaml", "#" * (1024 * 1024 + 1))
        assert _problems(folder) == ["ous/a.yaml:1:1: larger than 1 MB, which no config file is"]

    def test_a_link_that_leaves_the_folder_is_not_followed(self, write: Write, tmp_path: Path) -> None:
        (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
        folder = write("ous/a.yaml", "ou: A\nrepository: {lifecycle_policy: policies/link.json}\n")
        (folder / "policies").mkdir()
        (folder / "policies/link.json").symlink_to(tmp_path / "secret.json")
        assert _problems(folder) == ["policies/link.json:1:1: a link that leaves the config folder is not followed"]

    def test_a_link_inside_the_folder_is_a_file_like_any_other(self, write: Write) -> None:
        folder = write("ous/a.yaml", "ou: A\n")
        (folder / "ous/b.yaml").symlink_to("a.yaml")
        assert len(read(folder)[0].ous) == 2

    def test_a_linked_folder_and_a_broken_link_are_problems(self, write: Write, tmp_path: Path) -> None:
        folder = write("ous/a.yaml", "ou: A\n")
        (folder / "ous/elsewhere").symlink_to(tmp_path, target_is_directory=True)
        (folder / "ous/gone.yaml").symlink_to("nowhere.yaml")
        assert _problems(folder) == [
            "ous/elsewhere:1:1: a link to a folder is not followed: put the files here",
            "ous/gone.yaml:1:1: cannot be read: No such file or directory",
        ]

    def test_a_file_that_may_not_be_read_is_a_problem(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """Root may read every file, so the refusal is simulated."""
        folder, open_file = write("ous/a.yaml", "ou: A\n"), files._open

        def refuse(path: Path) -> BinaryIO:
            if path.name == "a.yaml":
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return open_file(path)

        monkeypatch.setattr(files, "_open", refuse)
        assert _problems(folder) == ["ous/a.yaml:1:1: cannot be read: Permission denied"]


def test_the_example_has_no_problems_at_all() -> None:
    config, problems = read(Path("config"))
    assert problems == ()
    assert config.central_account == "200000000001"
