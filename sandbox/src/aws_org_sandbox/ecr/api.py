"""The parts of ECR's API in which moto (5.2.5) is more lenient than AWS, stores less, or uses the wrong registry.

moto keeps what it does right: describing, deleting, policies, tags, and valid lifecycle policies.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr import models
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import Repository, ecr_backends
from moto.ecr.responses import ECRResponse

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import CURRENT, Call, Refused
from aws_org_sandbox.ecr import creation_templates, image_reads, rules, settings
from aws_org_sandbox.ecr import images as ecr_images
from aws_org_sandbox.ecr.layers import PART_SIZE, Layers, layers_of
from aws_org_sandbox.ecr.tokens import issue
from aws_org_sandbox.seams import redirects, replace

__all__ = ["creation_templates", "image_reads", "settings"]

MOTO_REPOSITORY_NAME = models.ECR_REPOSITORY_NAME_PATTERN
"""Refuses names such as `a--b` and `a__b`, which ECR accepts (service model)."""
models.ECR_REPOSITORY_NAME_PATTERN = rules.REPOSITORY_NAME

_PUSH_BEGINS = frozenset({"BatchCheckLayerAvailability", "InitiateLayerUpload"})


@redirects("ecr")
def _registry(call: Call) -> str:
    """The account whose registry a request is about: `registryId`, or the caller's account by default."""
    registry = str(call.parameters.get("registryId") or call.account)
    name = call.parameters.get("repositoryName")
    try:
        rules.check_pattern("registryId", registry, rules.REGISTRY_ID)
        if name is not None:
            rules.check_repository_name(name)
    except ServiceException as error:
        raise Refused(error.code, error.message) from error
    is_denied = is_altered(Behaviour.MISSING_REPOSITORIES_DENIED) and call.operation in _PUSH_BEGINS
    if is_denied and name not in ecr_backends[registry][call.region].repositories:
        raise Refused("AccessDeniedException", f"User: {call.principal.arn} is not authorized: {name}")
    return registry


def _repository(response: ECRResponse) -> Repository:
    backend = response.ecr_backend
    name = response._get_param("repositoryName")
    if name not in backend.repositories:
        raise RepositoryNotFoundException(name, backend.account_id)
    return backend.repositories[name]


on_missing: list[Callable[[Call], None]] = []
"""What ECR does before it refuses a push to a missing repository; afterwards it may exist."""


def _pushed_repository(response: ECRResponse) -> Repository:
    call = CURRENT.get()
    if call is not None and response._get_param("repositoryName") not in response.ecr_backend.repositories:
        for handle in on_missing:
            handle(call)
    return _repository(response)


def _layers(response: ECRResponse) -> Layers:
    return layers_of(_repository(response))


# Tokens


@replace(ECRResponse, "get_authorization_token")
def _get_authorization_token(self: ECRResponse) -> ActionResult:
    registry_ids = self._get_param("registryIds") or [self.current_account]
    token = issue(self.get_access_key(), session_token=self.headers.get("X-Amz-Security-Token"))
    data = [
        {
            "authorizationToken": token.encoded,
            "expiresAt": token.expires,
            "proxyEndpoint": f"https://{registry_id}.dkr.ecr.{self.region}.amazonaws.com",
        }
        for registry_id in registry_ids
    ]
    return ActionResult({"authorizationData": data})


# Layers


@replace(ECRResponse, "initiate_layer_upload")
def _initiate_layer_upload(self: ECRResponse) -> ActionResult:
    return ActionResult({"uploadId": layers_of(_pushed_repository(self)).begin().id, "partSize": PART_SIZE})


@replace(ECRResponse, "upload_layer_part")
def _upload_layer_part(self: ECRResponse) -> ActionResult:
    layers, upload_id = _layers(self), self._get_param("uploadId")
    first, last = self._get_param("partFirstByte"), self._get_param("partLastByte")
    blob = self._get_param("layerPartBlob")
    data = b64decode(blob) if isinstance(blob, str) else bytes(blob)
    received = layers.append(upload_id, data, first=int(first), last=int(last))
    return ActionResult({**_about(layers), "uploadId": upload_id, "lastByteReceived": received})


@replace(ECRResponse, "complete_layer_upload")
def _complete_layer_upload(self: ECRResponse) -> ActionResult:
    layers, upload_id = _layers(self), self._get_param("uploadId")
    digest = layers.complete(upload_id, self._get_param("layerDigests") or [])
    return ActionResult({**_about(layers), "uploadId": upload_id, "layerDigest": digest})


@replace(ECRResponse, "batch_check_layer_availability")
def _batch_check_layer_availability(self: ECRResponse) -> ActionResult:
    layers = _layers(self)
    entries = [layers.availability(digest) for digest in self._get_param("layerDigests") or []]
    return ActionResult(
        {
            "layers": [entry for entry in entries if "failureCode" not in entry],
            "failures": [entry for entry in entries if "failureCode" in entry],
        }
    )


@replace(ECRResponse, "get_download_url_for_layer")
def _get_download_url_for_layer(self: ECRResponse) -> ActionResult:
    layers, digest = _layers(self), self._get_param("layerDigest")
    layers.get(digest)
    path = f"/_layers/{layers.registry_id}/{self.region}/{layers.name}/{digest}"
    return ActionResult({"downloadUrl": f"http://{self.headers.get('Host')}{path}", "layerDigest": digest})


def _about(layers: Layers) -> dict[str, str]:
    return {"registryId": layers.registry_id, "repositoryName": layers.name}


# Images


@replace(ECRResponse, "put_image")
def _put_image(self: ECRResponse) -> ActionResult:
    repository, tag = _pushed_repository(self), self._get_param("imageTag")
    image = ecr_images.put(
        repository,
        self._get_param("imageManifest") or "",
        tag=tag,
        media_type=self._get_param("imageManifestMediaType"),
        digest=self._get_param("imageDigest"),
    )
    return ActionResult({"image": ecr_images.described(repository, image, tag=tag)})


@replace(ECRResponse, "batch_get_image")
def _batch_get_image(self: ECRResponse) -> ActionResult:
    return ActionResult(ecr_images.lookup(_repository(self), self._get_param("imageIds") or []))
