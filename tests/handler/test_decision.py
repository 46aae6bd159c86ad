from __future__ import annotations

from typing import Any

import pytest

from handler import reasons
from handler.decision import Create, Ignored, Refused, decide, screen
from handler.rules import Rule, text_of
from handler.settings import Settings, settings_from
from tests.handler.events import MISSING, call

ALL_NAMES = "create.names.allow: **"
STRANGER = "999999999999"
NAME = "detail.requestParameters.repositoryName"


def settings(**changes: Any) -> Settings:
    enabled: dict[str, Any] = {"enabled": True, "regions": ["eu-west-1"]}
    return settings_from([enabled, changes])


@pytest.mark.parametrize(
    ("changes", "said", "decision"),
    [
        pytest.param(
            {},
            {"enabled": False},
            Refused(reason="ou-not-enabled", rule=Rule(("enabled",), "false")),
            id="the OU is not enabled",
        ),
        pytest.param(
            {},
            {"regions": ["us-east-1", "eu-central-1"]},
            Refused(reason="region-not-enabled", rule=Rule(("regions",), "us-east-1, eu-central-1")),
            id="a region that is not listed",
        ),
        pytest.param(
            {},
            {"regions": []},
            Refused(reason="region-not-enabled", rule=Rule(("regions",), "none")),
            id="an empty list of regions",
        ),
        pytest.param(
            {NAME: "Team-A/api"},
            {},
            Refused(reason="name-invalid", rule=Rule((), "ECR's rules for repository names")),
            id="an uppercase name",
        ),
        pytest.param(
            {NAME: "team-a/tmp-1"},
            {"create": {"names": {"allow": ["team-*/**"], "deny": ["x", "**/tmp-*"]}}},
            Refused(reason="name-denied", rule=Rule(("create", "names", "deny"), "**/tmp-*", 1)),
            id="a name that is both denied and allowed",
        ),
        pytest.param(
            {NAME: "other/api"},
            {"create": {"names": {"allow": ["team-*/**", "base/*"]}}},
            Refused(reason="name-not-allowed", rule=Rule(("create", "names", "allow"), "team-*/**, base/*")),
            id="a name that no glob allows",
        ),
        pytest.param(
            {},
            {"create": {"names": {"allow": [f"n{i}" for i in range(7)]}}},
            Refused(
                reason="name-not-allowed", rule=Rule(("create", "names", "allow"), "n0, n1, n2, n3, n4 and 2 more")
            ),
            id="a rule with a long list is shortened",
        ),
        pytest.param(
            {},
            {"create": {"principals": {"deny": ["arn:aws:iam::*:role/ci/*"]}}},
            Refused(
                reason="principal-denied", rule=Rule(("create", "principals", "deny"), "arn:aws:iam::*:role/ci/*", 0)
            ),
            id="a session whose role is denied by its path",
        ),
        pytest.param(
            {},
            {"create": {"principals": {"allow": ["arn:aws:iam::*:user/*"]}}},
            Refused(
                reason="principal-not-allowed", rule=Rule(("create", "principals", "allow"), "arn:aws:iam::*:user/*", 0)
            ),
            id="a role that matches only a rule for users",
        ),
        pytest.param(
            {},
            {"create": {"on": ["pull"]}},
            Ignored(reason="not-a-pull", detail="InitiateLayerUpload"),
            id="a pull when only pushes create",
        ),
        pytest.param(
            {"detail.eventName": "BatchGetImage"},
            {"enabled": False},
            Ignored(reason="not-a-push", detail="BatchGetImage"),
            id="a pull in an OU that is not enabled is ignored, so that its record expires",
        ),
    ],
)
def test_calls_that_create_nothing_have_a_reason(
    changes: dict[str, Any], said: dict[str, Any], decision: Refused | Ignored
) -> None:
    assert decide(call(changes=changes), settings(**said), is_member=no_look_up) == decision


def no_look_up(account: str) -> bool:
    """For callers of the account itself, and for calls that are refused before the look-up."""
    raise AssertionError(f"whether {account} is in the organization was asked")


OUTSIDER = Refused(
    reason="principal-outside-organization", rule=Rule(("create", "principals", "outside_organization"), "false")
)
IDENTITY = "detail.userIdentity"


@pytest.mark.parametrize(
    ("name", "changes", "asked", "is_member", "decision"),
    [
        pytest.param(
            "push-from-another-account", {}, ["400000000001"], True, None, id="another member, by its account"
        ),
        pytest.param(
            "push-from-another-account", {}, ["400000000001"], False, OUTSIDER, id="an outside account without an ARN"
        ),
        pytest.param(
            "push-from-another-account",
            {f"{IDENTITY}.arn": f"arn:aws:sts::{STRANGER}:assumed-role/x/y", f"{IDENTITY}.accountId": STRANGER},
            [STRANGER],
            False,
            OUTSIDER,
            id="an outside account with an ARN",
        ),
        pytest.param(
            "push-from-another-account",
            {f"{IDENTITY}.arn": f"arn:aws:sts::{STRANGER}:assumed-role/x/y", f"{IDENTITY}.accountId": MISSING},
            [STRANGER],
            False,
            OUTSIDER,
            id="an outside account with only an ARN",
        ),
        pytest.param(
            "push-by-a-role",
            {f"{IDENTITY}.sessionContext.sessionIssuer.arn": f"arn:aws:iam::{STRANGER}:role/x"},
            [STRANGER],
            False,
            OUTSIDER,
            id="a session of the account that names a role of an outside account",
        ),
        pytest.param(
            "push-from-another-account",
            {f"{IDENTITY}.accountId": MISSING},
            [],
            True,
            OUTSIDER,
            id="an id without an account",
        ),
        pytest.param(
            "push-from-another-account",
            {f"{IDENTITY}.accountId": "ANONYMOUS_PRINCIPAL", f"{IDENTITY}.principalId": ""},
            [],
            True,
            OUTSIDER,
            id="no caller",
        ),
        pytest.param("push-by-a-role", {IDENTITY: MISSING}, [], True, OUTSIDER, id="an event without an identity"),
        pytest.param("push-by-a-service", {}, [], False, None, id="an AWS service is not looked up"),
        pytest.param("push-by-a-role", {}, [], False, None, id="a role of the account itself is not looked up"),
        pytest.param("push-by-a-user", {}, [], False, None, id="a user of the account itself is not looked up"),
    ],
)
def test_callers_outside_the_organization_are_refused_unless_the_settings_allow_them(
    name: str, changes: dict[str, Any], asked: list[str], is_member: bool, decision: Refused | None
) -> None:
    found: list[str] = []

    def look_up(account: str) -> bool:
        found.append(account)
        return is_member

    event = call(name, changes)
    decided = decide(event, settings(), is_member=look_up)
    assert decided == decision if decision else isinstance(decided, Create)
    assert found == asked
    allowed = settings(create={"principals": {"outside_organization": True}})
    assert isinstance(decide(event, allowed, is_member=no_look_up), Create)


@pytest.mark.parametrize(
    ("changes", "said", "rule"),
    [
        pytest.param({}, {}, ALL_NAMES, id="all names by default"),
        pytest.param(
            {}, {"create": {"names": {"allow": ["x", "team-*/**"]}}}, "create.names.allow: team-*/**", id="a glob"
        ),
        pytest.param(
            {},
            {"create": {"principals": {"allow": ["arn:*:sts::*:assumed-role/ci-build/*"]}}},
            ALL_NAMES,
            id="a session by its own ARN",
        ),
        pytest.param(
            {},
            {"create": {"principals": {"allow": ["arn:aws:iam::*:role/ci/ci-*"]}}},
            ALL_NAMES,
            id="a session by its role's ARN",
        ),
        pytest.param(
            {"detail.eventName": "BatchGetImage"},
            {"create": {"on": ["push", "pull"]}},
            ALL_NAMES,
            id="a pull when pulls create",
        ),
        pytest.param({"detail.requestParameters.registryId": None}, {}, ALL_NAMES, id="a call without a registry"),
        pytest.param(
            {},
            {"namespaces": [{"match": "x/**"}, {"match": "team-a/*"}]},
            "create.names.allow: **; namespaces[1]: team-a/*",
            id="a namespace",
        ),
    ],
)
def test_a_creation_has_the_rule_that_allows_it(changes: dict[str, Any], said: dict[str, Any], rule: str) -> None:
    decision = decide(call(changes=changes), settings(**said), is_member=no_look_up)
    assert isinstance(decision, Create)
    assert text_of(decision.rules) == rule


def test_the_first_namespace_that_matches_is_merged_over_the_repository() -> None:
    namespaces = [
        {"match": "team-a/**", "repository": {"image_tag_mutability": "MUTABLE", "tags": {"a": None, "c": "3"}}},
        {"match": "**", "repository": {"scan_on_push": False}},
    ]
    said = settings(repository={"tags": {"a": "1", "b": "2"}}, namespaces=namespaces, create={"limit": {"per_hour": 3}})
    decision = decide(call(), said, is_member=no_look_up)
    assert isinstance(decision, Create)
    assert decision.repository.image_tag_mutability == "MUTABLE"
    assert decision.repository.tags == {"b": "2", "c": "3"}
    assert decision.repository.scan_on_push is True
    assert decision.per_hour == 3


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        pytest.param({}, None, id="a push is decided"),
        pytest.param(
            {"detail.recipientAccountId": "999999999999"},
            Ignored(reason=reasons.ACCOUNT_MISMATCH, detail="recipientAccountId is 999999999999"),
            id="the recipient must be the envelope's account",
        ),
        pytest.param(
            {"detail.requestParameters.registryId": "999999999999"},
            Ignored(reason=reasons.FOREIGN_REGISTRY, detail="registryId is 999999999999"),
            id="the registry must be the envelope's account",
        ),
        pytest.param(
            {"region": "us-east-1"},
            Ignored(reason=reasons.REGION_MISMATCH, detail="awsRegion is eu-west-1"),
            id="the regions must agree",
        ),
    ],
)
def test_screening_works_without_settings(changes: dict[str, Any], decision: Ignored | None) -> None:
    assert screen(call(changes=changes)) == decision


def test_every_reason_has_a_sentence() -> None:
    codes = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    assert codes == reasons.SENTENCES.keys()
