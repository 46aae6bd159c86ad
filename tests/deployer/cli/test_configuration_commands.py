"""validate, explain, simulate, init, schema and organization as a user runs them, in the example's folder."""

from __future__ import annotations

import gzip
import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.organization import Organization
from tests.deployer.command_line import after_notice
from tests.deployer.json_documents import check_output, schema
from tests.example_organization import EXAMPLE

ROOT = Path(__file__).parents[3]
SNAPSHOT = "config/snapshot.json"


NATIVE = """\
ou: Sandbox
enabled: true
regions: [eu-west-1]
engine: native
native: {unenforced: [create.principals]}
create:
  names: {allow: ["a/**", "team-*/**"]}
  principals: {allow: ["arn:aws:iam::*:role/ci-*"]}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the example to work in, and no credentials."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with mock.patch.dict(os.environ, {**kept, "HOME": str(tmp_path)}, clear=True):
        yield tmp_path


class Ran:
    """What a command printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        check_output(arguments, captured.out)
        return code, captured.out, captured.err


@pytest.fixture
def deployer(capsys: pytest.CaptureFixture[str]) -> Ran:
    return Ran(capsys)


class TestValidate:
    def test_the_example_is_valid_and_needs_no_credentials(self, deployer: Ran) -> None:
        assert deployer("validate")[:2] == (0, "")
        code, _, err = deployer("validate", "--organization", SNAPSHOT)
        assert (code, err) == (0, "config/: no problems (compared with o-exampleorg1).\n")

    def test_errors_exit_with_2_and_are_printed_on_stdout(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/ous/sandbox.yaml").write_text("ou: Sandbox\nenabled: of\n", encoding="utf-8")
        code, out, err = deployer("validate")
        assert code == 2
        assert out == 'config/ous/sandbox.yaml:2:10: enabled: must be true or false, not the string "of"\n'
        assert err.startswith("config/: 1 error ")

    def test_warnings_exit_with_1_only_when_strict(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/policies/unused.json").write_text("{}", encoding="utf-8")
        assert deployer("validate")[0] == 0
        assert deployer("validate", "--strict")[0] == 1

    def test_names_left_to_the_handler_are_notes_that_strict_accepts(self, deployer: Ran, folder: Path) -> None:
        text = (
            "ou: Sandbox\nenabled: true\nregions: [eu-west-1]\nengine: native\n"
            "native: {unenforced: [create.principals]}\n"
            "create: {names: {allow: ['a/**', 'team-*/**']}}\n"
        )
        (folder / "config/ous/sandbox.yaml").write_text(text, encoding="utf-8")
        code, out, err = deployer("validate", "--strict")
        assert (code, out.count("\n")) == (0, 1)
        assert out.startswith("config/ous/sandbox.yaml:6:34: note: create.names.allow[1]: team-*/** stays with ")
        assert err.startswith("config/: 1 note ")
        document = json.loads(deployer("validate", "--json")[1])
        assert (document["errors"], document["warnings"], document["notes"]) == (0, 0, 1)
        assert deployer("validate", "--format", "github")[1].startswith("::notice file=config/ous/sandbox.yaml,line=6")

    def test_an_ou_that_no_longer_exists_is_an_error_with_a_snapshot(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/ous/sandbox.yaml").write_text("ou: Sandboxes\n", encoding="utf-8")
        assert deployer("validate")[0] == 0
        code, out, _ = deployer("validate", "--organization", SNAPSHOT)
        assert code == 2
        assert "did you mean `Sandbox` (ou-exam-sand0001)?" in out

    def test_json_names_the_organization_that_was_compared(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/ous/sandbox.yaml").write_text("ou: Sandbox\nenabeld: true\n", encoding="utf-8")
        _, out, _ = deployer("validate", "--json", "--organization", SNAPSHOT)
        document = json.loads(out)
        assert (document["errors"], document["warnings"], document["organization"]) == (1, 0, "o-exampleorg1")
        assert document["problems"] == [
            {
                "file": "config/ous/sandbox.yaml",
                "line": 2,
                "column": 1,
                "key": "enabeld",
                "message": "unknown key; did you mean `enabled`?",
                "severity": "error",
            }
        ]

    def test_github_gets_annotations_with_everything_escaped(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/ous/sandbox.yaml").write_text('ou: Sandbox\n"a,b:%": 1\n', encoding="utf-8")
        _, out, _ = deployer("validate", "--format", "github")
        assert out.startswith("::error file=config/ous/sandbox.yaml,line=2,col=1,title=a%2Cb%3A%25::unknown key")

    def test_a_missing_folder_is_reported_in_one_sentence_with_the_next_step(self, deployer: Ran) -> None:
        code, out, err = deployer("validate", "--config", "nowhere")
        assert (code, out) == (3, "")
        assert err == (
            "Error: The config folder nowhere/ does not exist\n"
            "  Create one with `deployer init`, or pass another with --config DIR.\n"
        )

    @pytest.mark.parametrize("command", [["validate"], ["policy", "look"], ["plan"]], ids=lambda words: words[0])
    def test_a_file_is_not_reported_as_a_missing_folder(self, deployer: Ran, command: list[str]) -> None:
        code, _, err = deployer(*command, "--config", "config/organization.yaml")
        assert (code, err) == (
            3,
            "Error: config/organization.yaml is a file, not a config folder\n  Pass its folder: --config config\n",
        )

    def test_an_invalid_snapshot_is_named(self, deployer: Ran) -> None:
        code, _, err = deployer("validate", "--organization", "config/organization.yaml")
        assert code == 3
        assert "config/organization.yaml: not an organization snapshot" in err
        assert deployer("validate", "--organization", "nowhere.json")[0] == 11

    def test_the_config_files_can_be_compared_with_the_live_organization(self, deployer: Ran, sandbox: Sandbox) -> None:
        with mock.patch.dict(os.environ, sandbox.environment()):
            assert "compared with o-exampleorg1" in deployer("validate", "--live")[2]

    def test_a_snapshot_and_the_live_organization_cannot_be_combined(self, deployer: Ran) -> None:
        code, _, err = deployer("validate", "--live", "--organization", SNAPSHOT)
        assert (code, "cannot be combined with --live" in err) == (64, True)

    @pytest.mark.parametrize(
        ("account", "code"),
        [
            pytest.param("200000000001", 2, id="the central account's credentials"),
            pytest.param("100000000000", 0, id="credentials that cannot read it"),
        ],
    )
    def test_regions_that_the_central_account_lacks_are_found_in_the_live_organization(
        self, deployer: Ran, sandbox: Sandbox, folder: Path, account: str, code: int
    ) -> None:
        text = "ou: Workloads/Dev\nenabled: true\nregions: [eu-west-1, eu-south-2]\n"
        (folder / "config/ous/workloads/dev.yaml").write_text(text, encoding="utf-8")
        with mock.patch.dict(os.environ, sandbox.environment(account)):
            ended, out, _ = deployer("validate", "--live")
        assert ended == code
        assert out == (
            "config/ous/workloads/dev.yaml:3:22: regions[1]: not enabled in the central account 200000000001: "
            "enable it (Account settings), or remove it\n" * (code == 2)
        )


@pytest.mark.parametrize(
    "command",
    [
        ("validate",),
        ("explain", "Workloads/Prod", "--organization", SNAPSHOT),
        ("synth", "--out", "out", "--organization", SNAPSHOT),
        ("policy", "rollout"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_warns_about_files_that_are_not_read(
    deployer: Ran, folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's; deployer has none
    (folder / "config/ous/sandbox.yml").write_text("ou: Sandbox\n", encoding="utf-8")
    (folder / "config/notes.txt").write_text("Ask Jane\n", encoding="utf-8")
    code, out, err = deployer(*command)
    assert code == 0
    warnings = [line for line in (out if command == ("validate",) else err).splitlines() if "not read: " in line]
    assert [line.partition(": ")[0] for line in warnings] == ["config/notes.txt:1:1", "config/ous/sandbox.yml:1:1"]
    assert all(": warning: not read: " in line for line in warnings)


class TestExplain:
    def test_every_value_has_its_source_location_within_80_columns(self, deployer: Ran) -> None:
        code, out, _ = deployer("explain", "payments-prod", "--organization", SNAPSHOT)
        assert code == 0
        lines = out.splitlines()
        assert lines[0] == "Account 300000000003 (payments-prod) in Workloads/Prod/Payments"
        assert "enabled: true                                config/ous/workloads/prod.yaml:7:10" in lines
        assert "create.on: [push]                            built-in default" in lines
        assert max(map(len, lines)) <= 90

    def test_a_suspended_account_is_reported_as_such(self, deployer: Ran) -> None:
        _, out, _ = deployer("explain", "old-project", "team-a/api", "--organization", SNAPSHOT)
        heading, *note = out.splitlines()[:3]
        assert heading == "Account 600000000001 (old-project, SUSPENDED) in Suspended"
        assert note == [
            "  AWS refuses calls of an account that is not ACTIVE, and roll-outs skip it:",
            "    whatever the settings are, no repository is created there.",
        ]

    @pytest.mark.parametrize("target", ["Workloads/Prod", "ou-exam-prod0001"])
    def test_a_decision_is_printed_beside_its_rule(self, deployer: Ran, target: str) -> None:
        _, out, _ = deployer("explain", target, "team-a/tmp-1", "--region", "us-east-1", "--organization", SNAPSHOT)
        assert "Push of team-a/tmp-1 in us-east-1:\n  refused (name-denied): " in out
        assert "create.names.deny: **/tmp-*                config/ous/workloads/prod.yaml:12:12" in out

    def test_the_principal_matters_only_if_given(self, deployer: Ran) -> None:
        ask = ("explain", "300000000003", "team-a/api", "--organization", SNAPSHOT)
        assert "if the principal is arn:aws:iam::*:role/ci-*" in deployer(*ask)[1]
        refused = deployer(*ask, "--principal", "arn:aws:sts::300000000003:assumed-role/developer/jane")[1]
        assert "refused (principal-not-allowed)" in refused

    def test_a_pull_and_an_unknown_region(self, deployer: Ran) -> None:
        ask = ("explain", "Workloads/Prod", "team-a/api", "--organization", SNAPSHOT)
        assert "Pull of team-a/api" in deployer(*ask, "--pull")[1]
        code, _, err = deployer(*ask, "--region", "Ireland")
        assert code == 3
        assert "--region Ireland is not a region" in err
        assert "Did you mean eu-west-1?" in deployer(*ask, "--region", "eu-wst-1")[2]

    def test_a_pull_is_ignored_with_the_rule_that_ignores_it(self, deployer: Ran) -> None:
        _, out, _ = deployer("explain", "Workloads/Prod", "team-a/api", "--pull", "--organization", SNAPSHOT)
        assert "\n  create.on: push                            built-in default\n" in out

    def test_rules_that_allowed_a_push_are_named_with_their_locations(self, deployer: Ran) -> None:
        who = "arn:aws:sts::300000000003:assumed-role/ci-build/1"
        _, out, _ = deployer(
            "explain", "payments-prod", "team-a/api", "--principal", who, "--json", "--organization", SNAPSHOT
        )
        assert [rule["rule"] for rule in json.loads(out)["decision"]["rules"]] == [
            "create.names.allow: team-*/**",
            "create.principals.allow: arn:aws:iam::*:role/ci-*",
            "create.limit.per_hour: 50",
        ]

    def test_the_engine_and_its_template_are_explained_with_their_consequences(
        self, deployer: Ran, folder: Path
    ) -> None:
        (folder / "config/ous/sandbox.yaml").write_text(NATIVE, encoding="utf-8")
        ask = ("explain", "alice-sandbox", "a/x", "--organization", SNAPSHOT)
        _, out, _ = deployer(*ask, "--principal", "arn:aws:iam::500000000001:user/joe")
        assert "  engine: native                             config/ous/sandbox.yaml:4:9\n" in out
        text = " ".join(out.partition("\n\nenabled:")[0].split())
        assert "refused (principal-not-allowed)" in text
        assert "ECR creates it during the push, by the creation template for a/. The rule is not enforced" in text
        assert "Afterwards the handler puts repository.scan_on_push, repository.tags.pushed-by." in text
        assert "bypasses rules that native.unenforced lists: create.principals.allow," in text
        by_anyone = " ".join(deployer(*ask)[1].split())
        assert "if the principal is" not in by_anyone
        assert "repository.tags.pushed-by; {principal} is ECR's role." in by_anyone
        assert json.loads(deployer(*ask, "--json")[1])["decision"]["creator"] == {
            "engine": "native",
            "template": "a",
            "put_afterwards": ["repository.scan_on_push", "repository.tags.pushed-by"],
            "bypassed": ["create.principals.allow", "create.principals.outside_organization"],
            "created_with": {},
            "reason": None,
        }
        _, out, _ = deployer("explain", "Sandbox", "team-x/y", "--organization", SNAPSHOT)
        assert "  The handler creates it, not ECR: creation templates match names only" in out

    def test_no_engine_creates_a_name_that_ecr_does_not_accept(self, deployer: Ran, folder: Path) -> None:
        (folder / "config/ous/sandbox.yaml").write_text(NATIVE, encoding="utf-8")
        ask = ("explain", "alice-sandbox", "a/Web", "--organization", SNAPSHOT)
        _, out, _ = deployer(*ask)
        assert "refused (name-invalid)" in out
        assert "ECR creates it" not in out
        assert json.loads(deployer(*ask, "--json")[1])["decision"]["creator"] is None

    def test_a_creation_by_ecr_in_a_native_ou_is_explained_with_the_part_of_the_handler(
        self, deployer: Ran, folder: Path
    ) -> None:
        text = NATIVE.replace('"team-*/**"]', '"team-*/**"], deny: ["**/tmp-*"]')
        (folder / "config/ous/sandbox.yaml").write_text(text, encoding="utf-8")
        _, out, _ = deployer("explain", "Sandbox", "--organization", SNAPSHOT)
        summary = " ".join(out.partition("\n\nenabled:")[0].split())
        assert "ECR creates repositories during pushes, by creation templates for: a/." in summary
        assert "It creates no name that matches **/tmp-*." in summary
        assert "The handler creates names of team-*/**: creation templates match names only by a prefix" in summary
        document = json.loads(deployer("explain", "alice-sandbox", "--json", "--organization", SNAPSHOT)[1])
        assert document["native"]["templates"] == ["a"]
        assert [one["names"] for one in document["native"]["handler"]] == ["team-*/**"]
        assert document["native"]["bypassed"] == ["create.principals.allow", "create.principals.outside_organization"]
        handler = deployer("explain", "Workloads/Prod", "--json", "--organization", SNAPSHOT)[1]
        assert json.loads(handler)["native"] is None

    def test_a_repository_has_the_settings_of_its_namespace_with_their_locations(self, deployer: Ran) -> None:
        _, out, _ = deployer("explain", "shop-prod", "team-a/cache/x", "--organization", SNAPSHOT)
        lines = out.splitlines()
        assert "repository.image_tag_mutability: MUTABLE     config/ous/workloads/prod.yaml:22:40" in lines
        assert "repository.scan_on_push: true                config/organization.yaml:21:19" in lines

    @pytest.mark.parametrize("option", [("--pull",), ("--region", "eu-west-1"), ("--principal", "*")], ids=str)
    def test_options_about_a_push_without_a_repository_are_wrong_usage(
        self, deployer: Ran, option: tuple[str, ...]
    ) -> None:
        code, _, err = deployer("explain", "Workloads/Prod", *option, "--organization", SNAPSHOT)
        assert code == 64
        assert "REPOSITORY: is missing" in err

    @pytest.mark.parametrize(
        "reference",
        ["team-a/api:1", "team-a/api@sha256:aa", "300000000001.dkr.ecr.eu-west-1.amazonaws.com/team-a/api:1"],
    )
    def test_an_image_reference_is_refused_as_a_repository_name(self, deployer: Ran, reference: str) -> None:
        code, _, err = deployer("explain", "Workloads/Prod", reference, "--organization", SNAPSHOT)
        assert code == 64
        assert "pass the name of the repository: team-a/api\n" in err

    def test_an_empty_principal_is_refused(self, deployer: Ran) -> None:
        options = ("--principal", "", "--organization", SNAPSHOT)
        code, _, err = deployer("explain", "Workloads/Prod", "team-a/api", *options)
        assert code == 64
        assert "--principal: must not be empty" in err

    def test_a_null_is_shown_as_a_reset(self, deployer: Ran, folder: Path) -> None:
        text = "ou: Workloads/Dev\nenabled: true\nregions: [eu-west-1]\nrepository: {lifecycle_policy: null}\n"
        (folder / "config/ous/workloads/dev.yaml").write_text(text, encoding="utf-8")
        _, out, _ = deployer("explain", "Workloads/Dev", "--organization", SNAPSHOT)
        assert "built-in default, reset by config/ous/workloads/dev.yaml:4:32" in out

    def test_a_refusal_fits_a_terminal_of_80_columns(self, deployer: Ran) -> None:
        code, out, _ = deployer("explain", "shop-prod", "other/api", "--organization", SNAPSHOT)
        decision = out.partition("\n\nenabled:")[0]
        assert (code, "refused (name-not-allowed)" in decision) == (0, True)
        assert max(len(line) for line in decision.splitlines() if ".yaml:" not in line) <= 80
        assert deployer("explain", "shop-prod", "", "--organization", SNAPSHOT)[0] == 64

    def test_json_has_settings_locations_and_the_decision(self, deployer: Ran) -> None:
        _, out, _ = deployer("explain", "shop-prod", "team-a/api", "--json", "--organization", SNAPSHOT)
        document: dict[str, Any] = json.loads(out)
        values = {item["key"]: item for item in document["settings"]}
        assert values["enabled"]["set_by"] == {"file": "config/ous/workloads/prod.yaml", "line": 7, "column": 10}
        assert document["decision"]["outcome"] == "create"
        assert document["decision"]["repository_settings"]["mutability_exclusions"] == ["latest", "sha256-*"]

    def test_an_unknown_name_is_reported_with_the_nearest_one(self, deployer: Ran) -> None:
        code, _, err = deployer("explain", "Workloads/Prods", "--organization", SNAPSHOT)
        assert code == 11
        assert "Did you mean Workloads/Prod?" in err

    def test_missing_snapshot_and_credentials_are_reported(self, deployer: Ran) -> None:
        code, _, err = deployer("explain", "Workloads/Prod")
        assert code == 4
        assert "credentials" in err

    @pytest.mark.parametrize("organization", ["o-exampleorg1", "o-anotherorg1"])
    def test_the_live_organization_must_be_the_one_in_the_config_files(
        self, deployer: Ran, sandbox: Sandbox, folder: Path, organization: str
    ) -> None:
        file = folder / "config/organization.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("o-exampleorg1", organization), encoding="utf-8")
        with mock.patch.dict(os.environ, sandbox.environment("100000000000")):
            code, _, err = deployer("explain", "Workloads/Prod")
        is_other = organization == "o-anotherorg1"
        assert (code, "organization.yaml names o-anotherorg1" in err) == ((17, True) if is_other else (0, False)), err


class TestSimulate:
    EVENT = str(ROOT / "tests/events/push-by-a-role.json")

    def test_an_event_gets_the_handlers_decision(self, deployer: Ran) -> None:
        code, out, _ = deployer("simulate", self.EVENT, "--organization", SNAPSHOT)
        assert code == 0
        assert "Push of " in out
        assert "  repository.scan_on_push: true              config/organization.yaml:21:19\n" in out
        assert "  tag pushed-by: arn:aws:sts::300000000001:assumed-role/ci-build/build-4711\n" in out

    def test_a_repository_that_ecr_refused_to_create_by_template_is_created_by_the_handler(
        self, deployer: Ran, folder: Path
    ) -> None:
        text = NATIVE.replace("ou: Sandbox", "ou: Workloads/Prod").replace('"a/**", ', '"**", ')
        text = text.replace("role/ci-*", "*")
        (folder / "config/ous/workloads/prod.yaml").write_text(text, encoding="utf-8")
        out = deployer("simulate", self.EVENT, "--organization", SNAPSHOT)[1]
        created = "The handler creates it, not ECR: ECR refused the call although the creation template ROOT matches"
        assert created in " ".join(out.split())

    def test_a_repository_that_ecr_created_by_template_gets_its_record(self, deployer: Ran) -> None:
        event = str(ROOT / "tests/events/creation-by-template.json")
        out = deployer("simulate", event, "--organization", SNAPSHOT)[1]
        assert out.startswith(
            "Account 300000000001 (shop-prod) in Workloads/Prod\n"
            "CreateRepository of team-b/site in eu-west-1:\n  created (created-by-template): ECR created"
        )
        assert "  as long as the account had fewer than 50 new repositories in this hour\n" in out

    def test_a_call_that_is_neither_push_nor_pull_keeps_its_name(self, deployer: Ran) -> None:
        event = str(ROOT / "tests/events/question-about-layers.json")
        assert "BatchCheckLayerAvailability of " in deployer("simulate", event, "--organization", SNAPSHOT)[1]

    def test_a_list_of_events_gives_a_list(self, deployer: Ran, folder: Path) -> None:
        event = json.loads(Path(self.EVENT).read_text(encoding="utf-8"))
        (folder / "events.json").write_text(json.dumps([event, event]), encoding="utf-8")
        _, out, _ = deployer("simulate", "events.json", "--json", "--organization", SNAPSHOT)
        first, second = json.loads(out)
        assert first["tags"]["deployer:event-id"] == event["detail"]["eventID"]
        assert second == first

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_the_output_of_lookup_events_gets_verdicts_in_any_encoding(
        self, deployer: Ran, folder: Path, encoding: str
    ) -> None:
        event = json.loads(Path(self.EVENT).read_text(encoding="utf-8"))
        looked_up = {"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(event["detail"])}]}
        (folder / "events.json").write_text(json.dumps(looked_up), encoding=encoding)
        code, out, _ = deployer("simulate", "events.json", "--organization", SNAPSHOT)
        assert code == 0
        assert "Push of team-a/api in eu-west-1:\n  create: The repository would be created." in out

    def test_a_compressed_file_of_cloudtrail_gets_verdicts(self, deployer: Ran, folder: Path) -> None:
        event = json.loads(Path(self.EVENT).read_text(encoding="utf-8"))
        (folder / "trail.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [event["detail"]] * 2}).encode()))
        _, out, _ = deployer("simulate", "trail.json.gz", "--json", "--organization", SNAPSHOT)
        assert [verdict["outcome"] for verdict in json.loads(out)] == ["create", "create"]

    def test_a_malformed_event_gets_its_verdict_but_not_success(self, deployer: Ran, folder: Path) -> None:
        event = json.loads(Path(self.EVENT).read_text(encoding="utf-8"))
        (folder / "event.json").write_text(json.dumps(event | {"account": "1"}), encoding="utf-8")
        code, out, _ = deployer("simulate", "event.json", "--organization", SNAPSHOT)
        assert code == 11
        assert "malformed-event" in out

    @pytest.mark.parametrize(
        ("file", "problem"),
        [
            ("nowhere.json", "No such file"),
            ("config", "Is a directory"),
            ("config/organization.yaml", "it is not JSON"),
            ("none.json", "empty list"),
            ("other.json", 'keys "a"'),
            ("binary.json", "neither UTF-8"),
            ("broken.json.gz", "cannot be read"),
        ],
    )
    def test_a_file_without_an_event_is_reported(self, deployer: Ran, folder: Path, file: str, problem: str) -> None:
        (folder / "none.json").write_text("[]", encoding="utf-8")
        (folder / "other.json").write_text('{"a": 1}', encoding="utf-8")
        (folder / "binary.json").write_bytes(b"\xff\x00\x01")
        (folder / "broken.json.gz").write_bytes(gzip.compress(b"[]")[:-4])
        code, out, err = deployer("simulate", file, "--organization", SNAPSHOT)
        assert (code, out) == (11, "")
        assert file in err
        assert problem in err

    @pytest.mark.parametrize(
        ("file", "step"), [("none.json", "organization snapshot --out none.json"), ("config", "Check the path")]
    )
    def test_only_a_missing_snapshot_is_written_by_the_named_command(self, deployer: Ran, file: str, step: str) -> None:
        code, _, err = deployer("explain", "Workloads", "--organization", file)
        assert (code, step in err, err.count("--out")) == (11, True, int(file == "none.json"))


class TestInit:
    def test_the_written_files_validate_without_a_warning(self, deployer: Ran) -> None:
        ask = ("init", "--config", "new", "--organization", SNAPSHOT, "--yes")
        code, out, _ = deployer(*ask, "--ou", "Workloads/Prod", "--ou", "Infrastructure", "--region", "eu-west-1")
        assert code == 0
        assert "new/ous/workloads/prod.yaml" in out.splitlines()
        assert deployer("validate", "--config", "new", "--organization", SNAPSHOT, "--strict")[:2] == (0, "")
        _, out, _ = deployer("explain", "Workloads/Prod", "--config", "new", "--organization", SNAPSHOT)
        assert "enabled: true " in out
        assert "regions: [eu-west-1] " in out

    def test_commented_settings_validate_when_uncommented(self, deployer: Ran, folder: Path) -> None:
        ask = ("init", "--config", "new", "--organization", SNAPSHOT, "--yes", "--region", "eu-west-1")
        deployer(*ask, "--central-account", "200000000001", "--ou", "Workloads/Prod")
        for name, first in (("organization.yaml", "prefix:"), ("ous/workloads/prod.yaml", "regions:")):
            head, marker, below = (folder / "new" / name).read_text(encoding="utf-8").partition(first)
            (folder / "new" / name).write_text(head + marker + below.replace("\n# ", "\n"), encoding="utf-8")
        assert deployer("validate", "--config", "new", "--organization", SNAPSHOT, "--strict")[:2] == (0, "")

    def test_without_a_choice_every_top_level_ou_is_prepared_but_not_enabled(self, deployer: Ran, folder: Path) -> None:
        deployer("init", "--config", "new", "--organization", SNAPSHOT, "--yes")
        files = sorted(path.name for path in (folder / "new/ous").iterdir())
        assert files == ["infrastructure.yaml", "sandbox.yaml", "suspended.yaml", "workloads.yaml"]
        assert "enabled: false" in (folder / "new/ous/workloads.yaml").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("größe & maß", "groesse-mass"),
            ("gro\u0308\u00dfe", "groesse"),
            ("CON", "con-ou"),
            ("Com1", "com1-ou"),
            ("Console", "console"),
            ("ÜBER/alles", "ueber-alles"),
            ("Ærø (Łódź)", "aeroe-lodz"),
            ("Москва 2", "moskva-2"),
            ("東京", "dongjing"),
            ("🚀 Launch", "rocket-launch"),
            ("???", "ou-exam-sand0001"),
            ("Infra-Structure", "infra-structure"),
            ("Ínfrastructure", "ou-exam-sand0001"),
            ("\u00df" * 128, "s" * 80),
            ("a" * 79 + " b", "a" * 79),
        ],
    )
    def test_files_are_named_after_ous_in_ascii_letters(
        self, deployer: Ran, folder: Path, name: str, file: str
    ) -> None:
        ous = {**EXAMPLE.ous, "ou-exam-sand0001": replace(EXAMPLE.ous["ou-exam-sand0001"], name=name)}
        (folder / "odd.json").write_text(replace(EXAMPLE, ous=ous).to_json(), encoding="utf-8")
        code, out, _ = deployer("init", "--config", "new", "--organization", "odd.json", "--yes")
        assert code == 0
        expected = {"infrastructure", "suspended", "workloads", file}
        assert {Path(line).stem for line in out.splitlines() if "/ous/" in line} == expected
        assert deployer("validate", "--config", "new", "--organization", "odd.json", "--strict")[:2] == (0, "")

    def test_nothing_is_overwritten_without_force(self, deployer: Ran, folder: Path) -> None:
        before = (folder / "config/organization.yaml").read_text(encoding="utf-8")
        code, _, err = deployer("init", "--organization", SNAPSHOT, "--yes")
        assert code == 14
        assert "nothing was written" in err
        assert (folder / "config/organization.yaml").read_text(encoding="utf-8") == before
        assert deployer("init", "--organization", SNAPSHOT, "--yes", "--force")[0] == 0

    def test_the_live_organization_is_read_with_the_callers_account_as_the_central_account(
        self, deployer: Ran, sandbox: Sandbox, folder: Path
    ) -> None:
        with mock.patch.dict(os.environ, sandbox.environment()):
            assert deployer("init", "--config", "new", "--yes")[0] == 0
        text = (folder / "new/organization.yaml").read_text(encoding="utf-8")
        assert f'account: "{sandbox.central_account}"' in text
        assert "region: eu-west-1" in text

    @pytest.mark.parametrize(
        ("options", "code", "message"),
        [
            pytest.param(("--region", "eu-wst-1"), 3, "Did you mean eu-west-1?", id="an unknown region"),
            pytest.param(("--central-account", "123456789012"), 3, "is not in o-exampleorg1", id="a foreign account"),
            pytest.param(
                ("--central-account", "600000000001"), 3, "(old-project) is SUSPENDED", id="a suspended account"
            ),
            pytest.param(("--ou", "Workloads/Prd"), 11, "Did you mean Workloads/Prod?", id="an unknown OU"),
        ],
    )
    def test_settings_that_could_not_be_rolled_out_are_not_written(
        self, deployer: Ran, folder: Path, options: tuple[str, ...], code: int, message: str
    ) -> None:
        ended, _, err = deployer("init", "--config", "new", "--organization", SNAPSHOT, "--yes", *options)
        assert (ended, message in err) == (code, True)
        assert not (folder / "new").exists()

    def test_the_organization_is_read_without_a_configured_region(
        self, deployer: Ran, sandbox: Sandbox, folder: Path
    ) -> None:
        variables = {key: value for key, value in sandbox.environment().items() if not key.endswith("REGION")}
        with mock.patch.dict(os.environ, variables):
            assert deployer("organization", "snapshot", "--out", "o.json")[0] == 0
            assert deployer("validate", "--live")[0] == 0
            assert deployer("init", "--config", "new", "--yes")[0] == 0
        assert "region: us-east-1" in (folder / "new/organization.yaml").read_text(encoding="utf-8")

    def test_the_region_of_the_profile_is_the_home_region(
        self, deployer: Ran, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "aws").write_text("[profile tools]\nregion = eu-central-1\n", encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "aws"))
        deployer("init", "--config", "new", "--organization", SNAPSHOT, "--yes", "--profile", "tools")
        assert "region: eu-central-1" in (folder / "new/organization.yaml").read_text(encoding="utf-8")

    def test_without_a_terminal_it_does_not_prompt_and_reports_why(self, deployer: Ran) -> None:
        code, _, err = deployer("init", "--config", "new", "--organization", SNAPSHOT)
        assert (code, "Pass --yes" in err) == (10, True)

    def test_names_that_yaml_could_misread_are_quoted(self, deployer: Ran, folder: Path) -> None:
        document = json.loads(EXAMPLE.to_json())
        names = {"ou-exam-sand0001": "on", "ou-exam-susp0001": "010: #x"}
        for ou in document["ous"]:
            ou["name"] = names.get(ou["id"], ou["name"])
        (folder / "odd.json").write_text(json.dumps(document), encoding="utf-8")
        assert deployer("init", "--config", "new", "--organization", "odd.json", "--yes")[0] == 0
        assert deployer("validate", "--config", "new", "--organization", "odd.json", "--strict")[:2] == (0, "")


class TestSchema:
    def test_it_prints_the_schema_of_a_file(self, deployer: Ran) -> None:
        assert "$defs" in json.loads(deployer("schema", "ou")[1])
        assert deployer("schema")[1] == deployer("schema", "ou")[1]
        known = json.loads(deployer("schema", "ou", "--organization", SNAPSHOT)[1])
        assert "Workloads/Prod/Payments" in known["properties"]["ou"]["enum"]

    def test_every_command_that_prints_json_has_a_schema(self, deployer: Ran) -> None:
        assert json.loads(deployer("schema", "audit", "list")[1]) == schema("audit-list")
        assert json.loads(deployer("schema", "status")[1]) == schema("status")
        code, _, err = deployer("schema", "audit", "lst")
        assert (code, "did you mean audit-list?" in err) == (64, True)
        assert "did you mean organization?" in deployer("schema", "organisation")[2]
        assert "account, audit-adopt, audit-export, audit-list, audit-repair" in deployer("schema", "x")[2]

    def test_it_writes_all_three_schemas(self, deployer: Ran, folder: Path) -> None:
        assert deployer("schema", "--out", "schemas")[0] == 0
        assert sorted(path.name for path in (folder / "schemas").iterdir()) == [
            "account.json",
            "organization.json",
            "ou.json",
        ]


class TestOrganization:
    def test_a_snapshot_of_the_live_organization_can_be_read_back(
        self, deployer: Ran, sandbox: Sandbox, folder: Path
    ) -> None:
        with mock.patch.dict(os.environ, sandbox.environment()):
            assert deployer("organization", "snapshot")[1] == EXAMPLE.to_json()
            code, out, err = deployer("organization", "snapshot", "--out", "a/b.json")
        assert (code, out) == (0, "")
        written, rehearse = after_notice(err).splitlines()
        assert written == "a/b.json: 14 accounts in 9 OUs."
        assert rehearse.endswith("`deployer sandbox start -d --organization a/b.json`")
        assert Organization.from_json((folder / "a/b.json").read_text(encoding="utf-8")) == EXAMPLE

    def test_the_tree_has_names_and_ids(self, deployer: Ran) -> None:
        _, out, _ = deployer("organization", "show", "--organization", SNAPSHOT)
        assert "      Payments/  ou-exam-paym0001\n        300000000003 payments-prod\n" in out
        assert "600000000001 old-project (SUSPENDED)" in out
        _, out, _ = deployer("organization", "show", "--json", "--organization", SNAPSHOT)
        assert Organization.from_json(out) == EXAMPLE

    @pytest.mark.parametrize(
        "command",
        [
            ("organization", "show"),
            ("explain", "600000000001"),
            ("explain", "300000000001", "team-a/api"),
            ("explain", "no\x07\x9bsuch"),
        ],
        ids=["the tree", "an account", "a push", "an error"],
    )
    def test_names_do_not_control_the_terminal(self, deployer: Ran, folder: Path, command: tuple[str, ...]) -> None:
        accounts = {id_: replace(one, name=f"{one.name}\x07\r\n\x9b") for id_, one in EXAMPLE.accounts.items()}
        (folder / SNAPSHOT).write_text(replace(EXAMPLE, accounts=accounts).to_json(), encoding="utf-8")
        _, out, err = deployer(*command, "--organization", SNAPSHOT)
        assert r"\x07" in out + err
        assert [line for line in (out + err).split("\n") if not line.isprintable()] == []


class TestHelp:
    def test_a_group_without_a_command_shows_its_help_and_no_empty_error(self, deployer: Ran) -> None:
        code, out, err = deployer("organization")
        assert (code, err) == (64, "")
        assert "snapshot" in out

    def test_paragraphs_use_the_width_of_the_terminal(self, deployer: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        lines = [line.strip() for line in deployer("schema", "--help")[1].splitlines()]
        assert "accounts. An editor with a YAML language server finds it by the first line" in lines
