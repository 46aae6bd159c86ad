"""Whether S3 considers a bucket's policy public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html: a policy is public unless
each grant is for fixed principals, or for fixed values of one of a few condition keys.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from aws_org_sandbox.iam.policies import Statement

_FIXING_KEYS = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourceaccount", "aws:sourcearn",
        "aws:sourceip", "aws:sourceorgid", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
        "s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)  # fmt: skip
_AFFIRMING = re.compile(r"(?:ForAnyValue:)?(?:String|Arn)(?:Equals|Like)(?:IgnoreCase)?|IpAddress")
"""Operators that hold only if the key exists and has one of the values."""
_WIDEST = {4: 8, 6: 32}
"""The shortest address prefixes that do not count as public."""


def is_public(statements: Iterable[Statement]) -> bool:
    """Whether one of the statements grants something to everybody."""
    return any(statement.effect == "Allow" and _is_for_everybody(statement) for statement in statements)


def _is_for_everybody(statement: Statement) -> bool:
    principals = statement.principals or {"*": ("*",)}
    if not any("*" in name for names in principals.values() for name in names):
        return False
    return not any(
        key.lower() in _FIXING_KEYS
        and _AFFIRMING.fullmatch(operator)
        and all(_is_fixed(key, value) for value in values)
        for operator, keys in statement.conditions.items()
        for key, values in keys.items()
    )


def _is_fixed(key: str, value: str) -> bool:
    if key.lower() == "aws:sourceip":
        return _is_narrow(value)
    if key.lower() == "s3:dataaccesspointarn":  # the name may be a pattern if the account is not
        value = "".join(value.split(":")[4:5]) or "*"
    if key.lower() == "aws:userid" and value.endswith(":*"):
        return False
    return not re.search(r"[*?]|\$\{", value)


def _is_narrow(cidr: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _WIDEST[network.version]
