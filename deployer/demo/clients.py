"""What the demo pushes and pulls with: the real skopeo where it is installed, else the built-in client."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aws_org_sandbox.oci.client import Client, Rejected, client_environment
from aws_org_sandbox.oci.images import OciImage
from aws_org_sandbox.oci.layouts import write_layout

_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An image's place in a registry, and the login for it."""

    registry: str
    repository: str
    tag: str
    login: Client

    @property
    def reference(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"


class Pusher(Protocol):
    """A container client. Both methods raise Rejected with the registry's own code and words."""

    name: str

    def push(self, image: OciImage, place: Place) -> None:
        """Push an image under a tag."""

    def pull(self, place: Place, digest: str) -> str:
        """Pull by digest; gives the digest of what came."""


class BuiltIn:
    """The sandbox's own client."""

    name = "the built-in client"

    def push(self, image: OciImage, place: Place) -> None:
        place.login.push(image, place.repository, place.tag)

    def pull(self, place: Place, digest: str) -> str:
        return place.login.pull(place.repository, digest).digest


class Skopeo:
    """The skopeo of the machine, unmodified: it finds the registries by their names, with the sandbox as its proxy."""

    name = "skopeo"

    def push(self, image: OciImage, place: Place) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = f"oci:{write_layout(image, Path(folder) / 'image', tag=place.tag)}:{place.tag}"
            self._copy(place, ["--dest-tls-verify=false", f"--dest-creds={_creds(place)}"], source, _target(place))

    def pull(self, place: Place, digest: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            source = f"docker://{place.registry}/{place.repository}@{digest}"
            options = ["--src-tls-verify=false", f"--src-creds={_creds(place)}"]
            self._copy(place, options, source, f"oci:{folder}/image:{place.tag}")
            index = json.loads((Path(folder) / "image" / "index.json").read_text(encoding="utf-8"))
            return str(index["manifests"][0]["digest"])

    def _copy(self, place: Place, options: list[str], source: str, target: str) -> None:
        try:
            copied = subprocess.run(  # noqa: S603 - all of it is the demo's own
                ["skopeo", "copy", *options, source, target],  # noqa: S607 - the user's own skopeo
                env=client_environment(place.login.endpoint),
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            raise Rejected(0, "", f"skopeo did not end within {_TIMEOUT:.0f} s") from expired
        if copied.returncode:
            raise _rejection(copied.stderr)


def find_pusher() -> Pusher:
    """The best client that this machine has."""
    return Skopeo() if shutil.which("skopeo") else BuiltIn()


def _creds(place: Place) -> str:
    return f"{place.login.user}:{place.login.password}"


def _target(place: Place) -> str:
    return f"docker://{place.reference}"


def _rejection(stderr: str) -> Rejected:
    """skopeo writes `name unknown: <the registry's words>` for NAME_UNKNOWN, at the end of its last line."""
    last = stderr.strip().splitlines()[-1] if stderr.strip() else "skopeo said nothing"
    said = last.partition('msg="')[2].removesuffix('"') or last
    for code in ("NAME_UNKNOWN", "TAG_INVALID", "DENIED", "UNAUTHORIZED"):
        words = f"{code.lower().replace('_', ' ')}: "
        if words in said:
            return Rejected(0, code, said.partition(words)[2])
    return Rejected(0, "", said)
