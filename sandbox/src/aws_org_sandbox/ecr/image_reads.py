"""Lists of repositories and images: pages, filters and fields of ECR, and the archive of images.

moto (5.2.5) returns everything on one page, ignores filters of DescribeImages and imageStatus, and has no status, no
time of a pull and no UpdateImageStorageClass.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageNotFoundException, InvalidParameterException, RepositoryNotFoundException
from moto.ecr.models import Image, Repository, ecr_backends
from moto.ecr.responses import ECRResponse

from aws_org_sandbox.calls import CURRENT, Call, Refused
from aws_org_sandbox.ecr import rules
from aws_org_sandbox.ecr.images import StoredImage, find
from aws_org_sandbox.pages import page
from aws_org_sandbox.seams import answers, original, replace

Item = TypeVar("Item")

DEFAULT_PAGE: Final = 100
PAGE: Final = 1000
MOST_NAMED: Final = 100
_INVALID: Final = "InvalidParameterException"
_TAG_STATUSES: Final = {"TAGGED", "UNTAGGED", "ANY"}
_IMAGE_STATUSES: Final = {"ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"}
_STORAGE_CLASSES: Final = {"STANDARD", "ARCHIVE"}


@answers("ecr", "DescribeImages")
def describe_images(call: Call) -> Mapping[str, Any]:
    """The named images, or all that pass the filter; without one, only those that are not archived."""
    repository = _repository(call)
    identifiers = call.parameters.get("imageIds")
    if identifiers is None:
        found, more = _page(list(_filtered(repository, call)), call)
        return {"imageDetails": [_detail(repository, image) for image in found], **more}
    _refuse_paging(call, "imageIds")
    _check_filter(call)
    if not 1 <= len(identifiers) <= MOST_NAMED:
        raise rules.refuse("imageIds", f"Member must have 1 to {MOST_NAMED} items")
    named = {id(image): image for image in (_named(repository, one) for one in identifiers)}
    return {"imageDetails": [_detail(repository, image) for image in named.values()]}


@answers("ecr", "ListImages")
def list_images(call: Call) -> Mapping[str, Any]:
    """An entry for each tag, and one for each image without tags."""
    images = _filtered(_repository(call), call)
    entries = [
        {"imageDigest": image.image_digest} | ({"imageTag": tag} if tag else {})
        for image in images
        for tag in image.image_tags or [""]
    ]
    found, more = _page(entries, call)
    return {"imageIds": found, **more}


@answers("ecr", "UpdateImageStorageClass")
def update_storage_class(call: Call) -> Mapping[str, Any]:
    """Archive an image, or restore it. https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html"""
    repository, target = _repository(call), call.parameters.get("targetStorageClass")
    rules.check_member("targetStorageClass", target, _STORAGE_CLASSES)
    image = _named(repository, call.parameters["imageId"])
    if (image.status == "ARCHIVED") == (target == "ARCHIVE"):
        raise Refused("ImageStorageClassUpdateNotSupportedException", f"The image is in the storage class {target}")
    if target == "ARCHIVE":
        image.archive()
    else:
        image.activate()
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.image_digest},
        "imageStatus": image.status,
    }


@replace(ECRResponse, "describe_repositories")
def _describe_repositories(self: ECRResponse) -> ActionResult:
    """moto's repositories, by pages; named ones are on one."""
    call = CURRENT.get()
    names = self._get_param("repositoryNames")
    if call is None:
        answer: ActionResult = original(ECRResponse, "describe_repositories")(self)
        return answer
    if names is not None:
        _refuse_paging(call, "repositoryNames")
        if not 1 <= len(names) <= MOST_NAMED:
            raise rules.refuse("repositoryNames", f"Member must have 1 to {MOST_NAMED} items")
    every = self.ecr_backend.describe_repositories(repository_names=names, registry_id=self._get_param("registryId"))
    found, more = (every, {}) if names is not None else _page(every, call)
    return ActionResult({"repositories": found, **more})


def _page(items: Sequence[Item], call: Call) -> tuple[list[Item], dict[str, str]]:
    try:
        found, token = page(items, call, limit=PAGE, default=DEFAULT_PAGE, bad_token=_INVALID)
    except Refused as refusal:  # moto's own responses would answer it as a defect
        raise InvalidParameterException(refusal.message) from refusal
    return found, {"nextToken": token} if token else {}


def _refuse_paging(call: Call, named: str) -> None:
    for parameter in ("maxResults", "nextToken"):
        if call.parameters.get(parameter) is not None:
            raise rules.refuse(parameter, f"{parameter} can't be specified with {named}")


def _repository(call: Call) -> Repository:
    registry, name = str(call.parameters.get("registryId") or call.account), call.parameters["repositoryName"]
    found = ecr_backends[registry][call.region].repositories.get(name)
    if found is None:
        raise RepositoryNotFoundException(name, registry)
    return found


def _check_filter(call: Call) -> tuple[str, str]:
    """The requested tag status and image status, or ECR's defaults."""
    requested = call.parameters.get("filter") or {}
    tags, status = requested.get("tagStatus", "ANY"), requested.get("imageStatus", "ACTIVE")
    rules.check_member("tagStatus", tags, _TAG_STATUSES)
    rules.check_member("imageStatus", status, _IMAGE_STATUSES)
    return tags, status


def _filtered(repository: Repository, call: Call) -> Iterator[StoredImage]:
    tags, status = _check_filter(call)
    for image in map(_stored, repository.images):
        if status in ("ANY", image.status) and tags in ("ANY", "TAGGED" if image.image_tags else "UNTAGGED"):
            yield image


def _named(repository: Repository, identifier: Mapping[str, str]) -> StoredImage:
    digest, tag = identifier.get("imageDigest"), identifier.get("imageTag")
    if not digest and not tag:
        raise InvalidParameterException("Invalid request parameters: both tag and digest cannot be null")
    image = find(repository, digest=digest, tag=tag)
    if image is None:
        name = f"{{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}}"
        raise ImageNotFoundException(name, repository.name, repository.registry_id)
    return _stored(image)


def _stored(image: Image) -> StoredImage:
    if not isinstance(image, StoredImage):
        raise TypeError(f"{image} was not stored by PutImage")
    return image


def _detail(repository: Repository, image: StoredImage) -> Mapping[str, Any]:
    """An ImageDetail. Scans, which the sandbox does not make, are missing."""
    manifest = json.loads(image.image_manifest)
    detail = {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageDigest": image.image_digest,
        "imageTags": list(image.image_tags) or None,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.image_pushed_at,
        "imageManifestMediaType": image.image_manifest_media_type,
        "artifactMediaType": manifest.get("artifactType") or manifest.get("config", {}).get("mediaType"),
        "subjectManifestDigest": (manifest.get("subject") or {}).get("digest"),
        "lastRecordedPullTime": image.last_recorded_pull,
        "imageStatus": image.status,
        "lastArchivedAt": image.last_archived,
        "lastActivatedAt": image.last_activated,
    }
    return {name: value for name, value in detail.items() if value is not None}
