"""Images built in memory: a config, layers that are real gzipped archives, and the manifest over them. Pure."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_org_sandbox.ecr.images import OCI_INDEX, OCI_MANIFEST

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class OciImage:
    """One image: the manifest's bytes, and every blob that it names, by digest."""

    manifest: bytes
    blobs: dict[str, bytes]
    media_type: str = OCI_MANIFEST

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def build(*, layers: int = 3, content: str = "hello") -> OciImage:
    """An image whose layers hold one text file each; the same arguments give the same bytes."""
    archives = [_archive(f"layer-{number}.txt", f"{content} {number}\n") for number in range(layers)]
    packed = [gzip.compress(archive, mtime=0) for archive in archives]
    config = _json(
        {
            "architecture": "arm64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(archive) for archive in archives]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer) for layer in packed],
        }
    )
    return OciImage(manifest, {digest_of(blob): blob for blob in [config, *packed]})


def index(images: Sequence[OciImage]) -> OciImage:
    """An index over images, such as for several platforms; it has no blobs of its own."""
    entries = [_descriptor(image.media_type, image.manifest) for image in images]
    manifest = _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    return OciImage(manifest, {}, OCI_INDEX)


def digest_of(data: bytes) -> str:
    """A blob's digest."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _archive(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def _descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
