# ruff: noqa: E501 - messages read best whole
from __future__ import annotations

from pathlib import Path

import pytest

from deployer.settings import InvalidConfigurationError, load
from deployer.settings import compile as compile_settings
from deployer.settings.checking import check_folder
from tests.deployer.settings.conftest import Write
from tests.example_organization import EXAMPLE


def _problems(folder: Path, *, live: bool = True) -> list[str]:
    problems = check_folder(folder, EXAMPLE if live else None)
    return [str(found).replace(f"{folder.as_posix()}/", "") for found in problems]


PROD = "ou: Workloads/Prod\nenabled: true\nregions: [eu-west-1]\n"


@pytest.mark.parametrize("live", [True, False], ids=["with an organization", "without an organization"])
@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(
            "namespaces:\n  - {match: 'team-*/**'}\n  - {match: 'team-a/**'}\n",
            "6:13: warning: namespaces[1].match: never reached: namespaces[0] (team-*/**) matches first",
            id="a namespace after a wider one",
        ),
        pytest.param(
            "create: {names: {allow: ['team-*/**']}}\nnamespaces: [{match: 'scratch/**'}]\n",
            "5:22: warning: namespaces[0].match: never reached: create.names.allow allows no such name",
            id="a namespace that is not allowed",
        ),
        pytest.param(
            "create: {names: {deny: ['scratch/**']}}\nnamespaces: [{match: 'scratch/a/*'}]\n",
            "5:22: warning: namespaces[0].match: never reached: create.names.deny refuses every such name",
            id="a namespace that is denied",
        ),
        pytest.param(
            "create: {names: {allow: ['a/**', 'b/**'], deny: ['a/**']}}\n",
            "4:26: warning: create.names.allow[0]: has no effect: deny has a/**, which refuses all of it",
            id="an allow that is denied",
        ),
        pytest.param(
            "create: {names: {allow: ['a/**', 'a/b/*']}}\n",
            "4:34: warning: create.names.allow[1]: has no effect: a/** in the same list matches all of it",
            id="an entry that another covers",
        ),
        pytest.param(
            "create: {names: {allow: ['a/**', 'a/**']}}\n",
            "4:34: warning: create.names.allow[1]: has no effect: a/** in the same list matches all of it",
            id="a duplicate entry",
        ),
        pytest.param(
            "create: {principals: {allow: ['arn:aws:iam::*:role/ci-*'], deny: ['arn:aws:iam::*:role/*']}}\n",
            "4:31: warning: create.principals.allow[0]: has no effect: deny has arn:aws:iam::*:role/*, which refuses all of it",
            id="a principal that is denied",
        ),
        pytest.param(
            "create: {on: []}\n",
            "4:14: warning: create.on: enabled, but no kind of call creates repositories",
            id="nothing creates",
        ),
        pytest.param(
            "create: {on: [push, push]}\n",
            "4:21: warning: create.on[1]: push is listed twice",
            id="a trigger listed twice",
        ),
        pytest.param(
            "create: {on: [push, pull]}\n",
            "4:21: warning: create.on[1]: pulls are read events: without a trail that logs read management events, no pull creates a repository",
            id="a trigger that many trails leave out",
        ),
        pytest.param(
            "repository: {encryption: {type: KMS_DSSE}}\n",
            "4:33: warning: repository.encryption.type: ECR supports KMS_DSSE only in AWS GovCloud (US), not in eu-west-1: use KMS there",
            id="encryption that ECR has in GovCloud only",
        ),
    ],
)
def test_a_rule_without_effect_is_a_warning(write: Write, text: str, warning: str, live: bool) -> None:
    assert _problems(write("ous/prod.yaml", PROD + text), live=live) == [f"ous/prod.yaml:{warning}"]


def test_pulls_are_not_a_warning_if_nothing_is_enabled(write: Write) -> None:
    assert _problems(write("ous/prod.yaml", "ou: Workloads/Prod\nenabled: false\ncreate: {on: [pull]}\n")) == []


def test_encryption_in_two_layers_is_not_a_warning_in_govcloud_or_if_nothing_is_enabled(write: Write) -> None:
    layers = "repository: {encryption: {type: KMS_DSSE}}\n"
    off = f"ou: Workloads/Prod\nenabled: false\nregions: [eu-west-1]\n{layers}"
    assert _problems(write("ous/prod.yaml", off)) == []
    write("organization.yaml", 'central: {account: "200000000001", region: us-gov-west-1}\n')
    on = f"ou: Workloads/Prod\nenabled: true\nregions: [us-gov-west-1]\n{layers}"
    assert [one for one in _problems(write("ous/prod.yaml", on), live=False) if "DSSE" in one] == []


def test_a_region_listed_twice_is_a_warning(write: Write) -> None:
    folder = write("ous/dev.yaml", "ou: Workloads/Dev\nenabled: true\nregions: [eu-west-1, eu-west-1]\n")
    assert _problems(folder) == ["ous/dev.yaml:3:22: warning: regions[1]: eu-west-1 is listed twice"]


def test_enabled_in_no_region_is_a_warning_only_if_no_parent_has_one(write: Write) -> None:
    write("ous/prod.yaml", "ou: Workloads/Prod\nenabled: true\n")
    folder = write("ous/dev.yaml", "ou: Workloads/Dev\n")
    expected = ["ous/prod.yaml:2:10: warning: enabled: enabled, but in no region: add regions here or in a parent OU"]
    assert _problems(folder) == expected
    assert _problems(folder, live=False) == expected
    write("ous/workloads.yaml", "ou: Workloads\nregions: [eu-west-1]\n")
    assert _problems(folder) == _problems(folder, live=False) == []


def test_a_warning_in_a_parent_is_reported_once_however_many_inherit_it(write: Write) -> None:
    write("ous/prod.yaml", PROD + "create: {names: {allow: ['a/**', 'a/b']}}\n")
    folder = write("ous/payments.yaml", "ou: Workloads/Prod/Payments\nrepository: {scan_on_push: false}\n")
    assert len(_problems(folder)) == 1


def test_mutability_that_inverts_inherited_exclusions_is_a_warning(write: Write) -> None:
    write("ous/prod.yaml", PROD + "repository: {mutability_exclusions: [latest]}\n")
    folder = write("ous/payments.yaml", "ou: Workloads/Prod/Payments\nrepository: {image_tag_mutability: MUTABLE}\n")
    assert _problems(folder) == [
        "ous/payments.yaml:2:36: warning: repository.image_tag_mutability: inverts the inherited exclusions (latest would be the exception): add mutability_exclusions, too"
    ]
    write(
        "ous/payments.yaml",
        "ou: Workloads/Prod/Payments\nrepository: {image_tag_mutability: MUTABLE, mutability_exclusions: []}\n",
    )
    assert _problems(folder) == []


@pytest.mark.parametrize("match", ["**/cache", "*-cache", "team-*/cache/**", "**/buildcache", "cache", "**/*cache*"])
def test_a_namespace_of_build_caches_with_immutable_tags_is_a_warning(write: Write, match: str) -> None:
    folder = write("ous/prod.yaml", PROD + f"namespaces: [{{match: '{match}', repository: {{scan_on_push: false}}}}]\n")
    [warning] = _problems(folder)
    assert warning.startswith(
        "ous/prod.yaml:4:22: warning: namespaces[0].match: build caches write the same tags again"
    )
    assert warning.endswith("set image_tag_mutability: MUTABLE and mutability_exclusions: []")


@pytest.mark.parametrize(
    "namespace",
    [
        pytest.param("match: '**/cache', repository: {image_tag_mutability: MUTABLE}", id="mutable"),
        pytest.param("match: '**/cache', repository: {mutability_exclusions: ['main*']}", id="with its own exclusions"),
        pytest.param("match: 'cached/**', repository: {scan_on_push: false}", id="another name"),
    ],
)
def test_other_namespaces_are_not_a_warning(write: Write, namespace: str) -> None:
    assert _problems(write("ous/prod.yaml", PROD + f"namespaces: [{{{namespace}}}]\n")) == []


def test_a_key_left_from_a_parents_kms_is_an_error_that_stops_a_roll_out_too(write: Write) -> None:
    write(
        "ous/prod.yaml",
        PROD + "repository:\n  encryption: {type: KMS, kms_key: 'arn:aws:kms:{region}:{account}:alias/ecr'}\n",
    )
    folder = write("ous/payments.yaml", "ou: Workloads/Prod/Payments\nrepository: {encryption: {type: AES256}}\n")
    expected = (
        "ous/payments.yaml:2:33: repository.encryption.type: ECR refuses a kms_key with type AES256: add kms_key: null"
    )
    assert _problems(folder) == [expected]
    with pytest.raises(InvalidConfigurationError, match="ECR refuses a kms_key with type AES256"):
        compile_settings(load(folder), EXAMPLE)


def test_a_key_of_one_region_is_refused_in_others(write: Write) -> None:
    def encryption(region: str) -> str:
        return f"{{type: KMS, kms_key: 'arn:aws:kms:{region}:{{account}}:alias/ecr'}}"

    text = "ou: Workloads/Prod\nenabled: true\nregions: [eu-west-1, us-east-1]\nrepository:\n  encryption: "
    folder = write("ous/prod.yaml", text + encryption("eu-west-1") + "\n")
    assert _problems(folder) == [
        "ous/prod.yaml:5:36: repository.encryption.kms_key: ECR requires a key in the repository's region, as with {region}; this one is not in us-east-1"
    ]
    write("ous/prod.yaml", text + encryption("{region}") + "\n")
    assert _problems(folder) == []


def test_too_many_tags_are_found_only_after_merging(write: Write) -> None:
    def tags(first: int, last: int) -> str:
        return "".join(f"    tag{number}: x\n" for number in range(first, last))

    write("ous/prod.yaml", PROD + "repository:\n  tags:\n" + tags(0, 30))
    folder = write("ous/payments.yaml", "ou: Workloads/Prod/Payments\nrepository:\n  tags:\n" + tags(30, 49))
    assert _problems(folder) == [
        "ous/payments.yaml:22:12: repository.tags.tag48: 49 tags, inherited ones included; ECR accepts 50, and deployer adds 2"
    ]


@pytest.mark.parametrize("live", [True, False], ids=["with an organization", "without an organization"])
def test_an_error_in_one_file_does_not_hide_problems_of_merging_others(write: Write, live: bool) -> None:
    write("organization.yaml", 'central: {account: "200000000001", region: eu-west-1}\nprefix: 9a\n')
    write("ous/sandbox.yaml", "ou: Sandbox\nenabled: maybe\n")
    folder = write("ous/prod.yaml", PROD)
    write("ous/dev.yaml", "ou: Workloads/Dev\nenabled: true\nregions: [eu-west-1, eu-west-1]\n")
    assert [line.split(": ")[0] for line in _problems(folder, live=live)] == [
        "organization.yaml:2:9",
        "ous/dev.yaml:3:22",
        "ous/sandbox.yaml:2:10",
    ]


def test_nothing_is_merged_over_a_parent_that_has_an_error(write: Write) -> None:
    write("ous/prod.yaml", "ou: Workloads/Prod\nenabled: true\nregions: 5\n")
    folder = write("ous/payments.yaml", "ou: Workloads/Prod/Payments\nenabled: true\n")
    assert [line.split(": ")[0] for line in _problems(folder)] == ["ous/prod.yaml:3:10"]


def test_an_unused_policy_is_a_warning_and_a_missing_one_names_the_nearest(write: Write) -> None:
    write("policies/two-weeks.json", '{"rules": []}')
    folder = write("ous/prod.yaml", PROD + "repository: {lifecycle_policy: policies/two-week.json}\n")
    assert _problems(folder) == [
        "ous/prod.yaml:4:32: repository.lifecycle_policy: there is no file policies/two-week.json; did you mean policies/two-weeks.json?",
        "policies/two-weeks.json:1:1: warning: no file uses this policy: delete it, or reference it as lifecycle_policy or repository_policy",
    ]


def test_a_missing_policy_is_not_mistaken_for_one_with_another_name(write: Write) -> None:
    for number in range(6):
        write(f"policies/pull-{number}.json", "{}")
    folder = write("ous/prod.yaml", PROD + "repository: {lifecycle_policy: policies/expire.json}\n")
    assert _problems(folder)[0] == (
        "ous/prod.yaml:4:32: repository.lifecycle_policy: there is no file policies/expire.json;"
        " policies are *.json files in policies/ of the config folder"
        " (policies/pull-0.json, policies/pull-1.json, policies/pull-2.json, policies/pull-3.json, policies/pull-4.json, …)"
    )


def test_a_policy_that_cannot_be_read_is_not_called_missing(write: Write) -> None:
    folder = write("ous/prod.yaml", PROD + "repository: {lifecycle_policy: policies/two-weeks.json}\n")
    (folder / "policies").mkdir()
    (folder / "policies" / "two-weeks.json").write_bytes(b"\xff\xfe")
    assert [line.split(": ")[0] for line in _problems(folder)] == ["policies/two-weeks.json:1:1"]


def test_no_policy_is_called_unused_while_a_file_cannot_be_read(write: Write) -> None:
    write("policies/two-weeks.json", '{"rules": []}')
    folder = write("ous/prod.yaml", PROD + "repository: {lifecycle_policy: policies/two-weeks.json\n")
    assert [line.split(": ")[0] for line in _problems(folder)] == ["ous/prod.yaml:5:1"]


def test_two_files_for_one_ou_are_noticed_without_an_organization(write: Write) -> None:
    write("ous/a.yaml", "ou: Workloads/Prod\n")
    folder = write("ous/b.yaml", "ou: Workloads/Prod\n")
    (line,) = _problems(folder, live=False)
    assert line.startswith("ous/b.yaml:1:5: ou: ")


def test_the_example_is_valid_in_the_example_organization() -> None:
    assert check_folder(Path("config"), EXAMPLE) == ()
