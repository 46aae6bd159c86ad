"""The files for pipelines in contrib/: checked by their published schemas, and their commands run in the sandbox.

The commands run as they stand, with the real aws CLI; only what builds images is a stand-in, whose push is skopeo's.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.function_url import FunctionUrl
from deployer.pushing.images import parse_image
from tests.clients.kit import Bench
from tests.clients.matrix import builders
from tests.contrib.test_ensure_script import SCRIPT, required
from tests.function_urls import handler_url

pytestmark = pytest.mark.slow

CONTRIB = SCRIPT.parent
SHOP = "300000000001"
HOST = host_of(SHOP, "eu-west-1")
IMAGE = re.compile(rf"{re.escape(HOST)}/[^\s\"']+")

STAND_IN = """#!/bin/sh
for reference in "$@"; do :; done
case "$1" in
    login) cat > /dev/null ;;
    push) exec skopeo copy --quiet --dest-tls-verify=false "oci:$LAYOUT:1" "docker://$reference" ;;
esac
"""
"""docker and buildah, as far as the files use them."""

AWS = """#!/bin/sh
exec {aws} --endpoint-url "$AWS_ENDPOINT_URL" "$@"
"""
"""The real aws CLI; releases before 2.13, as Debian's, find the sandbox by nothing else."""


def document(name: str) -> Any:
    return yaml.safe_load((CONTRIB / name).read_text(encoding="utf-8"))


def github_commands() -> list[str]:
    steps = document("github-actions/push.yml")["jobs"]["push"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab_commands() -> list[str]:
    job = document("gitlab-ci/push.yml")["push"]
    return [line for line in [*job["before_script"], *job["script"]] if not line.startswith("apk add")]


def jenkins_commands() -> list[str]:
    return re.findall(r"^\s*sh '(.*)'$", (CONTRIB / "jenkins" / "Jenkinsfile").read_text(), re.MULTILINE)


def codebuild_commands() -> list[str]:
    phases = document("codebuild/buildspec.yml")["phases"].values()
    return [command for phase in phases for command in phase["commands"]]


def tekton_commands() -> list[str]:
    return [step["script"] for step in document("tekton/task.yaml")["spec"]["steps"]]


def kaniko_commands() -> list[str]:
    """Its init container's command; the executor itself is an image, in whose place the stand-in pushes."""
    ensure = document("kaniko/pod.yaml")["spec"]["initContainers"][0]
    assert parse_image(ensure["args"][0])
    return [f'{shlex.join(ensure["command"])} "$IMAGE"', 'docker push "$IMAGE"']


@pytest.fixture(scope="module")
def bench(rolled_out: Sandbox) -> Iterator[Bench]:
    for program in ("aws", "skopeo", "bash"):
        required(program)
    with builders(rolled_out, SHOP) as bench:
        yield bench


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A source repository with ensure.sh in the path that the files expect, and stand-ins for image builders."""
    (tmp_path / "ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / "ci" / "ensure.sh")
    (tmp_path / "bin").mkdir()
    for name, script in (("docker", STAND_IN), ("buildah", STAND_IN), ("aws", AWS.format(aws=shutil.which("aws")))):
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.mark.client
@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(github_commands, id="GitHub Actions"),
        pytest.param(gitlab_commands, id="GitLab CI"),
        pytest.param(jenkins_commands, id="Jenkins"),
        pytest.param(codebuild_commands, id="CodeBuild"),
        pytest.param(tekton_commands, id="Tekton"),
        pytest.param(kaniko_commands, id="Kaniko"),
    ],
)
def test_its_commands_push_to_a_missing_repository(
    rolled_out: Sandbox, bench: Bench, repository: Path, commands: Callable[[], list[str]]
) -> None:
    name = f"team-shop/{uuid.uuid4().hex[:12]}"
    lines = [line.replace("/deployer/ensure.sh", "ci/ensure.sh") for line in commands()]
    variables: Mapping[str, str] = {
        **bench.variables,
        "PATH": f"{repository / 'bin'}:{os.environ['PATH']}",
        "LAYOUT": str(bench.layout),
        "REGISTRY": HOST,
        "IMAGE": f"{HOST}/{name}:1",
        "DEPLOYER_URL": handler_url(rolled_out),
        "AWS_TOKEN": "a token of the pipeline",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(repository / "token"),
    }
    shell = "sh" if commands is tekton_commands else "bash"
    script = "\n".join(lines) if shell == "bash" else "\n".join(f"({line})" for line in lines)
    ran = subprocess.run(
        [shell, "-e", "-c", script], cwd=repository, env=variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert f"{name} ({SHOP}, eu-west-1): created\n" in ran.stderr
    assert "requested" not in ran.stderr, "the function URL answered"
    ecr = rolled_out.client("ecr", account=SHOP, region="eu-west-1")
    assert ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageTags"] == ["1"]


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        pytest.param("vendor.github-workflows", "github-actions/push.yml", id="GitHub workflows"),
        pytest.param("vendor.gitlab-ci", "gitlab-ci/push.yml", id="GitLab CI"),
    ],
)
def test_the_file_follows_its_published_schema(schema: str, file: str) -> None:
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *transform, str(CONTRIB / file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_pod_follows_the_schema_of_kubernetes() -> None:
    pod = document("kaniko/pod.yaml")
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
    [ensure], [kaniko] = pod["spec"]["initContainers"], pod["spec"]["containers"]
    assert f"--destination={ensure['args'][0]}" in kaniko["args"], "what is ensured is what is pushed"


def test_the_task_has_the_fields_of_a_task() -> None:
    """https://tekton.dev/docs/pipelines/tasks/#configuring-a-task; each step is a container with a script."""
    task = document("tekton/task.yaml")
    assert (task["apiVersion"], task["kind"]) == ("tekton.dev/v1", "Task")
    spec = task["spec"]
    assert spec.keys() <= {"description", "params", "workspaces", "steps", "volumes", "stepTemplate", "results"}
    for step in spec["steps"]:
        containers = [{key: value for key, value in {**spec["stepTemplate"], **step}.items() if key != "script"}]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "task"},
            "spec": {"containers": containers, "volumes": spec["volumes"]},
        }
        kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
        assert step["script"].startswith("#!/bin/sh\n")
        assert "$(params" not in step["script"], "parameters come by the environment, so that none is run"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, "eu-west-1"),
        (f"{SHOP}.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        (f"{SHOP}.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        (f"{SHOP}.dkr-ecr-fips.us-west-2.on.aws", "us-west-2"),
        (f"{SHOP}.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (f"{SHOP}.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ],
)
@pytest.mark.parametrize(
    "commands", [pytest.param(tekton_commands, id="Tekton"), pytest.param(codebuild_commands, id="CodeBuild")]
)
def test_they_log_in_to_the_registry_of_the_image(commands: Callable[[], list[str]], host: str, region: str) -> None:
    lines = [line for text in commands() for line in text.splitlines() if line.startswith(("host=", "region="))]
    ran = subprocess.run(
        ["sh", "-euc", "\n".join([*lines, 'echo "$region"'])],
        env={"IMAGE": f"{host}/team-shop/api:1", "REGISTRY": host},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"{region}\n"
    logins = [line for text in commands() for line in text.splitlines() if "get-login-password" in line]
    assert logins
    assert all('--region "$region"' in line for line in logins)


def test_the_buildspec_has_the_fields_of_a_buildspec() -> None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html"""
    buildspec = document("codebuild/buildspec.yml")
    assert buildspec["version"] == 0.2
    assert buildspec.keys() <= {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
    assert buildspec["env"].keys() <= {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
    assert list(buildspec["phases"]) == ["pre_build", "build", "post_build"]
    for phase in buildspec["phases"].values():
        assert phase.keys() <= {"run-as", "on-failure", "commands", "finally"}
        assert all(isinstance(command, str) for command in phase["commands"])


def test_the_jenkinsfile_has_balanced_brackets() -> None:
    text = (CONTRIB / "jenkins" / "Jenkinsfile").read_text()
    code = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|//[^\n]*", "", text)
    assert code.count("{") == code.count("}") > 0
    assert re.findall(r"^    (\w+)", code, re.MULTILINE) == ["agent", "environment", "options", "stages"]


@pytest.mark.parametrize(
    ("file", "path"),
    [
        pytest.param("github-actions/push.yml", ["env"], id="GitHub Actions"),
        pytest.param("gitlab-ci/push.yml", ["push", "variables"], id="GitLab CI"),
        pytest.param("codebuild/buildspec.yml", ["env", "variables"], id="CodeBuild"),
        pytest.param("tekton/task.yaml", ["spec", "steps", 0, "env", 0], id="Tekton"),
        pytest.param("kaniko/pod.yaml", ["spec", "initContainers", 0, "env", 0], id="Kaniko"),
        pytest.param("jenkins/Jenkinsfile", None, id="Jenkins"),
    ],
)
def test_they_set_the_function_url(file: str, path: list[str | int] | None) -> None:
    if path is None:
        [value] = re.findall(r"^        DEPLOYER_URL = '(.*)'$", (CONTRIB / file).read_text(), re.MULTILINE)
    else:
        found = document(file)
        for step in path:
            found = found[step]
        value = found["value"] if found.get("name") == "DEPLOYER_URL" else found["DEPLOYER_URL"]
    assert FunctionUrl.parse(value).region == "eu-west-1"


def test_every_image_in_them_is_in_ecr() -> None:
    for file in sorted(CONTRIB.rglob("*")):
        for reference in IMAGE.findall(file.read_text(encoding="utf-8") if file.is_file() else ""):
            assert parse_image(re.sub(r"\$(\{\{.*|\{\w+\}|\w+)", "x", reference)), f"{file}: {reference}"
