"""Clients that build and push images: docker, podman, nerdctl, finch, buildah, buildctl, and docker compose. Pure.

Each from the client's own reference of its command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from deployer.pushing.build_outputs import images_of_cache, images_of_output, is_pushing, output_fields
from deployer.pushing.client_arguments import Arguments, option_names
from deployer.pushing.client_destinations import Call, Client, Destination, InFile, Verb, first, last, tags, verbs

_DEPENDENCIES: Final = ("--include-deps", "--with-dependencies")
_LISTS: Final = ("--list", "--list-targets", "--list-variables")
_PUSH_OPTIONS: Final = """
--authfile --cert-dir --compression-format --compression-level --creds --digestfile --encryption-key --encrypt-layer
--format -f --platform --retry --retry-delay --sign --sign-by --sign-by-sigstore --sign-by-sigstore-private-key
--sign-passphrase-file --cosign-key --notation-key-name --ipfs-address --add-compression
--config --context --host -H --log-level -l --connection --url --identity --root --runroot
"""
_BUILD_OPTIONS: Final = (
    "-t --tag -o --output --cache-to --cache-from -f --file -c -m -v --build-arg --build-context --call --print"
)
_COMPOSE_OPTIONS: Final = """
-f --file -p --project-name --profile --env-file --project-directory --parallel --ansi
--build-arg --builder -m --memory --progress --ssh --provenance --sbom
"""


def _built(call: Call) -> Iterator[str]:
    """The tags and caches of a build. Tags take the place of an output's name, as buildx has it."""
    options = call.arguments
    if _is_only_checked(options, *options.values("--print")):
        return
    outputs = [output_fields(value) for value in options.values("-o", "--output")]
    is_pushed = options.is_on("--push")
    if is_pushed or any(map(is_pushing, outputs)):
        yield from tags(call) or _named(outputs, is_pushed=is_pushed)
    for cache in options.values("--cache-to"):
        yield from images_of_cache(cache)


def _is_only_checked(options: Arguments, *methods: str) -> bool:
    """Whether a build is described instead of run: https://docs.docker.com/reference/cli/docker/buildx/build/#call."""
    return options.is_on("--check") or not {*options.values("--call"), *methods} <= {"build"}


def _named(outputs: Iterable[Mapping[str, str]], *, is_pushed: bool = False) -> Iterator[str]:
    """The images of the outputs that push, or of all if the command does (`is_pushed`)."""
    for output in outputs:
        if is_pushed or is_pushing(output):
            yield from images_of_output(output)


def _built_with_buildctl(call: Call) -> Iterator[str]:
    """https://github.com/moby/buildkit#output, and the options that came before them."""
    options = call.arguments
    yield from _named(output_fields(value) for value in options.values("-o", "--output"))
    exporter = [f"type={name}" for name in options.values("--exporter")]
    yield from _named([output_fields(",".join([*exporter, *options.values("--exporter-opt")]))])
    for cache in options.values("--export-cache"):
        yield from images_of_cache(cache)


def _index(call: Call) -> Iterable[str]:
    return () if call.arguments.has("--dry-run") else tags(call)


def _committed(call: Call) -> list[str]:
    """Only with a transport does `buildah commit` push."""
    return [word for word in call.words[-1:] if word.startswith("docker://")]


def _pushed_model(call: Call) -> list[str]:
    return list(call.words[-1:]) if call.arguments.is_on("--push") else []


def _baked(call: Call) -> Iterator[Destination]:
    """The same command, printing what it would build: https://docs.docker.com/reference/cli/docker/buildx/bake/."""
    if call.arguments.is_on("--print") or call.arguments.has(*_LISTS) or _is_only_checked(call.arguments):
        return
    words = call.command.words[len(call.before) :]
    rest = [word for word in words if word.partition("=")[0] not in {"--push", "--load"}]
    command = (*call.before, *rest, "--print")
    is_pushed = call.arguments.is_on("--push")
    yield _in_file(call, InFile("bake", command, all_are_pushed=is_pushed))


def _composed(call: Call) -> Iterator[Destination]:
    """`docker compose … push api web` as `docker compose … config api web`, which switches their profiles on."""
    options, is_built = call.arguments, call.before[-1] == "build"
    if is_built and not options.is_on("--push"):
        return
    services = call.words
    found = InFile(
        "compose",
        (*call.before[:-1], "config", *services),
        services,
        with_dependencies=options.has(*_DEPENDENCIES),
        is_built=is_built,
    )
    yield _in_file(call, found)


def _in_file(call: Call, found: InFile) -> InFile:
    return replace(found, is_direct=call.command.is_direct, environment=call.command.environment)


_COMPOSE: Final[dict[str, Verb]] = {
    **verbs(_composed, "push, build", _COMPOSE_OPTIONS),
    **verbs(first, "publish, alpha publish", "--oci-version"),
}
_BUILDX: Final[dict[str, Verb]] = {
    **verbs(_built, "build, b, debug build, dap build", _BUILD_OPTIONS),
    **verbs(_baked, "bake, f", "-f --file --set --builder --metadata-file --allow --call --progress"),
    **verbs(_index, "imagetools create", "-t --tag -f --file --builder -p --platform --annotation --metadata-file"),
}


def _below(name: str, group: dict[str, Verb]) -> dict[str, Verb]:
    return {f"{name} {verb}": rule for verb, rule in group.items()}


_ENGINE: Final[dict[str, Verb]] = {
    **verbs(last(1), "push, image push, manifest push, plugin push, model push", _PUSH_OPTIONS),
    **verbs(first, "trust sign"),
    **verbs(_built, "build, image build, builder build, buildx build", _BUILD_OPTIONS),
    **verbs(_baked, "bake", "-f --file --set --builder --metadata-file --allow --call --progress"),
    **verbs(_pushed_model, "model package", "--gguf --license --context-size --chat-template --from --dir-tar"),
    **_below("buildx", _BUILDX),
    **_below("compose", _COMPOSE),
}
_DAEMON_OPTIONS: Final = """
--config --context -c --host -H --log-level -l --tlscacert --tlscert --tlskey
--namespace -n --address -a --hosts-dir --snapshotter --storage-driver --cni-path --cni-netconfpath --data-root
--cgroup-manager --host-gateway-ip --bridge-ip --cdi-spec-dirs --userns-remap
--builder -f --file -p --project-name --profile --env-file --project-directory --parallel --ansi --progress
"""
_PODMAN_OPTIONS: Final = """
--connection --url --identity --root --runroot --storage-driver --storage-opt --log-level --tmpdir --cgroup-manager -c
--events-backend --imagestore --module --network-config-dir --out --runtime --ssh --volumepath --registries-conf
--cdi-spec-dir --conmon --db-backend --hooks-dir --network-cmd-path --pull-option --tls-ca --tls-cert --tls-key
--registries-conf-dir --registry-config --userns-uid-map --userns-gid-map --default-mounts-file --short-name-alias-conf
"""
_PODMAN: Final[dict[str, Verb]] = {
    **_ENGINE,
    **verbs(last(2), "push, image push, manifest push", _PUSH_OPTIONS),
    **verbs(last(1), "artifact push", _PUSH_OPTIONS),
    **verbs(tags, "farm build", _BUILD_OPTIONS),
}
_BUILDAH: Final[dict[str, Verb]] = {
    **verbs(last(2), "push, manifest push", _PUSH_OPTIONS),
    **verbs(_built, "build, bud, build-using-dockerfile", _BUILD_OPTIONS),
    **verbs(_committed, "commit", _PUSH_OPTIONS),
}
_BUILDKIT_OPTIONS: Final = "--addr --log-format --timeout --tlscacert --tlscert --tlsdir --tlskey --tlsservername"
_BUILDCTL: Final = verbs(
    _built_with_buildctl,
    "build, b",
    "-o --output --export-cache --exporter --exporter-opt --opt --local --import-cache",
)

ENGINES: Final[dict[str, Client]] = {
    **dict.fromkeys(["docker", "nerdctl", "finch"], Client(_ENGINE, option_names(_DAEMON_OPTIONS))),
    **dict.fromkeys(["podman", "podman-remote"], Client(_PODMAN, option_names(_PODMAN_OPTIONS))),
    "buildah": Client(_BUILDAH, option_names(_PODMAN_OPTIONS)),
    **dict.fromkeys(["docker-buildx", "buildx", "depot"], Client(_BUILDX, option_names("--builder --project"))),
    **dict.fromkeys(["docker-compose", "podman-compose"], Client(_COMPOSE, option_names(_COMPOSE_OPTIONS))),
    **dict.fromkeys(["buildctl", "buildctl-daemonless.sh"], Client(_BUILDCTL, option_names(_BUILDKIT_OPTIONS))),
}
