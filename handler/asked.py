"""What was asked for when a repository was made, as its record keeps it: so that an audit can compare then with now.

Policies are kept by file and digest of what they say, which is too long itself; tags as they were rendered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from handler.settings import RepositorySettings
from handler.tags import fill


def asked_for(
    settings: RepositorySettings,
    *,
    tags: Mapping[str, str],
    document: Callable[[str], str],
    account: str,
    region: str,
) -> dict[str, Any]:
    """Settings of one repository as plain data; `document` gives the text of a policy file."""
    key = settings.encryption.kms_key
    return {
        "image_tag_mutability": settings.image_tag_mutability,
        "mutability_exclusions": list(settings.mutability_exclusions),
        "scan_on_push": settings.scan_on_push,
        "encryption": {
            "type": settings.encryption.type,
            "kms_key": key and fill(key, {"account": account, "region": region}),
        },
        "lifecycle_policy": _digested(settings.lifecycle_policy, document),
        "repository_policy": _digested(settings.repository_policy, document),
        "tags": dict(tags),
    }


def policy_digest(text: str) -> str:
    """SHA-256 of what a policy says, whatever its blanks and order: ECR gives it back in a form of its own."""
    return sha256(compact(json.loads(text)).encode()).hexdigest()


def compact(values: Any) -> str:
    """JSON without blanks, in ASCII, keys sorted."""
    return json.dumps(values, separators=(",", ":"), sort_keys=True)


def _digested(file: str | None, document: Callable[[str], str]) -> dict[str, str] | None:
    return None if file is None else {"file": file, "sha256": policy_digest(document(file))}
