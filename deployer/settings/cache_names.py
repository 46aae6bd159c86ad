"""Names of repositories for build caches. Pure.

A build cache writes its tag again with every build, which a repository with immutable tags refuses from the second
build on: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html.
"""

from __future__ import annotations

import re
from typing import Final

_OF_CACHE: Final = re.compile(r"(?:^|[/*._-])(?:build-?)?caches?\*?(?:/\*{1,2})?$")


def names_cache(name: str) -> bool:
    """Whether a repository's name, or a glob of names, is that of a build cache, as `team-a/web-cache`, `**/cache`."""
    return _OF_CACHE.search(name) is not None
