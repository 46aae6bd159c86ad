"""`deployer push` with real clients if they are installed, and otherwise with small programs in their place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.clients.kit import Bench, Client, Unavailable, skopeo
from tests.clients.matrix import builders
from tests.clocks import skipping
from tests.deployer.command_line import after_notice
from tests.deployer.ensuring import CENTRAL, HOST, SHOP, new, repositories
from tests.deployer.json_documents import check_output
from tests.terminal import in_a_terminal, type_ctrl_c

LEDGER = f"arn:aws:dynamodb:eu-west-1:{CENTRAL}:table/deployer-ledger"
PROGRAM = "import sys; sys.argv[0] = 'deployer'; from deployer.__main__ import main; main()"

Push = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def bench(rolled_out: Sandbox) -> Iterator[Bench]:
    with builders(rolled_out, SHOP) as bench:
        yield bench


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder at the start of the search path for programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def push(
    rolled_out: Sandbox,
    bench: Bench,
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Push]:
    monkeypatch.chdir(tmp_path)
    for name, value in bench.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def call(*arguments: str, variables: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        for name, value in (variables or {}).items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run(["push", *arguments], clock=skipping(rolled_out.settle))
        shown = capfd.readouterr()
        if "--dry-run" in arguments:
            check_output(["push", *arguments], shown.out)
        return code, shown.out, shown.err

    yield call
    rolled_out.settle()


@pytest.fixture(scope="module")
def client(bench: Bench) -> Iterator[Client]:
    with ExitStack() as stack:
        try:
            ready = stack.enter_context(skopeo(bench))
        except Unavailable as reason:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(reason))
        yield ready


def program(folder: Path, name: str, script: str) -> None:
    """A stand-in for a client; that of docker reports its daemon's version."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] && exit 0\n{script}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class TestDryRun:
    def test_it_prints_the_repositories_and_runs_nothing(
        self, push: Push, programs: Path, rolled_out: Sandbox, tmp_path: Path
    ) -> None:
        program(programs, "docker", f"touch {tmp_path}/ran")
        rolled_out.calls.clear()
        other = host_of("400000000001", "us-east-1")
        script = f"docker push {HOST}/team-shop/web:1 && docker push {other}/team-shop/web:1 && docker push web"
        code, out, err = push("--dry-run", "--", "bash", "-c", script)
        assert (code, out) == (0, f"{SHOP} eu-west-1 team-shop/web\n400000000001 us-east-1 team-shop/web\n")
        assert err == "web: not in a private ECR registry, ignored\n"
        code, out, _ = push("--dry-run", "--json", "--", "docker", "push", f"{HOST}/team-shop/web:1")
        assert json.loads(out) == [{"account": SHOP, "region": "eu-west-1", "repository": "team-shop/web"}]
        assert not (tmp_path / "ran").exists()
        assert not list(rolled_out.calls)

    def test_nothing_to_push(self, push: Push) -> None:
        assert push("--dry-run", "crane-that-nobody-has", "push") == (0, "", "")
        assert push("--dry-run", "--json", "docker", "ps") == (0, "[]\n", "")
        code, out, err = push("--json", "docker", "ps")
        assert (code, out, "--json: is for --dry-run" in err) == (64, "", True)

    def test_a_missing_client_that_is_needed_to_read_its_file(self, push: Push) -> None:
        code, out, err = push("--dry-run", "no-such-folder/docker", "compose", "push")
        assert (code, out) == (127, "")
        assert "no-such-folder/docker is not installed" in err

    @pytest.mark.parametrize("reference", ["/app:1", "$REGISTRY/app:1"])
    def test_an_invalid_image_reference(self, push: Push, reference: str) -> None:
        code, out, err = push(
            "--dry-run", "docker", "build", "--push", "-t", f"{HOST}/team-shop/web:1", "-t", reference, "."
        )
        assert (code, out) == (15, "")
        assert f"{reference!r} is not a reference to an image" in err


@pytest.mark.client
class TestSkopeo:
    def test_the_first_push_works(self, push: Push, client: Client, rolled_out: Sandbox) -> None:
        name, image = new()
        code, out, err = push("--", *client.command(image))
        assert (code, out) == (0, "")
        assert after_notice(err) == f"Waiting for {name}: requested\n"
        ecr = rolled_out.client("ecr", account=SHOP, region="eu-west-1")
        assert ecr.describe_images(repositoryName=name)["imageDetails"][0]["imageTags"] == ["1"]

    def test_a_command_without_double_dashes(self, push: Push, client: Client) -> None:
        assert push(*client.command(new()[1]))[0] == 0

    def test_the_clients_own_failure_is_left_to_its_message(self, push: Push, client: Client) -> None:
        _, image = new()
        code, _, err = push(*client.command(image)[:-2], "oci:nowhere:1", f"docker://{image}")
        assert code == 1
        assert "nowhere" in err
        assert "deployer:" not in err

    def test_a_tag_that_may_not_be_moved_is_explained(self, push: Push, client: Client) -> None:
        name, image = new()
        assert push(*client.command(image))[0] == 0
        code, _, err = push(*client.command(image))
        assert code == 1
        assert f"{name}:1: the tag exists and is immutable\n  Push under a new tag." in err

    def test_signatures_can_be_overwritten_with_the_example_config(self, push: Push, client: Client) -> None:
        _, image = new()
        signature = f"{image.removesuffix(':1')}:sha256-{'0' * 64}.sig"
        assert [push(*client.command(signature))[0] for _ in range(2)] == [0, 0]

    def test_after_a_refusal_the_client_does_not_run(self, push: Push, client: Client, rolled_out: Sandbox) -> None:
        name, image = new(team="not-a-team")
        reader = rolled_out.environment(CENTRAL) | {"AWS_SESSION_TOKEN": "", "DEPLOYER_LEDGER": LEDGER}
        code, out, err = push(*client.command(image), variables=reader)
        assert (code, out) == (19, "")
        assert f"{name} (shop-prod {SHOP}, eu-west-1): refused\n" in err
        assert "level=fatal" not in err

    def test_a_script_with_two_pushes(self, push: Push, client: Client, rolled_out: Sandbox, tmp_path: Path) -> None:
        (one, first), (two, second) = new(), new()
        # Tags are immutable here, so each run pushes to tags of its own.
        lines = [" ".join(client.command(image.replace(":1", ":$$"))) for image in (first, second)]
        (tmp_path / "push.sh").write_text("set -e\n" + "\n".join(lines) + "\necho pushed\n")
        code, out, err = push("sh", "push.sh")
        assert (code, out) == (0, "pushed\n"), err
        assert {one, two} <= repositories(rolled_out)
        # Either may exist by the time: skopeo first tries to mount the layer, which causes the repository as well.
        first_line, *found = [line for line in err.splitlines() if line.startswith("deployer: ")]
        assert first_line == "deployer: the command names no repository in ECR that it pushes to; it runs unchanged"
        reports = [
            f"deployer: {name} ({SHOP}, eu-west-1) does not exist; the command runs again when it does"
            for name in (one, two)
        ]
        assert found in ([], reports[:1], reports[1:], reports)

    def test_a_script_that_pushes_to_a_refused_repository(
        self, push: Push, client: Client, rolled_out: Sandbox, tmp_path: Path
    ) -> None:
        name = f"team-shop/tmp-{uuid.uuid4().hex[:12]}"
        (tmp_path / "push.sh").write_text(" ".join(client.command(f"{HOST}/{name}:1")))
        reader = rolled_out.environment(CENTRAL) | {"AWS_SESSION_TOKEN": "", "DEPLOYER_LEDGER": LEDGER}
        code, _, err = push("sh", "push.sh", variables=reader)
        assert code == 19
        assert f"{name} (shop-prod {SHOP}, eu-west-1): refused\n" in err

    def test_the_source_of_a_copy_is_not_created(self, push: Push, client: Client, rolled_out: Sandbox) -> None:
        (source, from_image), (target, to_image) = new(), new()
        copy = ["skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
        code, _, err = push(*copy, f"docker://{from_image}", f"docker://{to_image}")
        assert code == 1, err
        assert source not in repositories(rolled_out)
        assert target in repositories(rolled_out)
        code, _, _ = push("sh", "-c", f"{' '.join(copy)} docker://{from_image} $(echo docker://{to_image})")
        assert code == 1
        assert source not in repositories(rolled_out)

    def test_a_repository_that_is_not_created_in_time(self, push: Push, client: Client) -> None:
        code, out, err = push("--timeout", "1", *client.command(f"{HOST}/team-shop/tmp-{uuid.uuid4().hex[:12]}:1"))
        assert (code, out) == (18, "")
        assert "does not exist after " in err


@pytest.mark.client
class TestBuildah:
    @pytest.mark.parametrize("in_script", [False, True], ids=["a known command", "a script"])
    def test_a_cache_in_a_registry(
        self, push: Push, bench: Bench, rolled_out: Sandbox, tmp_path: Path, in_script: bool
    ) -> None:
        if shutil.which("buildah") is None and os.environ.get("CI") != "true":
            pytest.skip("buildah is not installed")
        name, _ = new()
        root = bench.folder / f"cache-{in_script}"
        (tmp_path / "Containerfile").write_text("FROM scratch\nCOPY Containerfile /\n")
        storage = ["--root", f"{root}/root", "--runroot", f"{root}/run", "--storage-driver", "vfs"]
        options = ["--isolation", "chroot", "--layers", "--tls-verify=false", "--cache-to", f"{HOST}/{name}"]
        command = ["buildah", *storage, "build", *options, str(tmp_path)]
        if in_script:
            (tmp_path / "build.sh").write_text(" ".join(command))
            command = ["sh", "build.sh"]
        code, _, err = push(*command)
        assert code == 0, err
        assert in_script or "the command runs again when it does" not in err
        ecr = rolled_out.client("ecr", account=SHOP, region="eu-west-1")
        assert ecr.describe_images(repositoryName=name)["imageDetails"]


class TestBeforeThePush:
    def test_a_client_that_is_not_installed(self, push: Push) -> None:
        code, _, err = push("crane-that-nobody-has", "push", "image.tar", new()[1])
        assert code == 127
        assert "crane-that-nobody-has is not installed" in err

    def test_an_option_that_deployer_does_not_have(self, push: Push) -> None:
        code, _, err = push("--retry", "3", "docker", "push", new()[1])
        assert code == 64
        assert "No such option: --retry" in err

    def test_a_daemon_that_does_not_respond(self, push: Push, programs: Path, rolled_out: Sandbox) -> None:
        program(programs, "docker", "exit 0")
        (programs / "docker").write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
        name, image = new()
        code, _, err = push("docker", "push", image)
        assert code == 21
        assert "The daemon of docker does not answer: Cannot connect to the Docker daemon" in err
        assert name not in repositories(rolled_out), "nothing is requested needlessly"

    def test_no_login(self, push: Push, programs: Path, tmp_path: Path) -> None:
        program(programs, "docker", "exit 0")
        code, _, err = push("docker", "push", new()[1], variables={"DOCKER_CONFIG": str(tmp_path)})
        assert code == 22
        assert f"docker has no login for {HOST}" in err
        login = f"docker login --username AWS --password-stdin {HOST}"
        assert f"aws ecr get-login-password --region eu-west-1 | {login}\n" in err


class TestTheClient:
    def test_it_gets_its_command_unchanged_and_its_exit_code_is_returned(
        self, push: Push, programs: Path, rolled_out: Sandbox
    ) -> None:
        program(programs, "docker", 'printf "%s|" "$@"; exit 42')
        name, image = new()
        code, out, _ = push("docker", "--debug", "push", "--json", "two words", image, "--", "--timeout", "1")
        assert code == 42
        assert out == f"--debug|push|--json|two words|{image}|--|--timeout|1|"
        assert name in repositories(rolled_out)

    def test_a_command_that_pushes_nothing_is_run_unchanged(
        self, push: Push, programs: Path, rolled_out: Sandbox
    ) -> None:
        program(programs, "docker", 'echo "$@"; exit 3')
        rolled_out.calls.clear()
        said = "deployer: the command names no repository in ECR that it pushes to; it runs unchanged\n"
        assert push("docker", "ps") == (3, "ps\n", said)
        assert not list(rolled_out.calls)

    def test_a_password_is_not_mistaken_for_an_image_and_printed(self, push: Push, programs: Path) -> None:
        program(programs, "skopeo", "exit 0")
        code, out, err = push("skopeo", "copy", "oci:x", f"docker://{new()[1]}", "--src-creds", "docker.io/secret")
        assert (code, out) == (0, "")
        assert "secret" not in err

    def test_a_client_that_exits_with_0_after_a_failed_cache_export(
        self, push: Push, programs: Path, rolled_out: Sandbox, tmp_path: Path
    ) -> None:
        """As kaniko and buildx with ignore-error=true do."""
        cache, image = new()
        address = f"https://{HOST}/v2/{cache}/blobs/uploads/"
        program(
            programs,
            "builder",
            f"""echo run >> {tmp_path}/runs
            [ "$(wc -l < {tmp_path}/runs)" -ge 2 ] && exit 0
            echo 'WARN error uploading layer to cache: POST {address}: NAME_UNKNOWN: 404' >&2""",
        )
        code, _, err = push("builder", "--cache-of", image)
        assert code == 0, err
        assert (tmp_path / "runs").read_text() == "run\nrun\n"
        assert cache in repositories(rolled_out)

    def test_a_retry_with_consumed_standard_input(self, push: Push, programs: Path, rolled_out: Sandbox) -> None:
        name, _ = new()
        program(programs, "builder", f"cat; echo 'POST https://{HOST}/v2/{name}/blobs/uploads/: NAME_UNKNOWN'; exit 9")
        reader, writer = os.pipe()
        os.write(writer, b"context")
        os.close(writer)
        kept = os.dup(0)
        try:
            os.dup2(reader, 0)
            code, out, err = push("builder")
        finally:
            os.dup2(kept, 0)
            os.close(kept)
            os.close(reader)
        assert code == 9
        assert out.count("context") == 1
        assert "has read its standard input, which cannot be read twice" in err
        assert name in repositories(rolled_out)

    def test_variable_assignments_before_the_command(self, push: Push, programs: Path) -> None:
        program(programs, "docker", 'echo "$GREETING $*"')
        assert push("GREETING=hello", "docker", "ps")[:2] == (0, "hello ps\n")

    def test_a_push_that_still_finds_no_repository_is_retried(self, push: Push, programs: Path, tmp_path: Path) -> None:
        program(
            programs,
            "docker",
            f"""echo run >> {tmp_path}/runs
            [ "$(wc -l < {tmp_path}/runs)" -ge 2 ] && exit 0
            echo 'name unknown: The repository does not exist' >&2; exit 1""",
        )
        code, _, err = push("docker", "push", new()[1])
        assert code == 0
        assert "deployer: the registry does not know the repository yet; try 2 in 1 s\n" in err
        (tmp_path / "runs").unlink()
        assert push("--retries", "0", "docker", "push", new()[1])[0] == 1

    @pytest.mark.parametrize(
        ("arguments", "answer"),
        [
            pytest.param(["compose", "push"], {"services": {"api": {"build": {}, "image": "IMAGE"}}}, id="compose"),
            pytest.param(["buildx", "bake", "--push"], {"target": {"api": {"tags": ["IMAGE"]}}}, id="bake"),
        ],
    )
    def test_a_file_is_resolved_by_the_client_itself(
        self, push: Push, programs: Path, rolled_out: Sandbox, arguments: list[str], answer: object
    ) -> None:
        name, image = new()
        text = json.dumps(answer).replace("IMAGE", image)
        program(programs, "docker", f"case \"$*\" in *config*|*--print*) echo '{text}';; *) echo pushed;; esac")
        code, out, err = push("docker", *arguments)
        assert (code, out) == (0, "pushed\n"), err
        assert name in repositories(rolled_out)

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(["compose", "--file", "-", "push"], id="compose"),
            pytest.param(["buildx", "bake", "--push", "-f-"], id="bake"),
        ],
    )
    def test_a_file_that_can_be_read_only_once_is_left_for_the_push(
        self, push: Push, programs: Path, arguments: list[str]
    ) -> None:
        program(programs, "docker", "cat >&2; echo pushed")
        code, out, err = push("docker", *arguments)
        assert (code, out) == (3, "")
        assert "docker reads its file from standard input, which can be read only once" in err
        assert "--file" in err

    def test_only_the_push_reads_standard_input(self, push: Push, programs: Path, tmp_path: Path) -> None:
        _, image = new()
        text = json.dumps({"target": {"api": {"tags": [image]}}})
        program(programs, "docker", f"case \"$*\" in *--print*) cat >&2; echo '{text}';; *) cat;; esac")
        (tmp_path / "input").write_text("for the client\n")
        kept = os.dup(0)
        try:
            with (tmp_path / "input").open() as given:
                os.dup2(given.fileno(), 0)
            code, out, _ = push("docker", "buildx", "bake", "--push")
        finally:
            os.dup2(kept, 0)
            os.close(kept)
        assert (code, out) == (0, "for the client\n")

    def test_a_file_that_the_client_cannot_resolve(self, push: Push, programs: Path) -> None:
        program(programs, "docker", "echo 'no configuration file provided' >&2; exit 14")
        code, out, err = push("docker", "compose", "push")
        assert (code, out) == (3, "")
        assert "docker compose config failed: no configuration file provided" in err


def test_ctrl_c_ends_the_client_and_its_exit_code_is_returned(bench: Bench, programs: Path) -> None:
    """The whole program in a terminal, as a person sees it; a push that was stopped is not retried."""
    program(
        programs,
        "docker",
        "trap 'echo stopped: name unknown >&2; exit 5' INT; echo ready; sleep 20 >/dev/null 2>&1 & wait",
    )
    variables = {**bench.variables, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", PROGRAM, "push", "docker", "push", new()[1]]
    with in_a_terminal(command, variables=variables) as started:
        assert started.stdout
        while b"ready" not in started.stdout.readline():
            pass
        type_ctrl_c(started)
        shown, _ = started.communicate(timeout=20)
    assert b"stopped" in shown
    assert b"deployer:" not in shown
    assert started.returncode == 5


def test_cancelling_a_pipeline_ends_the_client_too(bench: Bench, programs: Path) -> None:
    program(programs, "docker", "trap 'echo ended; exit 143' TERM; echo ready; sleep 20 >/dev/null 2>&1 & wait")
    variables = {**bench.variables, "PATH": f"{programs}:{os.environ['PATH']}"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "push", "docker", "push", new()[1]],
        env=variables,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as started:
        assert started.stdout
        assert started.stdout.readline() == "ready\n"
        started.send_signal(signal.SIGTERM)
        shown = started.stdout.readline()
    assert (shown, started.returncode) == ("ended\n", 143)
