"""contrib/ensure.sh: with the aws CLI against the sandbox, and with a stand-in for it where only the script matters."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.errors import CredentialsError, PermissionDeniedError, ServiceError
from deployer.pushing.ensure import There, TimedOut
from deployer.pushing.images import ImageReferenceError
from tests.clients.kit import Bench
from tests.clients.matrix import builders

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "contrib" / "ensure.sh"
SHOP = "300000000001"
HOST = host_of(SHOP, "eu-west-1")

FAKE = """#!/bin/sh
echo "$AWS_USE_FIPS_ENDPOINT $AWS_USE_DUALSTACK_ENDPOINT $*" >> "$CALLS"
[ -e "$THERE" ] && exit 0
[ "$(wc -l < "$CALLS")" -le "${UNHEARD:-0}" ] && echo "Could not connect to the endpoint URL" >&2 && exit 255
[ "$(wc -l < "$CALLS")" -gt "${APPEARS_AFTER:-1000}" ] && exit 0
echo "${ANSWER:-An error occurred (RepositoryNotFoundException)}" >&2
exit 254
"""
"""An aws CLI to which a repository appears after some calls."""


def required(program: str) -> str:
    if shutil.which(program) is None:
        assert os.environ.get("CI") != "true", f"{program} must be installed in CI"
        pytest.skip(f"{program} is not installed")
    return program


def ensure(
    *images: str, variables: Mapping[str, str], shell: str = "sh", timeout: str = "20"
) -> subprocess.CompletedProcess[str]:
    environment = {**variables, "ENSURE_TIMEOUT": timeout}
    command = [shell, str(SCRIPT), *images]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def bench(rolled_out: Sandbox) -> Iterator[Bench]:
    required("aws")
    with builders(rolled_out, account=SHOP) as bench:
        yield bench


def test_shellcheck_has_nothing_to_say() -> None:
    checked = subprocess.run([required("shellcheck"), str(SCRIPT)], capture_output=True, text=True, check=False)
    assert checked.stdout == ""


class TestAgainstTheSandbox:
    def test_missing_repositories_exist_afterwards(self, rolled_out: Sandbox, bench: Bench) -> None:
        names = [f"team-shop/{uuid.uuid4().hex[:12]}" for _ in range(2)]
        done = ensure(*(f"{HOST}/{name}:1" for name in names), variables=bench.variables)
        assert done.returncode == There.exit_code, done.stderr
        assert done.stdout == ""
        requested = [f"{name} ({SHOP}, eu-west-1): requested" for name in names]
        assert done.stderr.splitlines() == [*requested, *(f"{name} ({SHOP}, eu-west-1): created" for name in names)]
        ecr = rolled_out.client("ecr", account=SHOP, region="eu-west-1")
        assert len(ecr.describe_repositories(repositoryNames=names)["repositories"]) == 2

    def test_one_that_exists_costs_one_call(self, rolled_out: Sandbox, bench: Bench) -> None:
        name = f"team-shop/{uuid.uuid4().hex[:12]}"
        rolled_out.client("ecr", account=SHOP, region="eu-west-1").create_repository(repositoryName=name)
        rolled_out.settle()  # what others pushed before is no call of this one
        rolled_out.calls.clear()
        done = ensure(f"{HOST}/{name}@sha256:{'a' * 64}", variables=bench.variables)
        assert (done.returncode, done.stderr) == (0, f"{name} ({SHOP}, eu-west-1): exists already\n")
        assert [call.name for call in rolled_out.calls] == ["ecr:InitiateLayerUpload"]

    def test_a_refused_one_times_out_and_names_what_to_look_at(self, bench: Bench) -> None:
        done = ensure(f"{HOST}/team-shop/tmp-x:1", variables=bench.variables, timeout="1")
        assert done.returncode == TimedOut.exit_code
        assert "team-shop/tmp-x (300000000001, eu-west-1): does not exist after 1 s" in done.stderr
        assert "deployer audit list --repository team-shop/tmp-x" in done.stderr

    def test_no_permission(self, bench: Bench) -> None:
        done = ensure(f"{HOST}/other-team/api:1", variables=bench.variables)
        assert done.returncode == PermissionDeniedError.exit_code
        assert "not authorized to perform: ecr:InitiateLayerUpload" in done.stderr

    def test_no_credentials(self, bench: Bench, tmp_path: Path) -> None:
        known = {name: value for name, value in bench.variables.items() if "KEY" not in name and "TOKEN" not in name}
        variables = {
            **known,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }
        done = ensure(f"{HOST}/team-shop/api:1", variables=variables)
        assert done.returncode == CredentialsError.exit_code, done.stderr


class TestTheScript:
    @pytest.fixture
    def variables(self, tmp_path: Path) -> dict[str, str]:
        """With a stand-in for the aws CLI."""
        program = tmp_path / "aws"
        program.write_text(FAKE)
        program.chmod(0o755)
        return {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CALLS": str(tmp_path / "calls"),
            "THERE": str(tmp_path / "there"),
        }

    @staticmethod
    def calls(variables: Mapping[str, str]) -> list[str]:
        return Path(variables["CALLS"]).read_text().splitlines()

    @pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
    def test_in_every_shell(self, variables: dict[str, str], shell: str, tmp_path: Path) -> None:
        link = tmp_path / "sh"
        link.symlink_to(str(shutil.which(required(shell))))
        done = ensure(f"{HOST}/api:1", shell=str(link), variables=variables | {"APPEARS_AFTER": "2"})
        assert done.returncode == 0, done.stderr
        operations = [call.split()[3] for call in self.calls(variables)]
        assert operations == [
            "initiate-layer-upload",
            "batch-check-layer-availability",
            "batch-check-layer-availability",
        ]

    @pytest.mark.parametrize(
        ("host", "fips", "dual_stack", "region"),
        [
            pytest.param("dkr.ecr.eu-west-1.amazonaws.com", "false", "false", "eu-west-1", id="classic"),
            pytest.param(
                "DKR.ECR.EU-WEST-1.amazonaws.com", "false", "false", "eu-west-1", id="host names know no case"
            ),
            pytest.param("dkr.ecr.eu-west-1.amazonaws.com:443", "false", "false", "eu-west-1", id="with a port"),
            pytest.param("dkr.ecr-fips.us-east-1.amazonaws.com", "true", "false", "us-east-1", id="FIPS"),
            pytest.param("dkr-ecr.eu-west-1.on.aws", "false", "true", "eu-west-1", id="dual-stack"),
            pytest.param("dkr-ecr-fips.us-west-2.on.aws", "true", "true", "us-west-2", id="dual-stack FIPS"),
            pytest.param("dkr.ecr.cn-north-1.amazonaws.com.cn", "false", "false", "cn-north-1", id="China"),
            pytest.param("dkr.ecr.us-gov-west-1.amazonaws.com", "false", "false", "us-gov-west-1", id="GovCloud"),
            pytest.param("dkr.ecr.eusc-de-east-1.amazonaws.eu", "false", "false", "eusc-de-east-1", id="European"),
            pytest.param("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "false", "false", "us-isob-east-1", id="isolated"),
        ],
    )
    def test_hosts(self, variables: dict[str, str], host: str, fips: str, dual_stack: str, region: str) -> None:
        Path(variables["THERE"]).touch()
        done = ensure(f"docker://{SHOP}.{host}/team-a/api:1", variables=variables)
        assert done.returncode == 0, done.stderr
        [call] = self.calls(variables)
        assert call == (
            f"{fips} {dual_stack} ecr initiate-layer-upload --region {region} --registry-id {SHOP}"
            " --repository-name team-a/api --output json"
        )

    def test_a_request_that_nobody_heard_is_made_again_at_once(self, variables: dict[str, str]) -> None:
        done = ensure(f"{HOST}/api:1", variables=variables | {"UNHEARD": "2", "APPEARS_AFTER": "4"})
        assert done.returncode == 0, done.stderr
        assert [call.split()[3] for call in self.calls(variables)] == [
            *["initiate-layer-upload"] * 3,
            *["batch-check-layer-availability"] * 2,
        ]
        assert "requested" not in done.stderr

    @pytest.mark.parametrize("timeout", ["1.5", "-1", "08", "two"])
    def test_a_timeout_that_is_no_number_of_seconds(self, variables: dict[str, str], timeout: str) -> None:
        done = ensure(f"{HOST}/api:1", variables=variables, timeout=timeout)
        assert (done.returncode, "is not a number of seconds" in done.stderr) == (64, True)

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            pytest.param([], 64, id="nothing"),
            pytest.param(["alpine:3"], ImageReferenceError.exit_code, id="another registry"),
            pytest.param([HOST], ImageReferenceError.exit_code, id="no repository"),
            pytest.param([f"{HOST}/api:1", f"1{HOST}/api:1"], ImageReferenceError.exit_code, id="13 digits"),
        ],
    )
    def test_what_cannot_be_meant_is_reported_before_anything_is_asked(
        self, variables: dict[str, str], arguments: list[str], code: int
    ) -> None:
        assert ensure(*arguments, variables=variables).returncode == code
        assert not Path(variables["CALLS"]).exists()

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            pytest.param("An error occurred (AccessDeniedException)", PermissionDeniedError.exit_code, id="denied"),
            pytest.param("An error occurred (ExpiredTokenException)", CredentialsError.exit_code, id="expired"),
            pytest.param("The config profile (x) could not be found", CredentialsError.exit_code, id="no profile"),
            pytest.param(
                "Error loading SSO Token: Token for x does not exist", CredentialsError.exit_code, id="no SSO"
            ),
            pytest.param("An error occurred (InvalidParameterException)", 15, id="a name that ECR refuses"),
            pytest.param("An error occurred (SomethingNew)", ServiceError.exit_code, id="unknown"),
            pytest.param("Could not connect to the endpoint URL", TimedOut.exit_code, id="what passes by itself"),
        ],
    )
    def test_answers(self, variables: dict[str, str], answer: str, code: int) -> None:
        done = ensure(f"{HOST}/api:1", variables=variables | {"ANSWER": answer}, timeout="1")
        assert done.returncode == code
        assert answer in done.stderr

    def test_without_the_aws_cli(self, tmp_path: Path) -> None:
        done = ensure(f"{HOST}/api:1", shell="/bin/sh", variables={"PATH": str(tmp_path)})
        assert (done.returncode, "the aws CLI is not installed" in done.stderr) == (127, True)
