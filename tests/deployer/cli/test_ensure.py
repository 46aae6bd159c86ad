"""`deployer ensure` after a roll-out: what a pusher sees, and what is in the account afterwards."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.pushing.ensure import Exists, Refused, TimedOut
from tests.conftest import CONFIG
from tests.deployer.command_line import after_notice
from tests.deployer.ensuring import CENTRAL, DEV, HOST, SHOP, Ensure, new, repositories
from tests.principals import environment, role
from tests.terminal import in_a_terminal, type_ctrl_c

SANDBOX_ACCOUNT = "500000000001"
LEDGER = f"arn:aws:dynamodb:eu-west-1:{CENTRAL}:table/deployer-ledger"

PROGRAM = "from deployer.__main__ import main; main()"


class TestCreated:
    def test_a_missing_repository_exists_afterwards(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        name, image = new()
        code, out, err = ensure(image)
        assert code == Exists.exit_code == 0
        assert out.startswith(f"{name} ({SHOP}, eu-west-1): exists after ")
        assert after_notice(err) == f"Waiting for {name}: requested\n"
        assert name in repositories(rolled_out)

    def test_an_existing_repository_takes_one_call_and_no_wait(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        name, image = new()
        ensure(image)
        rolled_out.settle()
        rolled_out.calls.clear()
        code, out, err = ensure(image)
        assert (code, out, after_notice(err)) == (0, f"{name} ({SHOP}, eu-west-1): exists already\n", "")
        assert [call.name for call in rolled_out.calls] == ["ecr:InitiateLayerUpload"]

    @pytest.mark.parametrize(
        ("host", "region"),
        [
            pytest.param(f"{SHOP}.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", id="FIPS"),
            pytest.param(f"{SHOP}.dkr-ecr.eu-west-1.on.aws", "eu-west-1", id="dual-stack"),
            pytest.param(f"{SHOP}.dkr-ecr-fips.us-east-1.on.aws", "us-east-1", id="dual-stack FIPS"),
        ],
    )
    def test_other_hosts_of_the_same_registry(
        self, ensure: Ensure, rolled_out: Sandbox, host: str, region: str
    ) -> None:
        name, image = new(host)
        assert ensure(image)[0] == 0
        assert name in repositories(rolled_out, region=region)

    def test_several_repositories_in_several_registries(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        (here, first), (elsewhere, second) = new(), new(host_of(SHOP, "us-east-1"))
        code, out, _ = ensure(first, f"{first.rpartition(':')[0]}@sha256:{'a' * 64}", second)
        assert code == 0
        assert [line.partition(" ")[0] for line in out.splitlines()] == [here, elsewhere]
        assert elsewhere in repositories(rolled_out, region="us-east-1")

    def test_the_registry_of_another_account(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        name, image = new()
        code, out, err = ensure(image, account=CENTRAL)
        assert code == 0, err
        assert f"{name} ({SHOP}, eu-west-1): exists after" in out
        assert name in repositories(rolled_out)

    def test_a_repository_of_another_account_without_access(
        self, ensure: Ensure, rolled_out: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("deployer.pushing.ensure.POLICY_DELAY", 0.2)
        name, image = new(host_of(DEV, "eu-west-1"), team="shop")
        code, _, err = ensure(image, account=CENTRAL)
        assert code == 6
        assert "its repository policy must allow the push, too" in err
        assert name in repositories(rolled_out, DEV)

    def test_json_output(self, ensure: Ensure) -> None:
        name, image = new()
        code, out, err = ensure(image, "--json")
        (document,) = json.loads(out)
        assert code == 0
        assert document.pop("seconds") > 0
        assert document.pop("calls") >= 2
        assert document == {
            "image": image,
            "account": SHOP,
            "region": "eu-west-1",
            "repository": name,
            "outcome": "exists",
        }
        assert "exists after" in err


class TestNotCreated:
    def test_a_repository_that_never_appears_times_out_with_what_to_check(self, ensure: Ensure) -> None:
        name, image = new(team="not-a-team")
        code, out, err = ensure(image, "--timeout", "1")
        assert code == TimedOut.exit_code == 18
        assert out == ""
        assert f"{name} ({SHOP}, eu-west-1): does not exist after " in err
        assert f"    deployer audit list --repository {name}\n    deployer status\n" in err
        assert all(len(line) <= 80 for line in err.splitlines()[1:])

    @pytest.mark.parametrize(
        ("arguments", "variables"),
        [
            pytest.param(["--ledger", LEDGER], {}, id="configured by an option"),
            pytest.param([], {"DEPLOYER_LEDGER": LEDGER}, id="configured by the environment"),
            pytest.param(["--config", str(CONFIG)], {}, id="configured by the config files"),
        ],
    )
    def test_a_refusal_is_reported_immediately_if_the_ledger_may_be_read(
        self, ensure: Ensure, arguments: list[str], variables: dict[str, str]
    ) -> None:
        name, image = new(team="not-a-team")
        code, out, err = ensure(image, *arguments, account=CENTRAL, variables=variables)
        assert code == Refused.exit_code == 19
        assert out == ""
        assert f"{name} (shop-prod {SHOP}, eu-west-1): refused\n" in err
        assert "push under another name, or have the OU's file changed. [name-not-allowed]" in " ".join(err.split())
        assert "Rule of the OU Workloads/Prod: create.names.allow: team-*/**" in err
        # CloudTrail has no ARN of a caller of another account, which could be passed as --principal
        assert f"    deployer explain {SHOP} {name} --region eu-west-1\n" in err
        assert all(len(line) <= 80 for line in err.splitlines()[1:])

    def test_config_files_in_the_current_folder_are_found(
        self, ensure: Ensure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(CONFIG.parent)
        assert ensure(new(team="not-a-team")[1], account=CENTRAL)[0] == 19

    def test_a_folder_called_config_may_belong_to_another_program(self, ensure: Ensure, tmp_path: Path) -> None:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "organization.yaml").write_text("name: our company\n")
        image = new(team="not-a-team")[1]
        assert ensure(image, "--timeout", "1")[0] == 18
        code, _, err = ensure(image, "--timeout", "1", "--config", "config")
        assert code == 3
        assert "organization.yaml" in err

    def test_a_failure_in_the_ledger_ends_the_wait_too(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        name, image = new()
        rolled_out.faults.add(Fault(effect=Error(code="InvalidParameterException"), operation="CreateRepository"))
        code, out, _ = ensure(image, "--ledger", LEDGER, "--json", account=CENTRAL)
        assert code == 19
        (document,) = json.loads(out)
        assert (document["repository"], document["outcome"]) == (name, "failed")
        assert document["reason"]

    def test_a_ledger_that_may_not_be_read_is_not_an_error(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        image = new(team="not-a-team")[1]
        rolled_out.calls.clear()
        code, _, err = ensure(image, "--timeout", "2", "--ledger", LEDGER, account=SHOP)
        assert code == 18
        assert "Error" not in err
        queries = [call for call in rolled_out.calls if call.operation == "Query" and call.account == SHOP]
        assert len(queries) == 1, "denied once, not repeated"

    def test_some_exist_and_some_are_refused(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        (existing, first), (refused, second) = new(), new(team="not-a-team")
        code, out, _ = ensure(first, second, "--ledger", LEDGER, "--json", account=CENTRAL)
        assert code == 19
        assert [(each["repository"], each["outcome"]) for each in json.loads(out)] == [
            (existing, "exists"),
            (refused, "refused"),
        ]

    def test_repositories_in_accounts_that_are_not_covered_cannot_be_requested(self, ensure: Ensure) -> None:
        _, image = new(host_of(SANDBOX_ACCOUNT, "eu-west-1"))
        assert ensure(image, "--timeout", "1", account=SANDBOX_ACCOUNT)[0] == 18


class TestInATerminal:
    def test_ctrl_c_prints_that_submitted_operations_continue(self, rolled_out: Sandbox) -> None:
        """The whole program, as a person sees it."""
        command = [sys.executable, "-c", PROGRAM, "ensure", new(team="not-a-team")[1]]
        with in_a_terminal(command, variables={**os.environ, **rolled_out.environment(SHOP)}) as started:
            assert started.stdout
            shown = b""
            while b"Waiting for" not in shown:
                shown += started.stdout.read(1)
            type_ctrl_c(started)
            rest, _ = started.communicate(timeout=20)
        assert b"\r\x1b[KInterrupted. Operations already submitted to AWS continue" in rest
        assert started.returncode == 130

    def test_an_error_starts_on_its_own_line(self, ensure: Ensure, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("deployer.pushing.ensure.POLICY_DELAY", 0.2)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        name, image = new(host_of(DEV, "eu-west-1"), team="shop")
        code, _, err = ensure(image, account=CENTRAL)
        assert code == 6
        assert f"\r\033[KWaiting for {name}" in err
        assert f"\r\033[KError: {name}" in err


class TestRefusedByAws:
    def test_no_permission(self, ensure: Ensure, rolled_out: Sandbox) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        variables = environment(rolled_out, role(rolled_out, SHOP, policy))
        name, image = new()
        code, _, err = ensure(image, variables=variables)
        assert code == 6
        assert f"{name} in account {SHOP}, eu-west-1: InitiateLayerUpload" in err
        assert "`deployer ensure --policy` prints the smallest policy" in err

    def test_no_credentials(self, ensure: Ensure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        none = {
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
        }
        code, _, err = ensure(new()[1], variables=none)
        assert code == 4, err
        assert "No AWS credentials" in err

    def test_unknown_credentials(self, ensure: Ensure) -> None:
        code, _, err = ensure(new()[1], variables={"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"})
        assert code == 4, err


class TestArguments:
    def test_images_of_other_registries_are_ignored(self, ensure: Ensure) -> None:
        image = new()[1]
        code, _, err = ensure(image, "docker.io/library/alpine:3")
        assert code == 0
        assert "docker.io/library/alpine:3: not in a private ECR registry, ignored\n" in err

    @pytest.mark.parametrize(
        ("arguments", "code", "complaint"),
        [
            pytest.param([], 64, "name at least one image in ECR", id="no images"),
            pytest.param(["alpine"], 64, "name at least one image in ECR", id="no image in ECR"),
            pytest.param([f"{HOST}/API:1"], 15, "ECR accepts no repository named 'API'", id="a name that ECR refuses"),
            pytest.param(["--file", "none.txt"], 11, "none.txt cannot be read", id="a file that does not exist"),
            pytest.param([f"{HOST}/api:1", "--ledger", "x"], 3, "x is not the ARN of a ledger", id="an invalid ARN"),
        ],
    )
    def test_invalid_arguments_are_refused(
        self, ensure: Ensure, arguments: list[str], code: int, complaint: str
    ) -> None:
        ended, _, err = ensure(*arguments)
        assert (ended, complaint in err) == (code, True), err

    @pytest.mark.parametrize(
        ("file", "content"),
        [
            pytest.param("images.txt", "{image}  # the first\n\nalpine:3\n", id="a list"),
            pytest.param("docker-bake.json", json.dumps({"target": {"api": {"tags": ["{image}"]}}}), id="a bake file"),
            pytest.param("docker-compose.yml", "services:\n  api: {build: ., image: '{image}'}\n", id="a compose file"),
        ],
    )
    def test_images_from_a_file(
        self, ensure: Ensure, rolled_out: Sandbox, tmp_path: Path, file: str, content: str
    ) -> None:
        name, image = new()
        (tmp_path / file).write_text(content.replace("{image}", image))
        code, _, err = ensure("--file", file)
        assert code == 0, err
        assert name in repositories(rolled_out)

    def test_variables_of_a_compose_file_come_from_the_env_file_beside_it(
        self, ensure: Ensure, rolled_out: Sandbox, tmp_path: Path
    ) -> None:
        name, _ = new()
        (tmp_path / "ci").mkdir()
        (tmp_path / "ci" / ".env").write_text(f"REPOSITORY={HOST}/{name}\n")
        (tmp_path / "ci" / "compose.yaml").write_text("services: {api: {build: ., image: '${REPOSITORY}:1'}}")
        code, _, err = ensure("--file", "ci/compose.yaml")
        assert code == 0, err
        assert name in repositories(rolled_out)

    def test_a_list_with_windows_line_ends(self, ensure: Ensure, rolled_out: Sandbox, tmp_path: Path) -> None:
        name, image = new()
        (tmp_path / "images.txt").write_bytes(f"\ufeff{image}\r\n".encode())
        assert ensure("--file", "images.txt")[0] == 0
        assert name in repositories(rolled_out)


class TestPolicy:
    def statements(self, out: str) -> Any:
        return json.loads(out)["Statement"]

    def test_it_names_only_the_repositories_of_the_images(self, ensure: Ensure) -> None:
        code, out, err = ensure(f"{HOST}/team-shop/api:1", f"{HOST}/team-shop/web:1", "--policy")
        assert code == 0
        assert self.statements(out)[1]["Resource"] == [
            f"arn:aws:ecr:eu-west-1:{SHOP}:repository/team-shop/api",
            f"arn:aws:ecr:eu-west-1:{SHOP}:repository/team-shop/web",
        ]
        assert "ecr:BatchGetImage" in err

    def test_without_images_it_has_a_placeholder(self, ensure: Ensure) -> None:
        _, out, err = ensure("--policy")
        assert self.statements(out)[1]["Resource"] == ["arn:aws:ecr:<region>:<account>:repository/<repository>"]
        assert self.statements(out)[2]["Resource"] == [
            "arn:aws:lambda:<region>:<central account>:function:<prefix>-handler"
        ]
        assert "Replace the placeholders <…> in the handler's ARN" in err

    def test_the_config_files_determine_the_handler(self, ensure: Ensure) -> None:
        _, out, err = ensure("--policy", "--config", str(CONFIG))
        handler = f"arn:aws:lambda:eu-west-1:{CENTRAL}:function:deployer-handler"
        assert [each["Resource"] for each in self.statements(out)[2:]] == [[handler], [handler]]
        assert "<" not in err

    def test_the_region_of_a_url_is_that_of_the_handler(self, ensure: Ensure) -> None:
        _, out, _ = ensure("--policy", "--url", "https://abc.lambda-url.us-east-1.on.aws/")
        [handler] = self.statements(out)[2]["Resource"]
        assert handler.startswith("arn:aws:lambda:us-east-1:<central account>:")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("url: true", "url: false", id="not configured"),
            pytest.param("  region: eu-west-1", "  region: eu-central-2", id="in a region without function URLs"),
        ],
    )
    def test_a_handler_without_a_url_needs_no_permission_for_one(
        self, ensure: Ensure, tmp_path: Path, old: str, new: str
    ) -> None:
        shutil.copytree(CONFIG, tmp_path / "config")
        file = tmp_path / "config" / "organization.yaml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))
        _, out, _ = ensure("--policy", "--url", " ")
        assert len(self.statements(out)) == 2
