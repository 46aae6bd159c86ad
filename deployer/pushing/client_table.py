"""The container clients that are known: by which subcommands they push, and where in those the destination stands.

Each from the client's own reference of its command line.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Where(Enum):
    """Which of a command's arguments is what it pushes to."""

    LAST = "the last reference"
    FIRST = "the first reference"
    TAGS = "the values of --tag, when it is to be pushed"
    PUSHED_TAGS = "the values of --tag, always pushed"
    BAKE = "the targets of a bake file, when it is to be pushed"
    COMPOSE = "the services of a compose file"


_ENGINE: Final[dict[tuple[str, ...], Where]] = {
    ("push",): Where.LAST,
    ("image", "push"): Where.LAST,
    ("manifest", "push"): Where.LAST,
    ("build",): Where.TAGS,
    ("image", "build"): Where.TAGS,
    ("builder", "build"): Where.TAGS,
    ("buildx", "build"): Where.TAGS,
    ("buildx", "bake"): Where.BAKE,
    ("bake",): Where.BAKE,
    ("buildx", "imagetools", "create"): Where.PUSHED_TAGS,
    ("compose", "push"): Where.COMPOSE,
    ("compose", "build"): Where.COMPOSE,
}
CLIENTS: Final[dict[str, dict[tuple[str, ...], Where]]] = {
    "docker": _ENGINE,
    "podman": _ENGINE,
    "nerdctl": _ENGINE,
    "finch": _ENGINE,
    "docker-compose": {("push",): Where.COMPOSE, ("build",): Where.COMPOSE},
    "buildah": {("push",): Where.LAST, ("manifest", "push"): Where.LAST},
    "skopeo": {("copy",): Where.LAST},
    "crane": {
        ("push",): Where.LAST,
        ("copy",): Where.LAST,
        ("cp",): Where.LAST,
        ("append",): Where.PUSHED_TAGS,
        ("flatten",): Where.PUSHED_TAGS,
        ("index", "append"): Where.PUSHED_TAGS,
        ("index", "filter"): Where.PUSHED_TAGS,
        ("mutate",): Where.PUSHED_TAGS,
        ("rebase",): Where.PUSHED_TAGS,
    },
    "oras": {
        ("push",): Where.FIRST,
        ("attach",): Where.FIRST,
        ("cp",): Where.LAST,
        ("copy",): Where.LAST,
        ("manifest", "push"): Where.FIRST,
        ("manifest", "index", "create"): Where.FIRST,
        ("blob", "push"): Where.FIRST,
    },
}
"""Every client that is known, and the subcommands by which it pushes.

Not `skopeo sync`: the names of what it makes are not in its arguments.
"""

_VALUED: Final = """
--config --context -c --host -H --log-level -l --namespace -n --address --connection --url
--root --runroot --tmpdir --registries-conf --registries.d --policy --hosts-dir --identity
--tlscacert --tlscert --tlskey --ca-file --cert-file --key-file --cert-dir --src-cert-dir --dest-cert-dir
--authfile --src-authfile --dest-authfile --registry-config --from-registry-config --to-registry-config
--creds --src-creds --dest-creds --registry-token --src-registry-token --dest-registry-token
--username -u --src-username --dest-username --from-username --to-username
--password --src-password --dest-password --from-password --to-password
--identity-token --from-identity-token --to-identity-token --from-registry-token --to-registry-token
--encryption-key --decryption-key --sign-by --sign-identity --sign-passphrase-file
--sign-by-sigstore --sign-by-sigstore-private-key --cosign-key --notation-key-name
--additional-tag --annotation --annotation-file --artifact-type --media-type --format
--digestfile --export-manifest --from-file --iidfile --image-refs --metadata-file --manifest-config
--file -f --env-file --project-directory --project-name --profile
--build-arg --builder --memory -m --progress --ssh
"""
VALUED: Final = frozenset(_VALUED.split())
"""Options whose value stands in a word of its own and may be taken for something else: a path that looks like a
reference (`ci.d/auth.json`), a password that does, a project that is called `push`. Not `-a` and `-p`, which have a
value with some clients and none with others.
"""

LOCAL_DESTINATIONS: Final = frozenset(["--oci-layout", "--oci-layout-path", "--to-oci-layout", "--to-oci-layout-path"])
"""Options of oras by which it writes to a folder."""
