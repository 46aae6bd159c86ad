"""ECR as a pusher uses it: the first two calls of a push, at the endpoint of the image's host name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore import exceptions as botocore

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import PermissionDeniedError
from deployer.pushing.images import ImageReference, Registry

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_NO_LAYER: Final = f"sha256:{0:064x}"
"""A digest that no layer has: the response depends only on the repository."""

_OWN: Final = "`deployer ensure --policy` prints the smallest policy that a pusher needs."
_FOREIGN: Final = (
    "The repository exists in another account, so its repository policy must allow the push, too:\n"
    "  set `repository_policy` in the config file of that account's OU."
)

_MISSING: Final = "RepositoryNotFoundException"


class EcrRegistries:
    """Implements `deployer.pushing.ensure.Registries` with the pusher's own credentials."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def request(self, image: ImageReference) -> bool:
        """InitiateLayerUpload; the upload that it starts in an existing repository expires."""
        with _explained(image):
            try:
                self._client(image.registry).initiate_layer_upload(
                    registryId=image.registry.account, repositoryName=image.repository
                )
            except botocore.ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                return False
        return True

    def exists(self, image: ImageReference) -> bool:
        """BatchCheckLayerAvailability for a layer that does not exist."""
        with _explained(image):
            try:
                self._client(image.registry).batch_check_layer_availability(
                    registryId=image.registry.account, repositoryName=image.repository, layerDigests=[_NO_LAYER]
                )
            except botocore.ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                return False
        return True

    def _client(self, registry: Registry) -> ECRClient:
        return self._session.ecr_client(
            region=registry.region, is_fips=registry.is_fips, is_dual_stack=registry.is_dual_stack
        )


@contextmanager
def _explained(image: ImageReference) -> Iterator[None]:
    """Add the pusher's next step to a refusal."""
    location = f"account {image.registry.account}, {image.registry.region}"
    try:
        with translated(location):
            yield
    except PermissionDeniedError as error:
        is_foreign = "resource-based policy" in error.message
        raise PermissionDeniedError(
            f"{image.repository} in {location}: {error.message}", next_step=_FOREIGN if is_foreign else _OWN
        ) from error
