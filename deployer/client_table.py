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
    ("buildx", "imagetools", "create"): Where.PUSHED_TAGS,
    ("compose", "push"): Where.COMPOSE,
    ("compose", "build"): Where.COMPOSE,
}
CLIENTS: Final[dict[str, dict[tuple[str, ...], Where]]] = {
    "docker": _ENGINE,
    "podman": _ENGINE,
    "nerdctl": _ENGINE,
    "finch": _ENGINE,
    "buildah": {("push",): Where.LAST, ("manifest", "push"): Where.LAST},
    "skopeo": {("copy",): Where.LAST},
    "crane": {
        ("push",): Where.LAST,
        ("copy",): Where.LAST,
        ("cp",): Where.LAST,
        ("append",): Where.PUSHED_TAGS,
        ("index", "append"): Where.PUSHED_TAGS,
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

PATHS: Final = frozenset(
    [
        "--authfile",
        "--ca-file",
        "--cert-dir",
        "--cert-file",
        "--config",
        "--dest-authfile",
        "--dest-cert-dir",
        "--digestfile",
        "--env-file",
        "--export-manifest",
        "--file",
        "--from-file",
        "--iidfile",
        "--key-file",
        "--metadata-file",
        "--policy",
        "--project-directory",
        "--registries-conf",
        "--registries.d",
        "--registry-config",
        "--root",
        "--runroot",
        "--src-authfile",
        "--src-cert-dir",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
        "--tmpdir",
        "-f",
    ]
)
"""Options whose value is a path, which may look like a reference: `ci.d/auth.json`."""
