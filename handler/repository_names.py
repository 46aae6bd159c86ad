"""What ECR accepts as a repository name, and the parts of one.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
"""

from __future__ import annotations

import re

MINIMUM_LENGTH = 2
MAXIMUM_LENGTH = 256
PATTERN = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"

_NAME = re.compile(PATTERN, re.ASCII)


def is_valid(name: str) -> bool:
    """Whether ECR accepts the name; the length is checked first, so the pattern is never applied to a long text."""
    return MINIMUM_LENGTH <= len(name) <= MAXIMUM_LENGTH and _NAME.fullmatch(name) is not None


def namespace_of(name: str) -> str:
    """Everything before the last `/`: `team-a/web` for `team-a/web/api`, empty for a name without `/`."""
    return name.rpartition("/")[0]
