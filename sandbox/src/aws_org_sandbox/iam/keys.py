"""KMS keys by their aliases: policies speak of keys, however a caller named one.

https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
"""

from __future__ import annotations

from moto.kms.models import Key, kms_backends

MANAGED = "alias/aws/"
"""Begins the aliases of the keys that AWS manages, one for each service."""


def is_known(arn: str) -> bool:
    """Whether there is a key of this ARN, or one that the alias of this ARN stands for."""
    return _key(arn) is not None


def is_managed(arn: str) -> bool:
    """Whether the key is one that AWS manages for a service."""
    key = _key(arn)
    return key is not None and any(name.startswith(MANAGED) for name in key.aliases)


def _key(arn: str) -> Key | None:
    _, _, _, region, account, name = (resolved(arn) or "").split(":", 5)
    found: Key | None = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return found


def resolved(resource: str | None) -> str | None:
    """The key's ARN in the place of an alias's; anything else, and an alias of nothing, as it is."""
    parts = (resource or "").split(":", 5)
    if len(parts) != 6 or parts[2] != "kms" or not parts[5].startswith("alias/"):
        return resource
    backend = kms_backends[parts[4]][parts[3]]
    key = backend.keys.get(backend.get_key_id_from_alias(parts[5]) or "")
    return str(key.arn) if key else resource
