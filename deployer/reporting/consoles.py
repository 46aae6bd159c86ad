"""Links to the AWS console, made only of validated parts. Pure.

Records contain text from untrusted users: a link is made only if the account, the region and the repository name are
valid by AWS's rules. assets/report.js applies the same rules.
"""

from __future__ import annotations

import re

from deployer.partitions import partition_of
from handler.regions import REGION
from handler.repository_names import is_valid

_ACCOUNT = re.compile(r"\d{12}")


def repository_link(account: str, region: str, repository: str) -> str | None:
    """The console page of a repository, for users who are signed in to its account; None if no link can be made."""
    if not (_ACCOUNT.fullmatch(account) and REGION.fullmatch(region) and is_valid(repository)):
        return None
    domain = partition_of(region).console
    return domain and f"https://{region}.{domain}/ecr/repositories/private/{account}/{repository}?region={region}"
