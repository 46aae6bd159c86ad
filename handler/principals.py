"""What the ARN of a caller identifies. Pure.

Only the type before the first `/` counts: the path of an IAM user is free text, and may contain `:assumed-role/`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
"""

from __future__ import annotations

import re

_SESSION = re.compile(r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([^/]+)/.+", re.ASCII)
_FEDERATED = re.compile(r"arn:[a-z-]+:sts::[0-9]{12}:(federated-user)/.+", re.ASCII)


def role_name_of(arn: str) -> str | None:
    """The name of the role behind the ARN of an assumed-role session; None for any other caller."""
    match = _SESSION.fullmatch(arn)
    return match[1] if match else None


def identity_of(arn: str) -> str:
    """The part that all names have in common that a caller can choose for itself.

    The sessions of a role are one caller. So are all federated users of an account, because whoever may call
    GetFederationToken chooses their names.
    """
    federated = _FEDERATED.fullmatch(arn)
    return role_name_of(arn) or (federated[1] if federated else arn)
