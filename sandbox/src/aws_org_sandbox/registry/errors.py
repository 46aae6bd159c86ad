"""Error responses of a registry: ECR's API errors as errors of the OCI distribution protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

NAME_UNKNOWN: Final = "NAME_UNKNOWN"

_BY_CODE: Final[dict[str, tuple[int, str]]] = {
    "RepositoryNotFoundException": (404, NAME_UNKNOWN),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "ImageAlreadyExistsException": (400, "TAG_INVALID"),
    "ImageDigestDoesNotMatchException": (400, "DIGEST_INVALID"),
    "InvalidLayerException": (400, "DIGEST_INVALID"),
    "InvalidLayerPartException": (416, "BLOB_UPLOAD_INVALID"),
    "EmptyUploadException": (400, "BLOB_UPLOAD_INVALID"),
    "UploadNotFoundException": (404, "BLOB_UPLOAD_UNKNOWN"),
    "LayersNotFoundException": (404, "BLOB_UNKNOWN"),
    "ReferencedImagesNotFoundException": (404, "BLOB_UNKNOWN"),
    "AccessDeniedException": (403, "DENIED"),
    "AccessDenied": (403, "DENIED"),
    "UnrecognizedClientException": (403, "DENIED"),
    "ExpiredTokenException": (403, "DENIED"),
    "ThrottlingException": (429, "TOOMANYREQUESTS"),
    "LimitExceededException": (429, "TOOMANYREQUESTS"),
}
_BY_PARAMETER: Final[dict[str, str]] = {
    "repositoryName": "NAME_INVALID",
    "imageTag": "TAG_INVALID",
    "imageManifest": "MANIFEST_INVALID",
    "ImageManifest": "MANIFEST_INVALID",
}


@dataclass
class RegistryError(Exception):
    """One error for a client; `api_code` is the code of ECR's API, if it was called."""

    status: int
    code: str
    message: str
    api_code: str | None = None

    def response(self) -> Response:
        body = json.dumps({"errors": [{"code": self.code, "message": self.message}]})
        return Response(body, status=self.status, content_type="application/json; charset=utf-8")


def from_api(code: str, message: str) -> RegistryError:
    """The registry's response for an error of ECR's API."""
    if code in {"InvalidParameterException", "ValidationException"}:
        parameter = message.partition("at '")[2].partition("'")[0]
        return RegistryError(400, _BY_PARAMETER.get(parameter, "UNSUPPORTED"), message, code)
    status, name = _BY_CODE.get(code, (500, "UNKNOWN"))
    return RegistryError(status, name, message or code, code)


def unauthorized(host: str) -> Response:
    """The response for a client without a valid token; the body is ECR's, which is not JSON."""
    challenge = f'Basic realm="https://{host}/",service="ecr.amazonaws.com"'
    return Response("Not Authorized\n", status=401, headers={"WWW-Authenticate": challenge}, mimetype="text/plain")


def token_expired() -> RegistryError:
    """The response for an expired token."""
    return RegistryError(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")


def not_found() -> Response:
    """The response for a path outside the protocol."""
    return Response("404 page not found\n", status=404, mimetype="text/plain")
