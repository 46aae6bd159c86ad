"""Differences between actual and desired state of a repository, from what to what. Pure.

Policies are compared by meaning, as far as that is possible without IAM: one action and a list of one are the
same, and so are lists in another order, and an account by its number and by its root. Tags that settings
do not request are ignored: teams tag their repositories for their own reasons. So is a missing tag that names the
installation if the tag with the event is there, since older versions set only that one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from deployer.drift.repository_state import RepositoryState
from handler.policy_meaning import policy_meaning
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG

NONE = "none"


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that drifted; `aspect` is the setting's key, of a tag `tags.<key>`."""

    aspect: str
    actual: str
    desired: str


def compare(actual: RepositoryState, desired: RepositoryState) -> tuple[Difference, ...]:
    """All differences, in the order of the settings' keys."""
    return tuple(
        difference
        for difference in (*_scalars(actual, desired), *_policies(actual, desired), *_tags(actual, desired))
        if difference.actual != difference.desired
    )


def _scalars(actual: RepositoryState, desired: RepositoryState) -> Iterator[Difference]:
    yield Difference("image_tag_mutability", _mutability(actual), _mutability(desired))
    yield Difference("scan_on_push", _word(actual.scan_on_push), _word(desired.scan_on_push))
    knows_key = desired.kms_key is not None and desired.encryption == actual.encryption
    yield Difference("encryption", *(_encryption(item, with_key=knows_key) for item in (actual, desired)))


def _mutability(item: RepositoryState) -> str:
    return " ".join((item.image_tag_mutability, *item.mutability_exclusions))


def _encryption(item: RepositoryState, *, with_key: bool) -> str:
    return f"{item.encryption} {item.kms_key}" if with_key and item.kms_key else item.encryption


def _word(value: bool) -> str:
    return "true" if value else "false"


def _policies(actual: RepositoryState, desired: RepositoryState) -> Iterator[Difference]:
    """A desired policy is named by its file, and an actual one by a digest, since it has no name."""
    for aspect in ("lifecycle_policy", "repository_policy"):
        is_, is_to_be = (policy_digest(getattr(item, aspect)) for item in (actual, desired))
        if is_ != is_to_be:
            yield Difference(aspect, is_, NONE if is_to_be == NONE else desired.files.get(aspect, is_to_be))


def _tags(actual: RepositoryState, desired: RepositoryState) -> Iterator[Difference]:
    for key, value in sorted(desired.tags.items()):
        if key == INSTALLATION_TAG and key not in actual.tags and EVENT_ID_TAG in actual.tags:
            continue
        yield Difference(f"tags.{key}", actual.tags.get(key, NONE), value)


def policy_digest(text: str | None) -> str:
    """A short digest of a policy, equal for equal meaning."""
    if text is None:
        return NONE
    try:
        meaning: object = policy_meaning(json.loads(text))
    except ValueError:
        meaning = text
    return f"sha256:{sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]}"
