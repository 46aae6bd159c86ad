"""Layers of repositories: uploads in parts, digests verified, bytes kept as long as moto keeps the repository.

moto (5.2.5) computes a digest and ignores the client's; it stores sizes and discards the bytes.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from moto.ecr.exceptions import InvalidLayerPartException, UploadNotFoundException
from moto.ecr.models import LAYER_MEDIA_TYPE, Repository

from aws_org_sandbox.ecr import rules
from aws_org_sandbox.ecr.errors import (
    EmptyUploadException,
    InvalidLayerException,
    LayerAlreadyExistsException,
    LayerPartTooSmallException,
    LayersNotFoundException,
)

PART_SIZE: Final = 10 * 1024 * 1024
"""The part size that InitiateLayerUpload returns."""
MINIMUM_PART: Final = 5 * 1024 * 1024
MAXIMUM_PART: Final = 20 * 1024 * 1024


@dataclass(slots=True)
class Upload:
    """An upload in progress: the parts received, in order."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    parts: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


@dataclass(slots=True)
class Layers:
    """The layers of one repository. All methods are thread-safe."""

    name: str
    registry_id: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> Upload:
        upload = Upload()
        with self._lock:
            self.uploads[upload.id] = upload
        return upload

    def append(self, upload_id: str, data: bytes, *, first: int, last: int) -> int:
        """Add the next part; returns the last byte received. Parts arrive in order and have the declared length."""
        with self._lock:
            upload = self._upload(upload_id)
            if first != upload.size or last - first + 1 != len(data) or not 0 < len(data) <= MAXIMUM_PART:
                raise InvalidLayerPartException(self.registry_id, self.name, upload_id, upload.size - 1)
            upload.parts.append(data)
            return upload.size - 1

    def complete(self, upload_id: str, digests: Sequence[str]) -> str:
        """Create a layer from the upload; returns its digest, which must be among the client's digests."""
        about: dict[str, Any] = {"name": self.name, "registry_id": self.registry_id, "upload_id": upload_id}
        with self._lock:
            upload = self._upload(upload_id)
            if not upload.parts:
                raise EmptyUploadException(**about)
            if any(len(part) < MINIMUM_PART for part in upload.parts[:-1]):
                raise LayerPartTooSmallException(**about)
            data = b"".join(upload.parts)
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            if digest not in digests:
                raise InvalidLayerException(digest=", ".join(digests), **about)
            del self.uploads[upload_id]
            if digest in self.blobs:
                raise LayerAlreadyExistsException(digest=digest, **about)
            self.blobs[digest] = data
            return digest

    def cancel(self, upload_id: str) -> None:
        with self._lock:
            self.uploads.pop(upload_id, None)

    def add(self, data: bytes, digest: str) -> None:
        """Add a layer that is already verified: one mounted from another repository."""
        with self._lock:
            self.blobs[digest] = data

    def get(self, digest: str) -> bytes:
        data = self.blobs.get(digest)
        if data is None:
            raise LayersNotFoundException(name=self.name, registry_id=self.registry_id, digests=digest)
        return data

    def availability(self, digest: str) -> dict[str, Any]:
        """One entry of BatchCheckLayerAvailability: a layer, or a failure if it has a `failureCode`."""
        if not re.fullmatch(rules.DIGEST, digest):
            return _failure(digest, "InvalidLayerDigest", f"Invalid layer digest '{digest}'")
        if (data := self.blobs.get(digest)) is None:
            return _failure(digest, "MissingLayerDigest", f"Layer digest '{digest}' could not be found")
        return {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE",
            "layerSize": len(data),
            "mediaType": LAYER_MEDIA_TYPE,
        }

    def _upload(self, upload_id: str) -> Upload:
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise UploadNotFoundException(upload_id, self.name, self.registry_id)
        return upload


def _failure(digest: str, code: str, reason: str) -> dict[str, Any]:
    return {"layerDigest": digest, "failureCode": code, "failureReason": reason}


_layers: WeakKeyDictionary[Repository, Layers] = WeakKeyDictionary()
_lock = threading.Lock()


def layers_of(repository: Repository) -> Layers:
    """The layers of one of moto's repositories; deleted with it, and by a reset."""
    with _lock:
        if repository not in _layers:
            _layers[repository] = Layers(repository.name, repository.registry_id)
        return _layers[repository]
