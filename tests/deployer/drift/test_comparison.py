"""Which differences count, and how they are reported."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deployer.drift.comparison import Difference, compare, policy_digest
from handler.tags import INSTALLATION_TAG, OWN_TAGS
from tests.deployer.drift.examples import desired_state_of, record

DESIRED_STATE = desired_state_of(record())


def differences(**actual: Any) -> list[tuple[str, str, str]]:
    return [(one.aspect, one.actual, one.desired) for one in compare(replace(DESIRED_STATE, **actual), DESIRED_STATE)]


def test_desired_settings_do_not_differ_from_themselves() -> None:
    assert differences() == []


@pytest.mark.parametrize(
    ("actual", "shown"),
    [
        pytest.param(
            {"image_tag_mutability": "MUTABLE", "mutability_exclusions": ()},
            ("image_tag_mutability", "MUTABLE", "IMMUTABLE_WITH_EXCLUSION latest sha256-*"),
            id="tags can be moved",
        ),
        pytest.param(
            {"mutability_exclusions": ("dev-*", "latest")},
            (
                "image_tag_mutability",
                "IMMUTABLE_WITH_EXCLUSION dev-* latest",
                "IMMUTABLE_WITH_EXCLUSION latest sha256-*",
            ),
            id="more tags than agreed can be moved",
        ),
        pytest.param({"scan_on_push": False}, ("scan_on_push", "false", "true"), id="scan on push is off"),
        pytest.param(
            {"encryption": "KMS", "kms_key": "arn:key"}, ("encryption", "KMS", "AES256"), id="other encryption"
        ),
    ],
)
def test_a_changed_setting_is_reported_with_actual_and_desired_value(
    actual: dict[str, Any], shown: tuple[str, str, str]
) -> None:
    assert differences(**actual) == [shown]


def test_a_missing_changed_or_added_policy_is_reported() -> None:
    assert DESIRED_STATE.lifecycle_policy is not None
    other = json.dumps({**json.loads(DESIRED_STATE.lifecycle_policy), "rules": []})
    missing, changed = differences(lifecycle_policy=None), differences(lifecycle_policy=other)
    assert missing == [("lifecycle_policy", "none", "policies/expire-untagged.json")]
    assert changed == [("lifecycle_policy", policy_digest(other), "policies/expire-untagged.json")]
    added = compare(replace(DESIRED_STATE, repository_policy="{}"), replace(DESIRED_STATE, repository_policy=None))
    assert [(one.aspect, one.desired) for one in added] == [("repository_policy", "none")]


def test_a_missing_or_different_tag_is_reported_and_a_foreign_one_is_not() -> None:
    tags = {**DESIRED_STATE.tags, "cost-center": "42"}
    assert differences(tags=tags) == []
    key, value = next((key, value) for key, value in DESIRED_STATE.tags.items() if key not in OWN_TAGS)
    assert differences(tags={**tags, key: "x"}) == [(f"tags.{key}", "x", value)]
    assert differences(tags={name: text for name, text in tags.items() if name != key}) == [
        (f"tags.{key}", "none", value)
    ]


def test_a_repository_of_an_older_version_has_not_drifted_and_one_of_another_installation_has() -> None:
    old = {key: value for key, value in DESIRED_STATE.tags.items() if key != INSTALLATION_TAG}
    assert old != DESIRED_STATE.tags
    assert differences(tags=old) == []
    assert differences(tags={**old, INSTALLATION_TAG: "other"}) == [(f"tags.{INSTALLATION_TAG}", "other", "deployer")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Statement": [{"Action": "ecr:A"}]}, {"Statement": {"Action": ["ecr:A"]}}),
        ({"Statement": [{"Action": ["ecr:B", "ecr:A"]}]}, {"Statement": [{"Action": ["ecr:A", "ecr:B"]}]}),
        ({"Principal": {"AWS": "1"}}, {"Principal": {"AWS": ["1"]}}),
        ({"Principal": {"AWS": "300000000001"}}, {"Principal": {"AWS": ["arn:aws:iam::300000000001:root"]}}),
        ({"Principal": "*"}, {"Principal": {"AWS": "*"}}),
        ({"rules": [{"rulePriority": 1}, {"rulePriority": 2}]}, {"rules": [{"rulePriority": 2}, {"rulePriority": 1}]}),
    ],
    ids=[
        "one value and a list of it",
        "another order",
        "one principal and a list of it",
        "an account by its number and by its root",
        "everybody in two forms",
        "another order of rules",
    ],
)
def test_equivalent_policies_are_equal(one: Any, other: Any) -> None:
    assert policy_digest(json.dumps(one)) == policy_digest(json.dumps(other, indent=1))


def test_policies_with_different_meanings_differ() -> None:
    narrow, wide = ({"Statement": [{"Action": "a", "Principal": who}]} for who in ({"AWS": "1"}, "*"))
    assert policy_digest(json.dumps(narrow)) != policy_digest(json.dumps(wide))
    account, role = ({"Principal": {"AWS": f"arn:aws:iam::300000000001:{who}"}} for who in ("root", "role/ci"))
    assert policy_digest(json.dumps(account)) != policy_digest(json.dumps(role))
    assert policy_digest("no JSON") != policy_digest("none either")


def test_keys_are_compared_only_if_both_are_known() -> None:
    actual = replace(DESIRED_STATE, encryption="KMS", kms_key="arn:aws:kms:eu-west-1:1:key/a")
    unknown, other = replace(actual, kms_key=None), replace(actual, kms_key="arn:aws:kms:eu-west-1:1:key/b")
    assert compare(actual, unknown) == ()
    assert compare(actual, other) == (
        Difference("encryption", "KMS arn:aws:kms:eu-west-1:1:key/a", "KMS arn:aws:kms:eu-west-1:1:key/b"),
    )
