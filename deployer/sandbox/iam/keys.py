"""KMS keys by their aliases: policies speak of keys, however a caller named one.

https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
"""

from __future__ import annotations

from moto.kms.models import kms_backends


def resolved(resource: str | None) -> str | None:
    """The key's ARN in the place of an alias's; anything else, and an alias of nothing, as it is."""
    parts = (resource or "").split(":", 5)
    if len(parts) != 6 or parts[2] != "kms" or not parts[5].startswith("alias/"):
        return resource
    backend = kms_backends[parts[4]][parts[3]]
    key = backend.keys.get(backend.get_key_id_from_alias(parts[5]) or "")
    return str(key.arn) if key else resource
