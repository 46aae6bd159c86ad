"""What was asked for when a repository was made, as its record keeps it: so that an audit can compare then with now.

Policies are kept by file and SHA-256 of their text, which would be too long; tags as they were rendered.
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
) -> str:
    """Settings of one repository as compact JSON; `document` gives the text of a policy file."""
    key = settings.encryption.kms_key
    values: dict[str, Any] = {
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
    return json.dumps(values, separators=(",", ":"), sort_keys=True, ensure_ascii=True)


def _digested(file: str | None, document: Callable[[str], str]) -> dict[str, str] | None:
    if file is None:
        return None
    return {"file": file, "sha256": sha256(document(file).encode()).hexdigest()}
