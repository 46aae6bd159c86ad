"""Condition keys that requests to ECR can have: which of a policy's keys nothing will ever match.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
"""

from __future__ import annotations

import difflib

KEY_PREFIXES = ("aws", "ecr", "sts", "saml", "codebuild", "ec2", "glue", "identitystore", "lambda", "ssm")
"""Those after `saml` name the function, instance, build, job or person whose role calls ECR."""

_WITH_TAG = ("aws:PrincipalTag", "aws:RequestTag", "aws:ResourceTag", "ecr:ResourceTag")
_PRINCIPAL = (
    *("aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgPaths", "aws:PrincipalOrgID"),
    *("aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList", "aws:PrincipalType"),
    *("aws:userid", "aws:username"),
)
_SESSION = (
    *("aws:AssumedRoot", "aws:FederatedProvider", "aws:TokenIssueTime", "aws:SignInSessionArn"),
    *("aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:ChatbotSourceArn", "aws:SourceIdentity"),
    *("aws:Ec2InstanceSourceVpc", "aws:Ec2InstanceSourcePrivateIPv4"),
)
_NETWORK = (
    *("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:VpceAccount", "aws:VpceOrgID"),
    *("aws:VpceOrgPaths", "aws:VpcSourceIp"),
)
_RESOURCE = ("aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths")
_REQUEST = (
    *("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:CalledViaAWSMCP", "aws:ViaAWSService"),
    *("aws:ViaAWSMCPService", "aws:CurrentTime", "aws:EpochTime", "aws:referer", "aws:RequestedRegion", "aws:TagKeys"),
    *("aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"),
    "aws:UserAgent",
)
KEYS = (*_PRINCIPAL, *_SESSION, *_NETWORK, *_RESOURCE, *_REQUEST)
_BY_LOWER_CASE = {key.lower(): key for key in (*KEYS, *_WITH_TAG)}
_FULLY_KNOWN = ("aws", "ecr")


def key_problem(key: str) -> str | None:
    """Why no request is known to have a key, or None; capitals make no difference, as in IAM."""
    prefix, colon, name = key.lower().partition(":")
    if not colon or not name or prefix not in KEY_PREFIXES:
        return "not a known condition key; they begin with " + ", ".join(f"{known}:" for known in KEY_PREFIXES)
    base, _, tag = key.lower().partition("/")
    known = _BY_LOWER_CASE.get(base)
    if prefix not in _FULLY_KNOWN or (known and (known in _WITH_TAG) == bool(tag)):
        return None
    if known in _WITH_TAG:
        return f"names no tag; use {known}/ and the key of a tag, as in {known}/team"
    near = difflib.get_close_matches(base, _BY_LOWER_CASE, n=1, cutoff=0.7)
    return "not a condition key that deployer knows" + (f"; did you mean {_BY_LOWER_CASE[near[0]]}?" if near else "")
