"""Manifests, tags and referrers of the distribution protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from aws_org_sandbox.ecr import images as ecr_images
from aws_org_sandbox.ecr import rules
from aws_org_sandbox.registry.ecr_api import EcrApi
from aws_org_sandbox.registry.errors import RegistryError
from aws_org_sandbox.registry.store import repository_of

_PAGE: Final = 1000
"""Maximum tags on a page (service model, MaxResults of ListImages)."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of one repository, for one request."""

    api: EcrApi
    repository: str

    def get(self, reference: str) -> Response:
        """A pull: the manifest of a tag or digest. ECR's API as such does not document which call records a pull."""
        response = self.head(reference)
        repository = repository_of(self.api.host, self.repository)
        digest = response.headers["Docker-Content-Digest"]
        image = ecr_images.find(repository, digest=digest) if repository else None
        if isinstance(image, ecr_images.StoredImage):
            image.record_pull()
        return response

    def head(self, reference: str) -> Response:
        """The same for a HEAD request, which only asks whether it exists."""
        answer = self.api.call("BatchGetImage", repositoryName=self.repository, imageIds=[_identifier(reference)])
        if not answer["images"]:
            raise RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found")
        image = answer["images"][0]
        headers = {"Docker-Content-Digest": image["imageId"]["imageDigest"]}
        return Response(image["imageManifest"], headers=headers, content_type=image["imageManifestMediaType"])

    def put(self, reference: str, request: Request) -> Response:
        """Store a manifest under a tag, or under its digest alone."""
        data = request.get_data()
        if len(data) > ecr_images.MAXIMUM_MANIFEST:
            raise RegistryError(413, "SIZE_INVALID", f"Manifests have at most {ecr_images.MAXIMUM_MANIFEST} bytes")
        manifest, digest = _text(data), None
        identifier = _identifier(reference)
        try:
            answer = self.api.call(
                "PutImage",
                repositoryName=self.repository,
                imageManifest=manifest,
                imageManifestMediaType=_media_type(request),
                **identifier,
            )
            digest = answer["image"]["imageId"]["imageDigest"]
        except RegistryError as error:
            digest = self._tolerate(error, manifest, tag=identifier.get("imageTag"))
        headers = {"Docker-Content-Digest": digest, "Location": f"/v2/{self.repository}/manifests/{digest}"}
        return Response(status=201, headers=headers | _subject(manifest))

    def tags(self, request: Request) -> Response:
        """Tags in order, `n` on a page, after `last`; the next page is in the Link header."""
        size = _page_size(request)
        last = request.args.get("last", "")
        tags = sorted({item["imageTag"] for item in self._tagged() if item["imageTag"] > last})
        page, more = tags[:size], len(tags) > size
        response = _json({"name": self.repository, "tags": page})
        if more and page:
            query = urlencode({"last": page[-1], "n": size})
            response.headers["Link"] = f'</v2/{self.repository}/tags/list?{query}>; rel="next"'
        return response

    def _tagged(self) -> Iterator[dict[str, str]]:
        """Every tag that ListImages names, page by page."""
        more: dict[str, str] = {}
        while True:
            answer = self.api.call(
                "ListImages",
                repositoryName=self.repository,
                maxResults=_PAGE,
                filter={"tagStatus": "TAGGED"},
                **more,
            )
            yield from answer["imageIds"]
            if "nextToken" not in answer:
                return
            more = {"nextToken": answer["nextToken"]}

    def referrers(self, digest: str, request: Request) -> Response:
        """The manifests whose subject is this digest, as an index; empty if there are none."""
        requested = request.args.get("artifactType")
        self.api.call("DescribeImages", repositoryName=self.repository)
        repository = repository_of(self.api.host, self.repository)
        found = [_descriptor(image) for image in (repository.images if repository else []) if _refers(image, digest)]
        manifests = [item for item in found if requested in (None, item.get("artifactType"))]
        response = _json({"schemaVersion": 2, "mediaType": ecr_images.OCI_INDEX, "manifests": manifests})
        response.content_type = ecr_images.OCI_INDEX
        if requested:
            response.headers["OCI-Filters-Applied"] = "artifactType"
        return response

    def _tolerate(self, error: RegistryError, manifest: str, *, tag: str | None) -> str:
        """Pushing an existing image succeeds, unless its tag is immutable."""
        repository = repository_of(self.api.host, self.repository)
        if error.api_code != "ImageAlreadyExistsException" or repository is None:
            raise error
        if tag and ecr_images.is_immutable(repository, tag):
            message = (
                f"The image tag '{tag}' already exists in the '{self.repository}' repository and cannot be "
                "overwritten because the tag is immutable."
            )
            raise RegistryError(400, "TAG_INVALID", message, error.api_code)
        return ecr_images.digest_of(manifest)


def _identifier(reference: str) -> dict[str, str]:
    if ":" in reference:
        if not re.fullmatch(rules.DIGEST, reference):
            raise RegistryError(400, "DIGEST_INVALID", f"Invalid digest '{reference}'")
        return {"imageDigest": reference}
    if not re.fullmatch(rules.IMAGE_TAG, reference):
        raise RegistryError(400, "TAG_INVALID", f"Invalid tag '{reference}'")
    return {"imageTag": reference}


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RegistryError(400, "MANIFEST_INVALID", "The manifest is not UTF-8") from error


def _media_type(request: Request) -> str | None:
    kind = request.mimetype
    return kind if kind.startswith("application/vnd.") else None


def _page_size(request: Request) -> int:
    stated = request.args.get("n", str(_PAGE))
    if not stated.isdecimal() or not 1 <= int(stated) <= _PAGE:
        raise RegistryError(400, "PAGINATION_NUMBER_INVALID", f"n must be 1 to {_PAGE}, and is '{stated}'")
    return int(stated)


def _subject(manifest: str) -> dict[str, str]:
    subject = json.loads(manifest).get("subject")
    return {"OCI-Subject": subject["digest"]} if subject else {}


def _refers(image: Any, digest: str) -> bool:
    subject = json.loads(image.image_manifest).get("subject")
    return bool(subject) and subject.get("digest") == digest


def _descriptor(image: Any) -> dict[str, Any]:
    document = json.loads(image.image_manifest)
    kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
    return {
        "mediaType": image.image_manifest_media_type,
        "digest": image.image_digest,
        "size": len(image.image_manifest.encode()),
        "artifactType": kind,
        "annotations": document.get("annotations", {}),
    }


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), content_type="application/json; charset=utf-8")
