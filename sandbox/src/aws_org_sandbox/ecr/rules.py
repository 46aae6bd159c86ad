"""What ECR accepts in a request: rules that moto does not check. Pure; each returns or raises.

Lengths and patterns are those of the service model (2015-09-21); the quotas are those of the ECR user guide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from moto.ecr.exceptions import InvalidParameterException, ValidationException

from aws_org_sandbox.ecr.errors import InvalidTagParameterException, TooManyTagsException

REPOSITORY_NAME: Final = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
EXCLUSION_FILTER: Final = r"[0-9a-zA-Z._*-]{1,128}"
IMAGE_TAG: Final = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
DIGEST: Final = r"sha256:[a-f0-9]{64}"
REGISTRY_ID: Final = r"[0-9]{12}"
KMS_KEY: Final = (
    r"(arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):)?"
    r"(key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
)
SCAN_FILTER: Final = r"[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*"

MAXIMUM_TAGS: Final = 50
MAXIMUM_EXCLUSIONS: Final = 5
_EXCLUDING: Final = {"MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"}
_MUTABILITIES: Final = {"MUTABLE", "IMMUTABLE"} | _EXCLUDING
_ENCRYPTIONS: Final = {"AES256", "KMS", "KMS_DSSE"}
_SCAN_FREQUENCIES: Final = {
    "BASIC": {"SCAN_ON_PUSH", "MANUAL"},
    "ENHANCED": {"SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"},
}


def refuse(parameter: str, constraint: str) -> InvalidParameterException:
    """Raise ECR's error for a parameter that breaks a constraint."""
    return InvalidParameterException(f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'")


def check_length(parameter: str, value: str, *, least: int, most: int) -> None:
    """Count characters as the service model does."""
    if len(value) < least:
        raise refuse(parameter, f"Member must have length greater than or equal to {least}")
    if len(value) > most:
        raise refuse(parameter, f"Member must have length less than or equal to {most}")


def check_pattern(parameter: str, value: str, pattern: str) -> None:
    """The whole value must match."""
    if not re.fullmatch(pattern, value):
        raise refuse(parameter, f"must satisfy regular expression '{pattern}'")


def check_member(parameter: str, value: object, allowed: set[str]) -> None:
    """The value must be one of an enumeration."""
    if value not in allowed:
        raise refuse(parameter, f"Member must satisfy enum value set: [{', '.join(sorted(allowed))}]")


def check_repository_name(name: object) -> None:
    """2 to 256 characters of lowercase parts; the rule applies to every operation that names a repository."""
    if not isinstance(name, str):
        raise refuse("repositoryName", "Member must not be null")
    check_length("repositoryName", name, least=2, most=256)
    check_pattern("repositoryName", name, REPOSITORY_NAME)


def check_mutability(mutability: str | None, exclusions: Sequence[Mapping[str, Any]] | None) -> None:
    """Exclusion filters require a `_WITH_EXCLUSION` mutability, and it requires them."""
    if mutability is not None:
        check_member("imageTagMutability", mutability, _MUTABILITIES)
    if exclusions is None:
        if mutability in _EXCLUDING:
            raise refuse(
                "imageTagMutabilityExclusionFilters",
                f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}",
            )
        return
    if mutability not in _EXCLUDING:
        raise refuse(
            "imageTagMutabilityExclusionFilters",
            f"ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as {mutability}",
        )
    if not 1 <= len(exclusions) <= MAXIMUM_EXCLUSIONS:
        raise refuse("imageTagMutabilityExclusionFilters", f"Member must have 1 to {MAXIMUM_EXCLUSIONS} items")
    for exclusion in exclusions:
        check_member("filterType", exclusion.get("filterType"), {"WILDCARD"})
        check_pattern("filter", str(exclusion.get("filter", "")), EXCLUSION_FILTER)


def check_encryption(encryption: Mapping[str, str] | None, *, region: str) -> None:
    """A key requires KMS or KMS_DSSE, and the repository's own region; KMS_DSSE requires GovCloud.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    """
    if encryption is None:
        return
    kind, key = encryption.get("encryptionType"), encryption.get("kmsKey")
    check_member("encryptionType", kind, _ENCRYPTIONS)
    if kind == "KMS_DSSE" and not region.startswith("us-gov-"):
        raise refuse("encryptionConfiguration", f"KMS_DSSE is not available in {region}")
    if key is None:
        return
    if kind == "AES256":
        raise refuse("encryptionConfiguration", "kmsKey can't be specified when encryptionType is AES256")
    check_length("kmsKey", key, least=1, most=2048)
    match = re.fullmatch(KMS_KEY, key)
    if not match:
        raise refuse("kmsKey", "must be a key ID, key ARN, alias name or alias ARN")
    if match["region"] and match["region"] != region:
        raise refuse("kmsKey", f"KMS key must be in the same region as the repository: {region}")


def check_tags(tags: Sequence[Mapping[str, Any]], *, present: Mapping[str, str] | None = None) -> None:
    """At most 50 tags with those already `present`; keys to 128 characters, values to 256, `aws:` reserved."""
    keys = [str(tag.get("Key", "")) for tag in tags]
    if len(set(keys)) != len(keys):
        raise InvalidTagParameterException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, tag in zip(keys, tags, strict=True):
        value = tag.get("Value")
        if not 1 <= len(key) <= 128 or not _is_tag_text(key) or key.lower().startswith("aws:"):
            raise InvalidTagParameterException(f"Invalid tag key '{key}'")
        if not isinstance(value, str) or len(value) > 256 or not _is_tag_text(value):
            raise InvalidTagParameterException(f"Invalid value for tag key '{key}'")
    if len({*keys, *(present or {})}) > MAXIMUM_TAGS:
        raise TooManyTagsException


def _is_tag_text(text: str) -> bool:
    """Letters, digits, spaces and `_ . : / = + - @`, as in every AWS service with tags."""
    return all(character in "_.:/=+-@" or unicodedata.category(character)[0] in "LNZ" for character in text)


def check_scanning(scan_type: str | None, rules: Sequence[Mapping[str, Any]] | None) -> None:
    """At most two rules, one for each frequency; enhanced frequencies need the enhanced scan type."""
    check_member("scanType", scan_type, set(_SCAN_FREQUENCIES))
    rules = rules or []
    if len(rules) > 2:
        raise refuse("rules", "Member must have length less than or equal to 2")
    frequencies = [rule.get("scanFrequency") for rule in rules]
    if len(set(frequencies)) != len(frequencies):
        raise ValidationException("Scan frequencies of the rules must differ")
    for rule in rules:
        check_member("scanFrequency", rule.get("scanFrequency"), _SCAN_FREQUENCIES[str(scan_type)])
        filters = rule.get("repositoryFilters", [])
        if len(filters) > 100:
            raise refuse("repositoryFilters", "Member must have length less than or equal to 100")
        for item in filters:
            check_member("filterType", item.get("filterType"), {"WILDCARD"})
            check_pattern("filter", str(item.get("filter", "")), SCAN_FILTER)
