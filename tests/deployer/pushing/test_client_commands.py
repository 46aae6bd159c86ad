"""What each client's command line is going to push."""

from __future__ import annotations

import shlex

import pytest

from deployer.pushing.client_commands import Destinations, InFile, Named, NoPush, destinations_of

R = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("command", "destinations"),
    [
        pytest.param(f"docker push {R}/api:1", Named((f"{R}/api:1",)), id="docker push"),
        pytest.param(f"docker --context ci push -q {R}/api:1", Named((f"{R}/api:1",)), id="global options before"),
        pytest.param(f"docker image push --platform linux/arm64 {R}/api", Named((f"{R}/api",)), id="docker image push"),
        pytest.param(
            f"docker manifest push -p {R}/api:1", Named((f"{R}/api:1",)), id="an option without a value before"
        ),
        pytest.param(f"/usr/bin/docker push {R}/api:1", Named((f"{R}/api:1",)), id="a client by its path"),
        pytest.param(
            f"podman push {R}/old:1 docker://{R}/new:1 --authfile auth/ci.json",
            Named((f"docker://{R}/new:1",)),
            id="podman's destination, not its source",
        ),
        pytest.param(
            f"podman push {R}/api:1 --authfile ci.d/auth.json",
            Named((f"{R}/api:1",)),
            id="a path that looks like a reference",
        ),
        pytest.param(
            f"podman push {R}/api:1 --creds AWS:pass.word/x --encryption-key jwe:keys.d/public.pem",
            Named((f"{R}/api:1",)),
            id="a password and a key that look like references",
        ),
        pytest.param(
            f"skopeo copy oci:x docker://{R}/api:1 --src-creds docker.io/secret",
            Named((f"docker://{R}/api:1",)),
            id="options with values behind the image",
        ),
        pytest.param(f"docker --log-level build push {R}/api", Named((f"{R}/api",)), id="a value that is a subcommand"),
        pytest.param(f"podman push {R}/api:1 dir:/tmp/api", Named(("dir:/tmp/api",)), id="a push into a folder"),
        pytest.param(
            f"skopeo copy docker://docker.io/library/alpine:3 docker://{R}/alpine:3 --dest-tls-verify=false",
            Named((f"docker://{R}/alpine:3",)),
            id="skopeo's destination",
        ),
        pytest.param(
            f"skopeo copy docker://{R}/api:1 docker-archive:api.tar",
            Named(("docker-archive:api.tar",)),
            id="skopeo out of ECR",
        ),
        pytest.param(f"buildah push api docker://{R}/api:1", Named((f"docker://{R}/api:1",)), id="buildah"),
        pytest.param(f"crane push image.tar {R}/api:1", Named((f"{R}/api:1",)), id="crane push"),
        pytest.param(f"crane cp docker.io/a/b:1 {R}/api:1", Named((f"{R}/api:1",)), id="crane cp"),
        pytest.param(
            f"oras push {R}/docs:1 ./a.txt:text/plain --artifact-type x/y", Named((f"{R}/docs:1",)), id="oras push"
        ),
        pytest.param(f"oras blob push {R}/docs ./a.txt", Named((f"{R}/docs",)), id="oras blob push"),
        pytest.param(f"oras cp {R}/docs:1 {R}/copy:1", Named((f"{R}/copy:1",)), id="oras cp"),
        pytest.param(f"oras cp --to-oci-layout {R}/docs:1 ./docs:1", NoPush(), id="oras cp out of ECR"),
        pytest.param(f"oras cp --from-oci-layout ./docs:1 {R}/docs:1", Named((f"{R}/docs:1",)), id="oras cp into ECR"),
        pytest.param(f"oras push {R}/docs:1,2,latest a.txt", Named((f"{R}/docs:1",)), id="oras with several tags"),
        pytest.param(
            f"oras push -a example.com/x=y --artifact-type example.com/kind {R}/docs:1 a.txt",
            Named((f"{R}/docs:1",)),
            id="oras with an annotation before the image",
        ),
        pytest.param(
            f"docker buildx build --push -t {R}/api:1 --tag={R}/api:latest .",
            Named((f"{R}/api:1", f"{R}/api:latest")),
            id="buildx with several tags",
        ),
        pytest.param(
            f"docker buildx build -o type=image,name={R}/api:1,push=true .",
            Named((f"{R}/api:1",)),
            id="buildx with an output that pushes",
        ),
        pytest.param(
            f"""docker buildx build -o 'type=image,"name={R}/api:1,{R}/web:1",push=true' .""",
            Named((f"{R}/api:1", f"{R}/web:1")),
            id="buildx with an output of several names",
        ),
        pytest.param(f"docker buildx build -o type=image,name={R}/api:1 .", NoPush(), id="an output that stays here"),
        pytest.param(
            f"docker buildx imagetools create -t {R}/api:1 {R}/api:amd64 {R}/api:arm64",
            Named((f"{R}/api:1",)),
            id="an index made of images",
        ),
        pytest.param(f"crane append -f layer.tar -t {R}/api:1", Named((f"{R}/api:1",)), id="crane append"),
        pytest.param(f"skopeo sync --src dir --dest docker ./images {R}/mirror", NoPush(), id="names not told"),
        pytest.param(f"docker build -t {R}/api:1 .", NoPush(), id="a build that is not pushed"),
        pytest.param(f"docker build -t {R}/api:1 --target push .", NoPush(), id="a stage that is called push"),
        pytest.param(f"podman push {R}/build", Named((f"{R}/build",)), id="an image that is called build"),
        pytest.param(f"docker pull {R}/api:1", NoPush(), id="a pull"),
        pytest.param("docker ps", NoPush(), id="something else"),
        pytest.param(
            "docker buildx bake -f ci.hcl --push release",
            InFile("bake", ("docker", "buildx", "bake", "-f", "ci.hcl", "release", "--print")),
            id="bake is asked what it would build",
        ),
        pytest.param(
            "docker bake --set *.output=type=registry",
            InFile("bake", ("docker", "bake", "--set", "*.output=type=registry", "--print"), all_are_pushed=False),
            id="bake's file says what is pushed",
        ),
        pytest.param(
            "docker compose build --build-arg X=1 --push --builder ci",
            InFile("compose", ("docker", "compose", "config")),
            id="values of options are no services",
        ),
        pytest.param(
            "docker compose --project-name push --profile build push --include-deps web",
            InFile(
                "compose",
                ("docker", "compose", "--project-name", "push", "--profile", "build", "config"),
                ("web",),
                with_dependencies=True,
            ),
            id="a project that is called push, and what a service depends on",
        ),
        pytest.param(
            "docker-compose push",
            InFile("compose", ("docker-compose", "config")),
            id="compose as a program of its own",
        ),
        pytest.param(
            "docker compose -f ci.yaml push api",
            InFile("compose", ("docker", "compose", "-f", "ci.yaml", "config"), ("api",)),
            id="compose is asked for its services",
        ),
        pytest.param("docker compose build", NoPush(), id="a compose build that is not pushed"),
        pytest.param(f"/kaniko/executor --destination={R}/api:1", Named((f"{R}/api:1",)), id="kaniko"),
        pytest.param(f"regctl image copy a.io/x {R}/api:1", Named(("a.io/x", f"{R}/api:1")), id="a client not known"),
    ],
)
def test_destinations(command: str, destinations: Destinations) -> None:
    assert destinations_of(shlex.split(command)) == destinations
