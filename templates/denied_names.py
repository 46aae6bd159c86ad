"""Globs over repository names as resources of an IAM Deny.

A `*` of IAM matches any characters, `/` included, so a pattern may match more names than its glob, never fewer: a Deny
made of these patterns allows no name that the glob matches.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from handler.globs import matches_arn

_STARS = re.compile(r"\*+")
_PARENTS = re.compile(r"(?:^|(?<=/))\*{2,}/")
MOST_ALTERNATIVES = 4
"""Patterns of one glob. Each `**/` doubles them, since it may stand for no part; then one pattern is for both cases."""


def denied_patterns(globs: Iterable[str]) -> tuple[str, ...]:
    """Patterns that together match every name that one of the globs matches: sorted, for the end of an ECR ARN."""
    return tuple(sorted({pattern for glob in globs for pattern in _patterns(glob)}))


def is_denied(patterns: Iterable[str], name: str) -> bool:
    """Whether one of the patterns matches a name, as IAM matches resources."""
    return any(matches_arn(pattern, name) for pattern in patterns)


def _patterns(glob: str) -> set[str]:
    alternatives = [""]
    first, *others = _PARENTS.split(glob)
    alternatives = [first]
    for part in others:
        parents = ("", "*/") if len(alternatives) < MOST_ALTERNATIVES else ("*",)
        alternatives = [f"{before}{parent}{part}" for before in alternatives for parent in parents]
    return {_STARS.sub("*", alternative) for alternative in alternatives}
