"""KMS keys by their aliases: policies name keys, even if a caller uses an alias.

https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
"""

from __future__ import annotations

from moto.kms.models import Key, kms_backends

MANAGED = "alias/aws/"
"""The prefix of the aliases of AWS managed keys, one for each service."""


def is_known(arn: str) -> bool:
    """Whether a key exists for this key ARN or alias ARN."""
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
    """The key's ARN for an alias ARN; anything else, including an unknown alias, unchanged."""
    parts = (resource or "").split(":", 5)
    if len(parts) != 6 or parts[2] != "kms" or not parts[5].startswith("alias/"):
        return resource
    backend = kms_backends[parts[4]][parts[3]]
    key = backend.keys.get(backend.get_key_id_from_alias(parts[5]) or "")
    return str(key.arn) if key else resource
