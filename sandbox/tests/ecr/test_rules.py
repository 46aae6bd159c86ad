"""The limits of ECR, with boundary values."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session
from moto.core.exceptions import ServiceException

from aws_org_sandbox.ecr import rules as ecr_rules
from aws_org_sandbox.ecr.errors import InvalidTagParameterException, TooManyTagsException


@pytest.mark.parametrize("name", ["ab", "a1", "team-a/api", "a--b", "a__b/c.d", "1/2/3", "a" * 256])
def test_names_that_ecr_accepts(name: str) -> None:
    ecr_rules.check_repository_name(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a", id="one character"),
        pytest.param("a" * 257, id="257 characters"),
        pytest.param("Team/api", id="uppercase"),
        pytest.param("-api", id="begins with a separator"),
        pytest.param("api-", id="ends with a separator"),
        pytest.param("a..b", id="two dots"),
        pytest.param("a___b", id="three underscores"),
        pytest.param("a//b", id="an empty part"),
        pytest.param("/ab", id="begins with a slash"),
        pytest.param("api\n", id="a trailing newline"),
        pytest.param(None, id="none"),
    ],
)
def test_names_that_ecr_refuses(name: str | None) -> None:
    with pytest.raises(ServiceException, match="Invalid parameter at 'repositoryName'"):
        ecr_rules.check_repository_name(name)


WILDCARD = {"filterType": "WILDCARD", "filter": "latest"}


@pytest.mark.parametrize(
    ("mutability", "exclusions"),
    [
        pytest.param(None, None, id="nothing configured"),
        pytest.param("IMMUTABLE", None, id="immutable without filters"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", [WILDCARD], id="one filter"),
        pytest.param("MUTABLE_WITH_EXCLUSION", [WILDCARD] * 5, id="five filters"),
    ],
)
def test_mutability_that_ecr_accepts(mutability: str | None, exclusions: list[dict[str, str]] | None) -> None:
    ecr_rules.check_mutability(mutability, exclusions)


@pytest.mark.parametrize(
    ("mutability", "exclusions"),
    [
        pytest.param("FROZEN", None, id="unknown"),
        pytest.param("IMMUTABLE", [WILDCARD], id="filters for a mutability without exclusion"),
        pytest.param(None, [WILDCARD], id="filters without a mutability"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", None, id="exclusion without filters"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", [], id="an empty list of filters"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", [WILDCARD] * 6, id="six filters"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", [WILDCARD | {"filterType": "REGEX"}], id="another filter type"),
        pytest.param(
            "IMMUTABLE_WITH_EXCLUSION", [WILDCARD | {"filter": "a/b"}], id="a character that tags cannot have"
        ),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", [WILDCARD | {"filter": "a" * 129}], id="129 characters"),
    ],
)
def test_mutability_that_ecr_refuses(mutability: str | None, exclusions: list[dict[str, str]] | None) -> None:
    with pytest.raises(ServiceException):
        ecr_rules.check_mutability(mutability, exclusions)


KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    "encryption",
    [
        None,
        {"encryptionType": "AES256"},
        {"encryptionType": "KMS"},
        {"encryptionType": "KMS", "kmsKey": "alias/images"},
        {"encryptionType": "KMS", "kmsKey": "11111111-2222-3333-4444-555555555555"},
    ],
)
def test_encryption_that_ecr_accepts(encryption: dict[str, str] | None) -> None:
    ecr_rules.check_encryption(encryption, region="eu-west-1")


@pytest.mark.parametrize(
    "encryption",
    [
        pytest.param({"encryptionType": "ROT13"}, id="unknown type"),
        pytest.param({"encryptionType": "AES256", "kmsKey": KEY}, id="a key for AES256"),
        pytest.param({"encryptionType": "KMS", "kmsKey": "images"}, id="neither a key nor an alias"),
        pytest.param(
            {"encryptionType": "KMS", "kmsKey": KEY.replace("eu-west-1", "us-east-1")}, id="a key of another region"
        ),
    ],
)
def test_encryption_that_ecr_refuses(encryption: dict[str, str]) -> None:
    with pytest.raises(ServiceException):
        ecr_rules.check_encryption(encryption, region="eu-west-1")


def test_dual_layer_encryption_is_accepted_in_govcloud_only() -> None:
    key = KEY.replace("arn:aws:kms:eu-west-1", "arn:aws-us-gov:kms:us-gov-west-1")
    ecr_rules.check_encryption({"encryptionType": "KMS_DSSE", "kmsKey": key}, region="us-gov-west-1")
    with pytest.raises(ServiceException, match="KMS_DSSE"):
        ecr_rules.check_encryption({"encryptionType": "KMS_DSSE"}, region="eu-west-1")


def tags(*pairs: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


def test_tags_that_ecr_accepts() -> None:
    ecr_rules.check_tags(tags(("k" * 128, "v" * 256), ("Kosten stelle", ""), ("a/b:c=d+e-f@g", "Ü ½")))
    ecr_rules.check_tags(tags(*((f"k{number}", "") for number in range(50))))
    ecr_rules.check_tags(tags(("k0", "new")), present={f"k{number}": "" for number in range(50)})


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(("", "x"), id="no key"),
        pytest.param(("k" * 129, "x"), id="129 characters of key"),
        pytest.param(("k", "v" * 257), id="257 characters of value"),
        pytest.param(("aws:x", "x"), id="the reserved prefix"),
        pytest.param(("AWS:x", "x"), id="the reserved prefix in capitals"),
        pytest.param(("k", "a\tb"), id="a control character"),
        pytest.param(("k", "a;b"), id="punctuation that tags cannot have"),
        pytest.param(("k", None), id="no value"),
    ],
)
def test_a_tag_that_ecr_refuses(refused: tuple[str, Any]) -> None:
    with pytest.raises(InvalidTagParameterException):
        ecr_rules.check_tags(tags(refused))


def test_more_than_fifty_tags_or_duplicate_keys_are_refused() -> None:
    with pytest.raises(TooManyTagsException):
        ecr_rules.check_tags(tags(("one-more", "")), present={f"k{number}": "" for number in range(50)})
    with pytest.raises(InvalidTagParameterException):
        ecr_rules.check_tags(tags(("k", "1"), ("k", "2")))


@pytest.mark.parametrize(
    ("scan_type", "frequencies"),
    [("BASIC", ["SCAN_ON_PUSH"]), ("ENHANCED", ["SCAN_ON_PUSH", "CONTINUOUS_SCAN"]), ("BASIC", [])],
)
def test_scanning_that_ecr_accepts(scan_type: str, frequencies: list[str]) -> None:
    ecr_rules.check_scanning(scan_type, [{"scanFrequency": one, "repositoryFilters": []} for one in frequencies])


@pytest.mark.parametrize(
    ("scan_type", "frequencies", "filter_"),
    [
        pytest.param("FULL", [], "*", id="unknown type"),
        pytest.param("BASIC", ["CONTINUOUS_SCAN"], "*", id="continuous scanning without enhanced scanning"),
        pytest.param("BASIC", ["SCAN_ON_PUSH", "SCAN_ON_PUSH"], "*", id="a duplicate frequency"),
        pytest.param("ENHANCED", ["SCAN_ON_PUSH"], "Prod", id="a filter that matches no valid name"),
        pytest.param("ENHANCED", ["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"], "*", id="three rules"),
    ],
)
def test_scanning_that_ecr_refuses(scan_type: str, frequencies: list[str], filter_: str) -> None:
    filters = [{"filterType": "WILDCARD", "filter": filter_}]
    with pytest.raises(ServiceException):
        ecr_rules.check_scanning(
            scan_type, [{"scanFrequency": one, "repositoryFilters": filters} for one in frequencies]
        )


def test_the_patterns_are_those_of_the_service_model() -> None:
    shapes = get_session().get_service_data("ecr")["shapes"]
    assert shapes["RepositoryName"]["pattern"] == ecr_rules.REPOSITORY_NAME
    assert shapes["ImageTagMutabilityExclusionFilterValue"]["pattern"] == f"^{ecr_rules.EXCLUSION_FILTER}$"
    assert shapes["ScanningRepositoryFilterValue"]["pattern"] == f"^{ecr_rules.SCAN_FILTER}$"
    assert shapes["LifecyclePolicyText"] | {"min": 100, "max": 30_720} == shapes["LifecyclePolicyText"]
    assert shapes["RepositoryPolicyText"]["max"] == 10_240
