"""Addresses in the AWS console, made only of parts that cannot be anything but what they claim to be. Pure.

Reports say what strangers wrote: an address is made of an account, a region and a name that fit ECR's own rules, or
there is none. assets/report.js makes them by the same rules.
"""

from __future__ import annotations

import re

from deployer.partitions import partition_of
from handler.regions import REGION
from handler.repository_names import is_valid

_ACCOUNT = re.compile(r"\d{12}")


def repository_link(account: str, region: str, repository: str) -> str | None:
    """The page of a repository, for who is signed in to its account."""
    if not (_ACCOUNT.fullmatch(account) and REGION.fullmatch(region) and is_valid(repository)):
        return None
    domain = partition_of(region).console
    return domain and f"https://{region}.{domain}/ecr/repositories/private/{account}/{repository}?region={region}"
