"""Who calls, and as what: the account behind the credentials and the partition that its ARN names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The answer of GetCallerIdentity."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN."""
        return self.arn.split(":", 2)[1]

    @property
    def session_name(self) -> str:
        """The caller's own name, for sessions of roles that it assumes: CloudTrail shows who assumed them."""
        name = re.sub(r"[^\w+=,.@-]", "-", self.arn.rsplit("/", 1)[-1], flags=re.ASCII)
        return name[:64].ljust(2, "-")


def get_identity(client: STSClient) -> Identity:
    """Who the credentials belong to; needs no permission, so it fails only without valid credentials."""
    with translated():
        answer = client.get_caller_identity()
    return Identity(account=answer["Account"], arn=answer["Arn"])
