"""`explain`, `simulate` and the Lambda decide alike on the same settings file and event."""

from __future__ import annotations

import json
import random
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.settings import Compiled, load
from deployer.settings import compile as compile_settings
from deployer.settings.explaining import Value, repository_values
from deployer.settings.inheritance import Origin
from deployer.settings.limits import PLACEHOLDERS
from deployer.settings.verdicts import Verdict, constructed_call, for_any_principal, judge, judge_event
from handler import tags
from handler.events import FailedCall
from handler.settings import RepositorySettings
from tests.deployer.settings.layers import compiled_from, layers
from tests.example_organization import EXAMPLE
from tests.handler.events import load as load_event
from tests.handler.fakes import World

EVENTS = 200
SPOKEN_FOR = ["ou-exam-work0001", "ou-exam-prod0001", "300000000001"]
COMPILED = compile_settings(load(Path("config")), EXAMPLE)

_ACCOUNTS = [*EXAMPLE.accounts, "999999999999"]
_NAMES = ["team-a/api", "team-b/cache/x", "team-a/tmp-1", "tmp-1", "shop", "Team-A/api", "scratch/a/b"]
_CALLS = ["InitiateLayerUpload", "PutImage", "BatchGetImage", "BatchCheckLayerAvailability"]


def _random_event(chance: random.Random, number: int) -> dict[str, Any]:
    account = chance.choice(_ACCOUNTS)
    region = chance.choice(["eu-west-1", "us-east-1", "eu-central-1"])
    role = chance.choice(["ci-build", "developer"])
    event: dict[str, Any] = load_event(
        "push-by-a-role",
        {
            "account": account,
            "region": region,
            "detail.awsRegion": region,
            "detail.recipientAccountId": account,
            "detail.eventID": f"event-{number}",
            "detail.eventName": chance.choice(_CALLS),
            "detail.requestParameters.repositoryName": chance.choice(_NAMES),
            "detail.requestParameters.registryId": chance.choice([account, account, None, "300000000001"]),
            "detail.userIdentity.arn": f"arn:aws:sts::{account}:assumed-role/{role}/session",
            "detail.userIdentity.sessionContext.sessionIssuer.arn": f"arn:aws:iam::{account}:role/{role}",
        },
    )
    if event["detail"]["requestParameters"]["registryId"] is None:
        del event["detail"]["requestParameters"]["registryId"]
    return event


def _world() -> World:
    chains = {account: EXAMPLE.account_chain(account) for account in EXAMPLE.accounts}
    return World(chains={**chains, "999999999999": None})


def _by_the_lambda(event: dict[str, Any], compiled: Compiled) -> tuple[World, dict[str, Any]]:
    world = _world()
    handler = world.handler(json.loads(compiled.settings_json))
    return world, handler.handle(event, request_id="request-1")


@pytest.mark.parametrize("number", range(EVENTS))
def test_simulate_decides_as_the_lambda_does(number: int) -> None:
    _assert_alike(_random_event(random.Random(number), number), COMPILED)


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        pytest.param("creation-by-template", {}, id="by a template of ours"),
        pytest.param("creation-by-template", {"detail.requestParameters.repositoryName": "tmp-1"}, id="a violation"),
        pytest.param("creation-by-template", {"detail.awsRegion": "us-east-1"}, id="an event that contradicts itself"),
        pytest.param("creation-by-template", {"account": "999999999999"}, id="of an account outside the organization"),
        pytest.param("creation-by-hand", {}, id="by hand"),
        pytest.param("creation-by-replication", {}, id="by replication"),
        pytest.param("deletion-by-hand", {}, id="a deletion"),
    ],
)
def test_simulate_decides_on_creations_and_deletions_by_others_as_the_lambda_does(
    event: str, changes: dict[str, Any]
) -> None:
    if "account" in changes:
        changes = {**changes, "detail.recipientAccountId": changes["account"]}
    loaded = load_event(event, changes)
    verdict = judge_event(loaded, COMPILED)
    _, line = _by_the_lambda(loaded, COMPILED)
    assert (verdict.outcome, verdict.reason) == (line["outcome"], line["reason"])
    is_completed = verdict.outcome in {"created", "violation"}
    assert bool(verdict.tags) is is_completed is (verdict.repository is not None)
    assert bool(verdict.rules) is is_completed


def test_simulate_assumes_that_a_creation_of_the_handler_is_recorded() -> None:
    assert judge_event(load_event("creation-by-deployer"), COMPILED).reason == "recorded-already"


_SHOP = "300000000001"
_COVERED = {"enabled": True, "regions": ["eu-west-1", "us-east-1"]}
_pushes = st.fixed_dictionaries(
    {
        "detail.eventName": st.sampled_from(["InitiateLayerUpload"] * 3 + ["BatchGetImage"]),
        "detail.requestParameters.repositoryName": st.sampled_from(_NAMES),
        "detail.userIdentity.sessionContext.sessionIssuer.arn": st.sampled_from(
            [f"arn:aws:iam::{_SHOP}:role/{role}" for role in ("ci-build", "developer")]
        ),
    }
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(SPOKEN_FOR), layers), _pushes)
def test_simulate_decides_as_the_lambda_does_under_any_settings(
    text_there: dict[str, dict[str, Any]], changes: dict[str, Any]
) -> None:
    event = load_event("push-by-a-role", changes)
    with tempfile.TemporaryDirectory() as folder:
        _assert_alike(event, compiled_from(Path(folder), EXAMPLE, {"defaults": _COVERED} | text_there, by_id=True))


def _assert_alike(event: dict[str, Any], compiled: Compiled) -> None:
    verdict = judge_event(event, compiled)
    world, line = _by_the_lambda(event, compiled)
    assert {"create": "created"}.get(verdict.outcome, verdict.outcome) == line["outcome"]
    assert verdict.reason == line["reason"]
    for (_, _, name), held in world.repositories.items():
        assert verdict.call is not None
        assert name == verdict.call.repository
        assert held.settings == verdict.repository
        assert held.tags == verdict.tags
    assert (verdict.outcome == "create") == bool(world.repositories)


@pytest.mark.parametrize("number", range(EVENTS))
def test_explain_decides_as_simulate_does(number: int) -> None:
    event = _random_event(random.Random(number), number)
    simulated = judge_event(event, COMPILED)
    call = simulated.call
    if (
        not isinstance(call, FailedCall)
        or call.account not in EXAMPLE.accounts
        or call.trigger is None
        or call.registry_id not in {None, call.account}
    ):
        return
    asked = constructed_call(
        account=call.account,
        region=call.region,
        repository=call.repository,
        principal=call.principal,
        trigger=call.trigger,
    )
    account = call.account
    explained = judge(
        asked,
        COMPILED.settings_for_account(account),
        COMPILED.provenance_for_account(account),
        is_member=COMPILED.is_member,
    )
    assert (explained.outcome, explained.reason, explained.rules) == (
        simulated.outcome,
        simulated.reason,
        simulated.rules,
    )


def _explained(account: str, repository: str, *, principal: str | None = None, region: str = "eu-west-1") -> Verdict:
    settings = COMPILED.settings_for_account(account)
    call = constructed_call(
        account=account, region=region, repository=repository, principal=principal or "*", trigger="push"
    )
    asked = settings if principal else for_any_principal(settings)
    return judge(call, asked, COMPILED.provenance_for_account(account), is_member=COMPILED.is_member)


def test_the_deciding_rule_has_its_line() -> None:
    denied = _explained("300000000001", "team-a/tmp-1")
    (rule,) = denied.rules
    assert rule.text == "create.names.deny: **/tmp-*"
    assert rule.origin is not None
    line = Path(rule.origin.file).read_text(encoding="utf-8").splitlines()[rule.origin.line - 1]
    assert line[rule.origin.column - 1 :].startswith('"**/tmp-*"')


def test_a_deciding_namespace_has_its_line() -> None:
    created = _explained("300000000001", "team-a/cache/x")
    allow, namespace, limit = created.rules
    assert allow.origin is not None
    assert namespace.text.startswith("namespaces[0]")
    assert isinstance(namespace.origin, Origin)
    assert limit.text == "create.limit.per_hour: 50"
    assert created.repository is not None
    assert created.repository.image_tag_mutability == "MUTABLE"


NAMESPACE = {
    "match": "x/**",
    "repository": {"encryption": None, "tags": {"a": None, "b": "near"}, "scan_on_push": False},
}
SETTINGS = {
    "encryption": {"type": "KMS"},
    "tags": {"a": "far", "b": "far", "c": "far"},
    "mutability_exclusions": ["v*"],
}


def test_each_value_of_a_repository_has_the_location_that_set_or_reset_it(tmp_path: Path) -> None:
    layer = {"enabled": True, "regions": ["eu-west-1"], "repository": SETTINGS, "namespaces": [NAMESPACE]}
    central = {"account": "200000000001", "region": "eu-west-1"}
    text = json.dumps({"central": central, "defaults": layer}, indent=1)
    (tmp_path / "organization.yaml").write_text(text, encoding="utf-8")
    compiled = compile_settings(load(tmp_path), EXAMPLE)
    settings, provenance = compiled.settings_for_ou("r-exam"), compiled.provenance_for_ou("r-exam")

    def lines(repository: str) -> dict[str, tuple[Any, str]]:
        values = {value.key: value for value in repository_values(settings, provenance, repository)}
        assert set(values) >= {f"repository.{item.name}" for item in fields(RepositorySettings)} - MAPS
        return {key: (value.value, _line(text, value)) for key, value in values.items()}

    inside, outside = lines("x/y"), lines("z")
    assert inside["repository.scan_on_push"] == (False, '"scan_on_push": false')
    assert inside["repository.encryption.type"] == ("AES256", 'reset "encryption": null,')
    assert inside["repository.tags.b"] == ("near", '"b": "near"')
    assert inside["repository.tags.c"] == ("far", '"c": "far"')
    assert "repository.tags.a" not in inside
    assert outside["repository.encryption.type"] == ("KMS", '"type": "KMS"')
    assert outside["repository.scan_on_push"] == (True, "")


MAPS = {"repository.encryption", "repository.tags"}


def _line(text: str, value: Value) -> str:
    """The line that set a value, or reset it; nothing for a default."""
    origin = value.origin or value.reset_by
    text_there = text.splitlines()[origin.line - 1].strip() if origin else ""
    return f"reset {text_there}" if value.reset_by else text_there


def test_a_role_that_is_not_allowed_is_refused_and_without_a_principal_the_rule_does_not_apply() -> None:
    session = "arn:aws:sts::300000000003:assumed-role/developer/jane"
    assert _explained("300000000003", "team-a/api", principal=session).reason == "principal-not-allowed"
    assert _explained("300000000003", "team-a/api", principal=session.replace("developer", "ci-x")).outcome == "create"
    assert _explained("300000000003", "team-a/api").outcome == "create"


def test_a_built_in_rule_has_no_line() -> None:
    (rule,) = _explained("400000000001", "anything").rules
    assert rule.text == "create.names.allow: **"
    assert rule.origin is None


@pytest.mark.parametrize("event", [None, [], {}, {"detail": 1}, "text", {"detail": {"eventName": "x"}}])
def test_input_that_is_not_an_event_gets_a_verdict_too(event: object) -> None:
    assert judge_event(event, COMPILED).outcome in {"failed", "ignored"}


def test_the_placeholders_of_validate_are_those_of_the_handler() -> None:
    call = constructed_call(account="300000000001", region="eu-west-1", repository="a/b", principal="*", trigger="push")
    assert set(PLACEHOLDERS) == set(tags.placeholders(call, account_name="", ou_path=""))


def test_settings_json_is_reproducible_and_contains_unmerged_layers() -> None:
    again = compile_settings(load(Path("config")), EXAMPLE)
    assert again.settings_json == COMPILED.settings_json
    document = json.loads(COMPILED.settings_json)
    assert (
        json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == again.settings_json
    )
    assert document["ous"]["ou-exam-paym0001"].keys() == {"create", "repository"}
