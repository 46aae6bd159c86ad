"""The settings that were requested for a new repository, as its record stores them for a later audit.

Policies are stored as file name and digest, because their text is too long; tags are stored as they were rendered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256

from handler.settings import RepositorySettings
from handler.tags import fill


def requested_settings(
    settings: RepositorySettings,
    *,
    tags: Mapping[str, str],
    document: Callable[[str], str],
    account: str,
    region: str,
) -> dict[str, object]:
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
        "lifecycle_policy": _file_and_digest(settings.lifecycle_policy, document),
        "repository_policy": _file_and_digest(settings.repository_policy, document),
        "tags": dict(tags),
    }


def policy_digest(text: str) -> str:
    """SHA-256 of a policy's content, regardless of whitespace and key order, which ECR may return differently."""
    return sha256(compact(json.loads(text)).encode()).hexdigest()


def compact(values: object) -> str:
    """JSON without whitespace, in ASCII, with sorted keys."""
    return json.dumps(values, separators=(",", ":"), sort_keys=True)


def _file_and_digest(file: str | None, document: Callable[[str], str]) -> dict[str, str] | None:
    return None if file is None else {"file": file, "sha256": policy_digest(document(file))}
