"""A push to a tag that may not be moved, explained. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deployer.pushing.immutable_tags import ImmutableTag, Kind
from deployer.rendering.text import Line, wrapped

_NEXT_STEPS: Final[Mapping[Kind, str]] = {
    "image": "Push under a new tag. Tags that have to move, such as latest, are listed in the OU's file as "
    "repository.mutability_exclusions.",
    "signature": "Signatures and attestations of one image share a tag, which each further one writes again. List it "
    'in the OU\'s file: repository.mutability_exclusions: ["sha256-*"].',
    "cache": "A build cache writes its tag again with each build. In the OU's file, add a namespace for caches with "
    "image_tag_mutability: MUTABLE and mutability_exclusions: [].",
}

_UNCERTAIN: Final = "ECR answered 400, as for a tag that exists and is immutable"


def immutable_tag_lines(tag: ImmutableTag) -> list[Line]:
    """The refusal of ECR, and how to push anyway."""
    refusal = "the tag exists and is immutable" if tag.is_certain else _UNCERTAIN
    lines = [
        Line(f"{tag.repository}:{tag.tag}: {refusal}", "bad"),
        *wrapped(_NEXT_STEPS[tag.kind], indent=2),
    ]
    if tag.kind != "image":
        lines += wrapped("After the roll-out, `deployer audit repair` changes existing repositories.", indent=2)
    return lines
