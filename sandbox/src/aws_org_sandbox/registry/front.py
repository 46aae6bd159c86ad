"""The registries of all accounts: a WSGI application that implements the OCI distribution protocol as ECR does.

The host name identifies the registry, the password (from GetAuthorizationToken) the caller. Each request is
implemented by calls of ECR's API as that principal (`ecr_api`), so no permissions are decided here.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, get_args

from moto.ecr.models import ecr_backends
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response

from aws_org_sandbox.ecr.layers import layers_of
from aws_org_sandbox.ecr.tokens import find
from aws_org_sandbox.faults import ConnectionDropped
from aws_org_sandbox.registry.blobs import Blobs
from aws_org_sandbox.registry.ecr_api import EcrApi
from aws_org_sandbox.registry.errors import NAME_UNKNOWN, RegistryError, not_found, token_expired, unauthorized
from aws_org_sandbox.registry.hosts import parse_host
from aws_org_sandbox.registry.manifests import Manifests
from aws_org_sandbox.registry.uploads import Sessions
from aws_org_sandbox.seams import on_reset

GATE: Final = "sandbox.gate"
"""Key of the WSGI environment in which the server names the application for AWS calls."""
LAYERS_PREFIX: Final = "/_layers/"
"""Path of GetDownloadUrlForLayer's links, on any host."""

Missing = Literal["answer", "drop"]
missing_repository: Missing = "answer"

_ROUTE: Final = re.compile(
    r"/v2/(?P<name>.+?)/(?:"
    r"blobs/uploads/(?P<upload>[^/]*)|blobs/(?P<blob>[^/]+)|manifests/(?P<manifest>[^/]+)"
    r"|tags/(?P<tags>list)|referrers/(?P<referrers>[^/]+))"
)
_LAYER: Final = re.compile(rf"{LAYERS_PREFIX}(?P<account>\d{{12}})/(?P<region>[^/]+)/(?P<name>.+)/(?P<digest>[^/]+)")

_sessions = Sessions()


def control(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sandbox's control action `registry`: `{"missing_repository": "drop"}`; returns the current setting."""
    if "missing_repository" in values:
        if values["missing_repository"] not in get_args(Missing):
            raise ValueError(f"missing_repository is one of {', '.join(get_args(Missing))}")
        answer_missing_repositories_by(values["missing_repository"])
    return {"missing_repository": missing_repository}


def answer_missing_repositories_by(missing: Missing) -> None:
    """Set the response to a push to a missing repository: a 404, or, as in ECR until 2023, a dropped connection."""
    global missing_repository  # noqa: PLW0603 - one sandbox at a time, because moto's state is global
    missing_repository = missing


@on_reset
def _forget() -> None:
    answer_missing_repositories_by("answer")


def serves(environ: dict[str, Any]) -> bool:
    """Whether a request is for a registry, or for a layer address from ECR's API."""
    return parse_host(environ.get("HTTP_HOST", "")) is not None or environ["PATH_INFO"].startswith(LAYERS_PREFIX)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request; see `serves`."""
    request = Request(environ)
    try:
        response = _download(request) if request.path.startswith(LAYERS_PREFIX) else _respond(request)
    except RegistryError as error:
        request.get_data()  # a response before the request's end breaks the connection for some clients
        if error.code == NAME_UNKNOWN and missing_repository == "drop" and request.method != "HEAD":
            raise ConnectionDropped(error.message) from error
        response = error.response()
    except RequestedRangeNotSatisfiable as error:
        response = Response(status=416, headers={"Content-Range": f"bytes */{error.length}"})
    response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    return response(environ, start_response)


def _respond(request: Request) -> Response:
    host = parse_host(request.environ.get("HTTP_HOST", ""))
    token = find(request.headers.get("Authorization"))
    if host is None:
        return not_found()
    if token is None:
        request.get_data()
        return unauthorized(host.name)
    if token.is_expired:
        raise token_expired()
    if request.path in {"/v2", "/v2/"}:
        return Response("{}", mimetype="application/json")
    route = _ROUTE.fullmatch(request.path)
    if not route:
        return not_found()
    api = EcrApi(request.environ[GATE], host, token, request.remote_addr or "127.0.0.1")
    response = _dispatch(request, route.groupdict(), api)
    return response or Response(status=405)


def _dispatch(request: Request, route: dict[str, str | None], api: EcrApi) -> Response | None:
    """The handler of a path and method; None if the path does not support the method."""
    name = route["name"] or ""
    blobs, manifests = Blobs(api, name, _sessions), Manifests(api, name)
    handlers: dict[str, Callable[[], Response]]
    match route:
        case {"upload": ""}:
            handlers = {"POST": lambda: blobs.begin(request)}
        case {"upload": str(upload)}:
            handlers = {
                "GET": lambda: blobs.status(upload),
                "PATCH": lambda: blobs.append(upload, request),
                "PUT": lambda: blobs.finish(upload, request),
                "DELETE": lambda: blobs.cancel(upload),
            }
        case {"blob": str(digest)}:
            handlers = {"HEAD": lambda: blobs.head(digest), "GET": lambda: blobs.get(digest, request)}
        case {"manifest": str(reference)}:
            handlers = {
                "HEAD": lambda: manifests.head(reference),
                "GET": lambda: manifests.get(reference),
                "PUT": lambda: manifests.put(reference, request),
            }
        case {"tags": str()}:
            handlers = {"GET": lambda: manifests.tags(request)}
        case _:
            handlers = {"GET": lambda: manifests.referrers(route["referrers"] or "", request)}
    handler = handlers.get(request.method)
    return handler() if handler else None


def _download(request: Request) -> Response:
    """A layer's bytes, at the address from GetDownloadUrlForLayer; AWS signs such addresses."""
    match = _LAYER.fullmatch(request.path)
    repository = match and ecr_backends[match["account"]][match["region"]].repositories.get(match["name"])
    data = layers_of(repository).blobs.get(match["digest"]) if match and repository else None
    if data is None:
        return not_found()
    response = Response(data, mimetype="application/octet-stream")
    return response.make_conditional(request.environ, accept_ranges=True, complete_length=len(data))
