"""OCI image layouts: images in a folder, the form that real clients accept (`skopeo copy oci:DIR:TAG …`).

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from aws_org_sandbox.oci.images import OciImage


def write_layout(image: OciImage, folder: Path, *, tag: str, images: Sequence[OciImage] = ()) -> Path:
    """Write an image under a tag into a new folder, or an index with the `images` that it names; returns the folder."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for one in (image, *images):
        for digest, blob in {**one.blobs, one.digest: one.manifest}.items():
            (blobs / digest.removeprefix("sha256:")).write_bytes(blob)
    entry = {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder
