"""ARNs of what lives in whichever account a template is deployed to; all other ARNs are plain text, from `Names`."""

from __future__ import annotations

from troposphere import Sub


def arn_here(service: str, resource: str, *, region: str = "*") -> Sub:
    """ARN in the account and partition of the stack; IAM's have no region (`region=""`)."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")
