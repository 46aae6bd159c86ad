"""Uploads through the registry: converts clients' chunks of any size to parts as ECR's API requires."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from aws_org_sandbox.ecr.layers import PART_SIZE
from aws_org_sandbox.registry.ecr_api import EcrApi
from aws_org_sandbox.registry.errors import RegistryError


@dataclass(slots=True)
class Session:
    """One upload of one client: the bytes that ECR has (`sent`), and those buffered for the next part."""

    repository: str
    upload_id: str
    sent: int = 0
    buffer: bytearray = field(default_factory=bytearray)

    @property
    def received(self) -> int:
        return self.sent + len(self.buffer)

    @property
    def range(self) -> str:
        """The Range header: the bytes received; `0-0` for no bytes and for one."""
        return f"0-{max(self.received - 1, 0)}"

    def append(self, api: EcrApi, data: bytes) -> None:
        """Add a chunk, and send every full part to ECR."""
        self.buffer += data
        while len(self.buffer) >= 2 * PART_SIZE:
            self._send(api, PART_SIZE)

    def complete(self, api: EcrApi, digest: str) -> str:
        """Send the remaining bytes and close the upload; returns the digest that ECR computed."""
        while self.buffer:
            self._send(api, PART_SIZE)
        answer = api.call(
            "CompleteLayerUpload", repositoryName=self.repository, uploadId=self.upload_id, layerDigests=[digest]
        )
        return str(answer["layerDigest"])

    def _send(self, api: EcrApi, size: int) -> None:
        part = bytes(self.buffer[:size])
        api.call(
            "UploadLayerPart",
            repositoryName=self.repository,
            uploadId=self.upload_id,
            partFirstByte=self.sent,
            partLastByte=self.sent + len(part) - 1,
            layerPartBlob=part,
        )
        del self.buffer[:size]
        self.sent += len(part)


class Sessions:
    """The open uploads by id; one client works on one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, api: EcrApi, repository: str) -> Session:
        answer = api.call("InitiateLayerUpload", repositoryName=repository)
        session = Session(repository, str(answer["uploadId"]))
        with self._lock:
            self._sessions[session.upload_id] = session
        return session

    def get(self, repository: str, upload_id: str) -> Session:
        session = self._sessions.get(upload_id)
        if session is None or session.repository != repository:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", f"Upload with id '{upload_id}' could not be found")
        return session

    def end(self, session: Session) -> None:
        with self._lock:
            self._sessions.pop(session.upload_id, None)
