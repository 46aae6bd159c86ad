"""The pipelines of contrib/ that plan, roll out and detect drift: valid, hardened, and run against the sandbox.

They run under roles that may do what `deployer policy` prints for each, with IAM enforced.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.clocks import impatient
from tests.deployer.command_line import Deployer
from tests.deployer.examples import SHOP_DEV
from tests.deployer.test_operator_policy_in_sandbox import leave_few_accounts, session_with

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "contrib" / "github-actions"
ROLLOUT_PAGE = (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")
FILES = sorted(WORKFLOWS.glob("*.yml"))
DEPLOYER = f"""#!{sys.executable} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as test:
    test.connect(os.environ["DEPLOYER_SOCKET"])
    test.sendall(json.dumps([sys.argv[1:], dict(os.environ)]).encode())
    test.shutdown(socket.SHUT_WR)
    out, err, code = json.load(test.makefile())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""
"""It lets the process of the test run the command, which has imported all of it and does not wait for long."""
GH = """#!/bin/sh
echo "$@" >> gh.log
"""
"""It finds no open issue."""
POLICIES = {"plan": ("look",), "rollout": ("rollout",), "drift": ("look", "verify")}
DENIED = {
    "plan": {"cloudformation:CreateChangeSet"},
    "rollout": set[str](),
    "drift": {"cloudformation:CreateChangeSet"},
}
"""What each role tries, and does without."""
SUBJECTS = {
    "plan": {"repo:ORG/REPO:pull_request", "repo:ORG/REPO:ref:refs/heads/main"},
    "rollout": {"repo:ORG/REPO:environment:production"},
    "drift": {"repo:ORG/REPO:ref:refs/heads/main"},
}
PROVIDER = "token.actions.githubusercontent.com"


def job(file: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / file).read_text(encoding="utf-8"))["jobs"][name]
    return found


class Runner:
    """Runs the steps of jobs in one folder, as GitHub does: each in a shell that stops at the first error."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        (folder / "bin").mkdir()
        self.commands = socket.create_server(str(folder / "socket"), family=socket.AF_UNIX)
        for name, script in (("deployer", DEPLOYER), ("gh", GH), ("pip", "#!/bin/sh\n")):
            (folder / "bin" / name).write_text(script)
            (folder / "bin" / name).chmod(0o755)
        self.folder = folder
        self.sandbox = sandbox
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self.roles = {name: session_of(sandbox, name) for name in POLICIES}
        self.variables = kept | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "DEPLOYER_SOCKET": str(folder / "socket"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "GITHUB_OUTPUT": str(folder / "output"),
        }  # fmt: skip

    def __call__(self, file: str, name: str, *, until: str | None = None) -> None:
        for step in job(file, name)["steps"]:
            if until is not None and step.get("name") == until:
                return
            if "run" in step:
                with (
                    tempfile.TemporaryFile("w+", encoding="utf-8") as printed,  # a pipe that nobody reads may be full
                    subprocess.Popen(
                        ["bash", "-e", "-c", step["run"]],
                        cwd=self.folder,
                        env=self.variables | self.roles[name],
                        stdout=printed,
                        stderr=subprocess.STDOUT,
                    ) as ran,
                ):
                    while ran.poll() is None:
                        self._serve()
                    printed.seek(0)
                    assert ran.returncode == 0, (step["name"], printed.read())
                self.sandbox.settle()

    def _serve(self) -> None:
        """Run a command that the step waits for, if there is one."""
        if not select.select([self.commands], [], [], 0.02)[0]:
            return
        client, _ = self.commands.accept()
        with client:
            arguments, variables = json.load(client.makefile())
            written, err = io.BytesIO(), io.StringIO()
            out = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
            with (
                patch.dict("os.environ", variables, clear=True),
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = run(arguments, clock=impatient())
            client.sendall(json.dumps([written.getvalue().decode(), err.getvalue(), code]).encode())


def session_of(sandbox: Sandbox, name: str) -> dict[str, str]:
    """The environment of a job's role, which may do exactly what `deployer policy` prints."""
    ran = Deployer(sandbox)("policy", *POLICIES[name])
    assert ran.exit_code == 0, ran
    return dict(session_with(sandbox, f"deployer-{name}", ran.document))


def denied(sandbox: Sandbox, name: str) -> set[str]:
    """The calls that the role of a job may not make."""
    made = [call for call in sandbox.calls if f":assumed-role/deployer-{name}/" in call.principal.arn]
    assert made
    return {call.name for call in made if "AccessDenied" in (call.error_code or "")}


def test_a_plan_is_approved_and_rolled_out_and_drift_opens_an_issue(
    sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    leave_few_accounts(sandbox)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    pipeline = Runner(sandbox, tmp_path)
    request.addfinalizer(pipeline.commands.close)
    pipeline("deploy.yml", "plan")
    assert "deployer-access" in (tmp_path / "summary.md").read_text()
    pipeline("deploy.yml", "rollout")
    assert "rollout: succeeded" in (tmp_path / "summary.md").read_text()
    pipeline("drift.yml", "drift", until="Open an issue")
    assert (tmp_path / "output").read_text() == "code=0\n", "nothing to report"
    file = tmp_path / "config" / "ous" / "workloads" / "prod.yaml"
    file.write_text(file.read_text().replace("per_hour: 50", "per_hour: 60"))
    sandbox.client("events", account=SHOP_DEV).disable_rule(Name="deployer-forwarding")
    pipeline("drift.yml", "drift", until="Fail on drift")
    assert (tmp_path / "output").read_text() == "code=0\ncode=2\n"
    assert "issue create --title deployer: drift --body-file plan.md" in (tmp_path / "gh.log").read_text()
    assert "per_hour" in (tmp_path / "plan.md").read_text()
    assert "is disabled" in " ".join((tmp_path / "plan.md").read_text().split())

    pipeline("deploy.yml", "plan")
    pipeline("deploy.yml", "rollout")
    assert (tmp_path / "summary.md").read_text().count("rollout: succeeded") == 2
    assert {name: denied(sandbox, name) for name in POLICIES} == DENIED


@pytest.mark.parametrize("name", POLICIES)
def test_a_role_trusts_only_its_own_jobs_of_one_repository(name: str) -> None:
    file = f"trust-{name}.json"
    (statement,) = json.loads((WORKFLOWS / file).read_text(encoding="utf-8"))["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::200000000001:oidc-provider/{PROVIDER}"}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    ((operator, keys),) = statement["Condition"].items()
    assert operator == "StringEquals", "a pattern could match another repository"
    subjects = keys[f"{PROVIDER}:sub"]
    assert keys[f"{PROVIDER}:aud"] == "sts.amazonaws.com"
    assert ({subjects} if isinstance(subjects, str) else set(subjects)) == SUBJECTS[name]
    (row,) = [line for line in ROLLOUT_PAGE.splitlines() if line.startswith(f"| `deployer-{name}` |")]
    assert f"`deployer policy {' '.join(POLICIES[name])}`" in row
    assert file in row
    assert all(f"`{subject}`" in row for subject in SUBJECTS[name])


def test_the_workflows_are_valid_and_a_static_analysis_finds_nothing() -> None:
    assert "push.yml" in {path.name for path in FILES}
    programs = Path(sys.executable).parent
    checked = subprocess.run(
        [programs / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *FILES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    config = str(Path(__file__).with_name("zizmor.yml"))
    analyzed = subprocess.run(
        [programs / "zizmor", "--offline", "--no-progress", "--format", "json", "--config", config, *FILES],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert analyzed.returncode == 0, analyzed.stdout
    assert json.loads(analyzed.stdout) == []


@pytest.mark.parametrize(("file", "name"), [("deploy.yml", "plan"), ("deploy.yml", "rollout"), ("drift.yml", "drift")])
def test_each_job_has_no_more_permissions_than_it_needs(file: str, name: str) -> None:
    assert yaml.safe_load((WORKFLOWS / file).read_text(encoding="utf-8"))["permissions"] == {}
    expected = {"contents": "read", "id-token": "write"} | ({"issues": "write"} if name == "drift" else {})
    assert job(file, name)["permissions"] == expected
    assert (job(file, name).get("environment") == "production") == (name == "rollout")
