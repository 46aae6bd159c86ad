"""The errors of ECR that moto does not have, each with the wording of AWS."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException


class InvalidTagParameterException(ServiceException):
    """A tag's key or value breaks the tagging rules."""

    code = "InvalidTagParameterException"


class TooManyTagsException(ServiceException):
    """More tags than a repository may have."""

    code = "TooManyTagsException"
    message = "The list of tags on the repository is over the limit. The maximum number of tags is 50."


class KmsException(ServiceException):
    """KMS refused a key of a repository; `kms_error` is KMS's own error code."""

    code = "KmsException"

    def __init__(self, message: str, *, kms_error: str) -> None:
        super().__init__(message)
        self.kms_error = kms_error


class _OnUpload(ServiceException):
    """An error about one upload to one repository."""

    wording = ""

    def __init__(self, *, name: str, registry_id: str, upload_id: str = "", **details: Any) -> None:
        super().__init__(self.wording.format(name=name, registry_id=registry_id, upload_id=upload_id, **details))


class EmptyUploadException(_OnUpload):
    """An upload was completed before any part of it was received."""

    code = "EmptyUploadException"
    wording = "The specified layer upload with id '{upload_id}' does not contain any layer parts"


class InvalidLayerException(_OnUpload):
    """The received bytes do not match the digest."""

    code = "InvalidLayerException"
    wording = "Layer digest '{digest}' does not match the digest computed over the upload with id '{upload_id}'"


class LayerPartTooSmallException(_OnUpload):
    """A part other than the last is below 5 MiB."""

    code = "LayerPartTooSmallException"
    wording = "Layer parts must be at least 5 MiB in size, except the last one, in the upload with id '{upload_id}'"


class LayerAlreadyExistsException(_OnUpload):
    """The repository already has this layer."""

    code = "LayerAlreadyExistsException"
    wording = (
        "The image layer with digest '{digest}' already exists in the repository with name '{name}' "
        "in registry with id '{registry_id}'"
    )


class LayersNotFoundException(_OnUpload):
    """A manifest names layers that were never uploaded, or a requested layer does not exist."""

    code = "LayersNotFoundException"
    wording = (
        "Layers with digests '[{digests}]' required for pushing image into repository with name '{name}' "
        "in the registry with id '{registry_id}' do not exist"
    )


class ReferencedImagesNotFoundException(_OnUpload):
    """An index names manifests that are not in the repository."""

    code = "ReferencedImagesNotFoundException"
    wording = (
        "Images with digests '[{digests}]' required for pushing image into repository with name '{name}' "
        "in the registry with id '{registry_id}' do not exist"
    )


class ImageDigestDoesNotMatchException(_OnUpload):
    """The digest in a request does not match its manifest."""

    code = "ImageDigestDoesNotMatchException"
    wording = "Image digest '{digest}' does not match the digest that Amazon ECR calculated for the image"


class ImageTagAlreadyExistsException(_OnUpload):
    """The tag is on another image, and tags of this repository are immutable."""

    code = "ImageTagAlreadyExistsException"
    wording = (
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
        "because the tag is immutable."
    )
