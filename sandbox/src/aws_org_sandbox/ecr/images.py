"""Images of repositories: manifests with existing layers, mutable and immutable tags, sizes as AWS counts them.

moto (5.2.5) invents digests, deletes an image when its last tag moves away, and treats exclusion filters as
regular expressions.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from moto.ecr.exceptions import ImageAlreadyExistsException, InvalidParameterException
from moto.ecr.models import Image, Repository

from aws_org_sandbox.ecr import rules
from aws_org_sandbox.ecr.errors import (
    ImageDigestDoesNotMatchException,
    ImageTagAlreadyExistsException,
    LayersNotFoundException,
    ReferencedImagesNotFoundException,
)
from aws_org_sandbox.ecr.layers import layers_of

SCHEMA2: Final = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_SINGLE: Final = {SCHEMA2, OCI_MANIFEST}
_LISTS: Final = {MANIFEST_LIST, OCI_INDEX}
MAXIMUM_MANIFEST: Final = 4_194_304
"""Characters of a manifest (service model, ImageManifest)."""


REFRESHED: Final = timedelta(hours=24)
"""ECR records a pull at least this often: of several within it, the first one counts here."""


class StoredImage(Image):
    """moto's image, with the size that AWS counts: config and layers; for a list, its largest image.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
    """

    size: int = 0
    status: Literal["ACTIVE", "ARCHIVED"] = "ACTIVE"
    """ACTIVATING takes no time here."""
    last_recorded_pull: datetime | None = None
    last_archived: datetime | None = None
    last_activated: datetime | None = None

    def get_image_size_in_bytes(self) -> int:
        return self.size

    def record_pull(self) -> None:
        """Record that a client pulled it, unless a pull was recorded recently."""
        now = datetime.now(UTC)
        if self.last_recorded_pull is None or now - self.last_recorded_pull >= REFRESHED:
            self.last_recorded_pull = now

    def archive(self) -> None:
        """Move it to the archive: it is still described and listed there, and cannot be pulled."""
        self.status, self.last_archived = "ARCHIVED", datetime.now(UTC)

    def activate(self) -> None:
        """Restore it from the archive."""
        self.status, self.last_activated = "ACTIVE", datetime.now(UTC)


def digest_of(manifest: str) -> str:
    """The digest of an image: the SHA-256 of its manifest."""
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"


def put(repository: Repository, manifest: str, *, tag: str | None, media_type: str | None, digest: str | None) -> Image:
    """Store a manifest and add the tag to it; raises the errors of PutImage."""
    about = {"name": repository.name, "registry_id": repository.registry_id}
    rules.check_length("imageManifest", manifest, least=1, most=MAXIMUM_MANIFEST)
    if tag is not None:
        rules.check_pattern("imageTag", tag, rules.IMAGE_TAG)
    document, kind = _parse(manifest, media_type)
    actual = digest_of(manifest)
    if digest is not None and digest != actual:
        raise ImageDigestDoesNotMatchException(digest=digest, **about)
    _check_references(repository, document, kind)
    known = find(repository, digest=actual)
    is_archived = isinstance(known, StoredImage) and known.status == "ARCHIVED"
    _check_tag(repository, None if is_archived else known, tag=tag, digest=actual)
    if isinstance(known, StoredImage) and is_archived:  # another push restores it
        known.activate()
    image = known or _store(repository, manifest, document, media_type=kind)
    if tag is not None and tag not in image.image_tags:
        _move_tag(repository, tag, image)
    return image


def find(repository: Repository, *, digest: str | None = None, tag: str | None = None) -> Image | None:
    """The image with this digest and tag; None if it does not exist."""
    for image in repository.images:
        if digest in (None, image.image_digest) and (tag is None or tag in image.image_tags):
            return image
    return None


def is_immutable(repository: Repository, tag: str) -> bool:
    """Whether a tag may never move: the repository's setting, or the opposite if a filter matches."""
    mutability = str(getattr(repository.image_tag_mutability, "value", repository.image_tag_mutability))
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatch.fnmatchcase(tag, item["filter"]) for item in filters)
    return mutability.startswith("IMMUTABLE") != excluded


def described(repository: Repository, image: Image, *, tag: str | None = None) -> dict[str, Any]:
    """An `Image` of the API: identified by the digest, and by the requested tag."""
    identifier = {"imageDigest": image.image_digest} | ({"imageTag": tag} if tag else {})
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": identifier,
        "imageManifest": image.image_manifest,
        "imageManifestMediaType": image.image_manifest_media_type,
    }


def lookup(repository: Repository, identifiers: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The answer of BatchGetImage: images that exist, failures for the others."""
    images, failures = [], []
    for identifier in identifiers:
        digest, tag = identifier.get("imageDigest"), identifier.get("imageTag")
        if not digest and not tag:
            raise InvalidParameterException("Invalid request parameters: both tag and digest cannot be null")
        image = find(repository, digest=digest, tag=tag)
        if isinstance(image, StoredImage) and image.status != "ACTIVE":
            failure = {"failureCode": "ImageInaccessible", "failureReason": "The image is archived"}
            failures.append({"imageId": dict(identifier), **failure})
        elif image:
            images.append(described(repository, image, tag=tag))
        else:
            failure = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": dict(identifier), **failure})
    return {"images": images, "failures": failures}


def _store(repository: Repository, manifest: str, document: Mapping[str, Any], *, media_type: str) -> StoredImage:
    image = StoredImage(repository.account_id, "", manifest, repository.name, media_type, digest_of(manifest))
    image.image_tags = []
    image.size = _size(repository, document)
    repository.images.append(image)
    return image


def _size(repository: Repository, document: Mapping[str, Any]) -> int:
    if "manifests" in document:
        parts = [find(repository, digest=item["digest"]) for item in document["manifests"]]
        return max((part.get_image_size_in_bytes() or 0 for part in parts if part), default=0)
    return sum(int(descriptor.get("size", 0)) for descriptor in [document["config"], *document["layers"]])


def _parse(manifest: str, media_type: str | None) -> tuple[dict[str, Any], str]:
    try:
        document = json.loads(manifest)
    except ValueError as error:
        raise rules.refuse("ImageManifest", "Invalid JSON syntax") from error
    kind = media_type or (document.get("mediaType") if isinstance(document, dict) else None)
    if not isinstance(document, dict) or document.get("schemaVersion") != 2 or kind not in _SINGLE | _LISTS:
        raise rules.refuse("ImageManifest", "Invalid image manifest provided")
    if document.get("mediaType", kind) != kind:
        raise rules.refuse("ImageManifest", "mediaType of the manifest differs from imageManifestMediaType")
    return document, kind


def _check_references(repository: Repository, document: Mapping[str, Any], media_type: str) -> None:
    about = {"name": repository.name, "registry_id": repository.registry_id}
    try:
        if media_type in _LISTS:
            digests = [item["digest"] for item in document["manifests"]]
            missing = [digest for digest in digests if not find(repository, digest=digest)]
            if missing:
                raise ReferencedImagesNotFoundException(digests=", ".join(missing), **about)
            return
        layers = [layer for layer in document["layers"] if not layer.get("urls")]
        digests = [document["config"]["digest"], *(layer["digest"] for layer in layers)]
    except (KeyError, TypeError) as error:
        raise rules.refuse("ImageManifest", "Invalid image manifest provided") from error
    blobs = layers_of(repository).blobs
    missing = [digest for digest in digests if digest not in blobs]
    if missing:
        raise LayersNotFoundException(digests=", ".join(missing), **about)


def _check_tag(repository: Repository, known: Image | None, *, tag: str | None, digest: str) -> None:
    if known and (tag is None or tag in known.image_tags):
        raise ImageAlreadyExistsException(
            registry_id=repository.registry_id, image_tag=tag or "null", digest=digest, repository_name=repository.name
        )
    if tag and find(repository, tag=tag) and is_immutable(repository, tag):
        raise ImageTagAlreadyExistsException(tag=tag, name=repository.name, registry_id=repository.registry_id)


def _move_tag(repository: Repository, tag: str, image: Image) -> None:
    """The image that had the tag remains without it."""
    previous = find(repository, tag=tag)
    if previous:
        previous.image_tags.remove(tag)
        previous.image_tag = previous.image_tags[-1] if previous.image_tags else ""
    image.update_tag(tag)
