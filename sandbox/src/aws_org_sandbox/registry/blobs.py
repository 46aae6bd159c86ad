"""Blobs of the distribution protocol: existence checks, downloads, and all of the protocol's forms of upload."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from aws_org_sandbox.ecr import rules
from aws_org_sandbox.ecr.layers import layers_of
from aws_org_sandbox.registry.ecr_api import EcrApi
from aws_org_sandbox.registry.errors import RegistryError
from aws_org_sandbox.registry.mounts import mount
from aws_org_sandbox.registry.store import repository_of
from aws_org_sandbox.registry.uploads import Session, Sessions

_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/\S+)?")


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of one repository, for one request."""

    api: EcrApi
    repository: str
    sessions: Sessions

    def head(self, digest: str) -> Response:
        answer = self.api.call("BatchCheckLayerAvailability", repositoryName=self.repository, layerDigests=[digest])
        if not answer["layers"]:
            raise _unknown(digest)
        response = Response(headers=_headers(digest), mimetype="application/octet-stream")
        response.automatically_set_content_length = False
        response.content_length = answer["layers"][0]["layerSize"]
        return response

    def get(self, digest: str, request: Request) -> Response:
        """The bytes, or a range of them. AWS redirects to S3 here, which makes no difference to clients."""
        self.api.call("GetDownloadUrlForLayer", repositoryName=self.repository, layerDigest=digest)
        repository = repository_of(self.api.host, self.repository)
        data = layers_of(repository).get(digest) if repository else b""
        response = Response(data, headers=_headers(digest), mimetype="application/octet-stream")
        return response.make_conditional(request.environ, accept_ranges=True, complete_length=len(data))

    def begin(self, request: Request) -> Response:
        """POST: mount a blob of another repository, receive one in a single request, or open an upload."""
        source, digest = request.args.get("from"), request.args.get("mount")
        if source and digest and mount(self.api, source=source, target=self.repository, digest=digest):
            return self._created(digest)
        session = self.sessions.begin(self.api, self.repository)
        requested = request.args.get("digest")
        if requested:
            session.append(self.api, request.get_data())
            return self._complete(session, requested)
        return self._accepted(session, status=202)

    def status(self, upload_id: str) -> Response:
        return self._accepted(self.sessions.get(self.repository, upload_id), status=204)

    def append(self, upload_id: str, request: Request) -> Response:
        """PATCH: the next chunk, which must start where the last one ended."""
        session = self.sessions.get(self.repository, upload_id)
        self._append(session, request)
        return self._accepted(session, status=202)

    def finish(self, upload_id: str, request: Request) -> Response:
        """PUT: the last chunk, if any, and the digest of the whole."""
        session = self.sessions.get(self.repository, upload_id)
        requested = request.args.get("digest", "")
        if not re.fullmatch(rules.DIGEST, requested):
            raise RegistryError(400, "DIGEST_INVALID", f"Invalid digest '{requested}'")
        self._append(session, request)
        return self._complete(session, requested)

    def cancel(self, upload_id: str) -> Response:
        session = self.sessions.get(self.repository, upload_id)
        self.sessions.end(session)
        repository = repository_of(self.api.host, self.repository)
        if repository:
            layers_of(repository).cancel(upload_id)
        return Response(status=204)

    def _append(self, session: Session, request: Request) -> None:
        data = request.get_data()
        stated = request.headers.get("Content-Range")
        if stated is not None:
            match = _CONTENT_RANGE.fullmatch(stated)
            if not match or int(match[1]) != session.received or int(match[2]) - int(match[1]) + 1 != len(data):
                raise RegistryError(416, "BLOB_UPLOAD_INVALID", f"Range '{stated}' does not follow {session.range}")
        session.append(self.api, data)

    def _complete(self, session: Session, digest: str) -> Response:
        self.sessions.end(session)
        try:
            session.complete(self.api, digest)
        except RegistryError as error:
            if error.api_code != "LayerAlreadyExistsException":  # another client was first: the layer exists
                raise
        return self._created(digest)

    def _created(self, digest: str) -> Response:
        return Response(status=201, headers=_headers(digest) | {"Location": f"/v2/{self.repository}/blobs/{digest}"})

    def _accepted(self, session: Session, *, status: int) -> Response:
        location = f"/v2/{self.repository}/blobs/uploads/{session.upload_id}"
        headers = {"Location": location, "Range": session.range, "Docker-Upload-UUID": session.upload_id}
        return Response(status=status, headers=headers)


def _headers(digest: str) -> dict[str, str]:
    return {"Docker-Content-Digest": digest}


def _unknown(digest: str) -> RegistryError:
    return RegistryError(404, "BLOB_UNKNOWN", f"Layer digest '{digest}' could not be found")
