"""The demo's container client: skopeo if it is installed, else the sandbox's own client."""

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
class ImageLocation:
    """The location of an image in a registry, and the login for it."""

    registry: str
    repository: str
    tag: str
    login: Client

    @property
    def reference(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"


class Pusher(Protocol):
    """A container client. Both methods raise Rejected with the registry's error code and message."""

    name: str

    def push(self, image: OciImage, location: ImageLocation) -> None:
        """Push an image under a tag."""

    def pull(self, location: ImageLocation, digest: str) -> str:
        """Pull by digest; returns the digest of the pulled image."""


class BuiltIn:
    """The sandbox's own client."""

    name = "the built-in client"

    def push(self, image: OciImage, location: ImageLocation) -> None:
        location.login.push(image, location.repository, location.tag)

    def pull(self, location: ImageLocation, digest: str) -> str:
        return location.login.pull(location.repository, digest).digest


class Skopeo:
    """The installed skopeo, unmodified: it uses the registries' real host names, with the sandbox as its proxy."""

    name = "skopeo"

    def push(self, image: OciImage, location: ImageLocation) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = f"oci:{write_layout(image, Path(folder) / 'image', tag=location.tag)}:{location.tag}"
            self._copy(
                location, ["--dest-tls-verify=false", f"--dest-creds={_creds(location)}"], source, _target(location)
            )

    def pull(self, location: ImageLocation, digest: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            source = f"docker://{location.registry}/{location.repository}@{digest}"
            options = ["--src-tls-verify=false", f"--src-creds={_creds(location)}"]
            self._copy(location, options, source, f"oci:{folder}/image:{location.tag}")
            index = json.loads((Path(folder) / "image" / "index.json").read_text(encoding="utf-8"))
            return str(index["manifests"][0]["digest"])

    def _copy(self, location: ImageLocation, options: list[str], source: str, target: str) -> None:
        try:
            copied = subprocess.run(  # noqa: S603 - all of it is the demo's own
                ["skopeo", "copy", *options, source, target],  # noqa: S607 - the user's own skopeo
                env=client_environment(location.login.endpoint),
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
    """skopeo if it is installed, else the built-in client."""
    return Skopeo() if shutil.which("skopeo") else BuiltIn()


def _creds(location: ImageLocation) -> str:
    return f"{location.login.user}:{location.login.password}"


def _target(location: ImageLocation) -> str:
    return f"docker://{location.reference}"


def _rejection(stderr: str) -> Rejected:
    """skopeo writes `name unknown: <the registry's message>` for NAME_UNKNOWN, at the end of its last line."""
    last = stderr.strip().splitlines()[-1] if stderr.strip() else "skopeo printed nothing"
    message = last.partition('msg="')[2].removesuffix('"') or last
    for code in ("NAME_UNKNOWN", "TAG_INVALID", "DENIED", "UNAUTHORIZED"):
        prefix = f"{code.lower().replace('_', ' ')}: "
        if prefix in message:
            return Rejected(0, code, message.partition(prefix)[2])
    return Rejected(0, "", message)
