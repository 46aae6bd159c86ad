"""Lifecycle rules of a bucket, which CloudFormation and S3's API write differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, STRING, TAGS

LIFECYCLE = {
    "Rules!": [
        {
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation!": INTEGER},
            "ExpirationInDays": INTEGER,
            "ExpiredObjectDeleteMarker": BOOLEAN,
            "Id": STRING,
            "NoncurrentVersionExpiration": {"NoncurrentDays!": INTEGER, "NewerNoncurrentVersions": INTEGER},
            "NoncurrentVersionExpirationInDays": INTEGER,
            "Prefix": STRING,
            "Status!": STRING,
            "TagFilters": TAGS,
        }
    ]
}
"""The shape of LifecycleConfiguration, without transitions between storage classes."""


def lifecycle_rules(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules as PutBucketLifecycleConfiguration accepts them."""
    return [_rule(rule) for rule in configuration["Rules"]]


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    found |= {
        key: rule[key] for key in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration") if key in rule
    }
    if "Id" in rule:
        found["ID"] = rule["Id"]
    if "NoncurrentVersionExpirationInDays" in rule:
        found["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "ExpirationInDays" in rule:
        found["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        found["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    return found


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    tags, prefix = rule.get("TagFilters", []), rule.get("Prefix", "")
    if not tags:
        return {"Prefix": prefix}
    if len(tags) == 1 and not prefix:
        return {"Tag": tags[0]}
    return {"And": {"Prefix": prefix, "Tags": tags}}
