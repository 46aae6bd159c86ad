"""The event pattern: every ECR call that failed because its repository does not exist, whichever call it is.

It does not select pushes only: the handler decides, and the ledger shows ignored calls too.
"""

from __future__ import annotations

from typing import Any

EVENT_SOURCE = "aws.ecr"
DETAIL_TYPE = "AWS API Call via CloudTrail"
ERROR_CODE = "RepositoryNotFoundException"


def repository_not_found() -> dict[str, Any]:
    """The event pattern of the members' rules, of the central rule and of the archive (assumption A10)."""
    return {
        "source": [EVENT_SOURCE],
        "detail-type": [DETAIL_TYPE],
        "detail": {"eventSource": ["ecr.amazonaws.com"], "errorCode": [ERROR_CODE]},
    }
