# ruff: noqa: E501 - messages read best whole
from __future__ import annotations

from pathlib import Path

import pytest

from deployer.settings import InvalidConfigurationError, load
from deployer.settings import compile as compile_settings
from deployer.settings.checking import check_folder
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE

NATIVE = "ou: Workloads/Prod\nenabled: true\nregions: [eu-west-1]\nengine: native\n"
OPEN = "create: {principals: {outside_organization: true}}\n"
BYPASSED = "bypassed by engine: native (ous/prod.yaml:4:9), since"


def problems(folder: Path, *, live: bool = True) -> list[str]:
    found = check_folder(folder, EXAMPLE if live else None)
    return [str(one).replace(f"{folder.as_posix()}/", "") for one in found]


@pytest.mark.parametrize("live", [True, False], ids=["with an organization", "without an organization"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "create: {limit: {per_hour: 5}, principals: {outside_organization: true}}\n",
            f"5:28: create.limit.per_hour: {BYPASSED} ECR creates any number of repositories; list create.limit in native.unenforced, or use engine: handler",
            id="a limit",
        ),
        pytest.param(
            "create: {principals: {allow: ['arn:aws:iam::*:role/ci-*'], outside_organization: true}}\n",
            f"5:30: create.principals.allow: {BYPASSED} ECR creates repositories for every principal that may push; list create.principals.allow in native.unenforced, or use engine: handler",
            id="principals",
        ),
        pytest.param(
            OPEN + "namespaces: [{match: '**/*-x', repository: {image_tag_mutability: MUTABLE}}]\n",
            f"6:22: namespaces[0].match: {BYPASSED} ECR creates names that match **/*-x with other settings: creation templates match names only by a prefix of whole parts, as team-a/** does; list namespaces in native.unenforced, or use engine: handler",
            id="a namespace",
        ),
        pytest.param(
            "",
            "4:9: engine: create.principals.outside_organization: "
            f"{BYPASSED} ECR creates repositories for callers outside the organization, too, if they may push; list create.principals.outside_organization in native.unenforced, or use engine: handler",
            id="a built-in default, reported at the engine",
        ),
        pytest.param(
            OPEN.replace("{princ", "{names: {allow: ['a/**', 'team-*/**']}, princ"),
            "5:34: note: create.names.allow[1]: team-*/** stays with the handler although engine is native: creation templates match names only by a prefix of whole parts, as team-a/** does",
            id="names that are left to the handler",
        ),
        pytest.param(
            OPEN.replace("{princ", "{names: {deny: ['a/b', 'tmp-*']}, princ"),
            "5:32: note: create.names.deny[1]: with engine: native, the handler creates tmp-x/x, which the IAM policy for tmp-* denies: a * of IAM crosses /",
            id="names that are denied to ECR's role too",
        ),
        pytest.param(
            OPEN + "native: {unenforced: [create.limit]}\n",
            "6:23: warning: native.unenforced[0]: has no effect: there is no such rule that creation templates bypass",
            id="an entry without effect",
        ),
        pytest.param(
            OPEN + "native: {unenforced: [create.limits]}\n",
            '6:23: native.unenforced[0]: must be create.on, create.principals, create.principals.allow, create.principals.deny, create.principals.outside_organization, create.limit or namespaces, not the string "create.limits"; did you mean create.limit?',
            id="an unknown entry",
        ),
    ],
)
def test_problems_of_the_native_engine_name_file_line_and_rule(
    write: Write, text: str, expected: str, live: bool
) -> None:
    assert problems(write("ous/prod.yaml", NATIVE + text), live=live) == [f"ous/prod.yaml:{expected}"]


def test_an_engine_without_effect_is_a_warning(write: Write) -> None:
    text = NATIVE + "create: {names: {allow: ['team-*/**']}, limit: {per_hour: 5}}\n"
    note, warning = sorted(problems(write("ous/prod.yaml", text)), key=lambda line: "note:" not in line)
    assert "note: create.names.allow[0]" in note
    assert warning == (
        "ous/prod.yaml:4:9: warning: engine: native has no effect: creation templates can hold none of the allowed names"
    )


def test_a_rule_is_reported_in_the_file_that_sets_it_and_listed_in_any(write: Write) -> None:
    write("ous/workloads.yaml", "ou: Workloads\nenabled: true\nregions: [eu-west-1]\ncreate: {limit: {per_hour: 5}}\n")
    folder = write("ous/prod.yaml", "ou: Workloads/Prod\nengine: native\n")
    limit, outside = sorted(problems(folder), reverse=True)
    assert limit.startswith(
        "ous/workloads.yaml:4:28: create.limit.per_hour: bypassed by engine: native (ous/prod.yaml:2:9)"
    )
    assert outside.startswith("ous/prod.yaml:2:9: engine: create.principals.outside_organization: ")
    with pytest.raises(InvalidConfigurationError, match=r"list create\.limit in native\.unenforced"):
        compile_settings(load(folder), EXAMPLE)
    write(
        "organization.yaml",
        'central: {account: "200000000001", region: eu-west-1}\n'
        "defaults: {native: {unenforced: [create.limit, create.principals]}}\n",
    )
    assert problems(folder) == []
    compile_settings(load(folder), EXAMPLE)


def test_settings_of_ous_without_a_file_are_checked(write: Write) -> None:
    text = 'central: {account: "200000000001", region: eu-west-1}\ndefaults:\n  enabled: true\n  engine: native\n'
    folder = write("organization.yaml", text + "  regions: [eu-west-1]\n")
    (line,) = problems(folder)
    assert line.startswith("organization.yaml:4:11: engine: create.principals.outside_organization: ")


def test_nothing_is_guessed_about_an_account_while_its_ou_is_unknown(write: Write) -> None:
    write("ous/prod.yaml", NATIVE + OPEN)
    text = "native: {unenforced: [create.limit]}\ncreate: {limit: {per_hour: 5}}\nengine: native\nenabled: true\n"
    folder = write("accounts/300000000001.yaml", text)
    assert problems(folder, live=False) == problems(folder) == []


def test_a_file_with_an_error_makes_no_entry_ineffective(write: Write) -> None:
    write("ous/workloads.yaml", "ou: Workloads\nnative: {unenforced: [create.principals]}\n")
    folder = write("ous/prod.yaml", NATIVE + "nothing: 1\n")
    (line,) = problems(folder)
    assert "unknown key" in line


def test_the_native_engine_needs_the_records_of_what_it_creates(write: Write) -> None:
    write("organization.yaml", ORGANIZATION + "ledger: {observe: false}\n")
    folder = write("ous/prod.yaml", NATIVE + OPEN)
    (line,) = problems(folder)
    assert line == (
        "organization.yaml:2:19: ledger.observe: needed by engine: native (ous/prod.yaml:4:9): what ECR creates would have no record, and lack what no template holds"
    )
    with pytest.raises(InvalidConfigurationError, match=r"ledger\.observe: needed by"):
        compile_settings(load(folder), EXAMPLE)
    write("ous/prod.yaml", NATIVE.replace("native", "handler"))
    assert problems(folder) == []
