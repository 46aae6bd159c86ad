from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.events import FailedCall, MalformedEvent, OtherEvent, parse
from handler.observed_calls import ObservedCall
from tests.handler.events import MISSING, call, load, names


@pytest.mark.parametrize("name", names())
def test_every_real_event_is_parsed(name: str) -> None:
    kind = ObservedCall if name.startswith(("creation", "deletion")) else FailedCall
    assert isinstance(parse(load(name)), kind)


def test_a_push_by_a_role_names_caller_repository_region_and_time() -> None:
    assert call() == FailedCall(
        account="300000000001",
        region="eu-west-1",
        repository="team-a/api",
        registry_id="300000000001",
        recipient_account="300000000001",
        event_region="eu-west-1",
        event_name="InitiateLayerUpload",
        event_id="0f8e4c6a-0000-4000-8000-000000000001",
        envelope_id="7bf73129-1428-4cd3-a780-000000000001",
        event_time=datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC),
        principal="arn:aws:sts::300000000001:assumed-role/ci-build/build-4711",
        role_arn="arn:aws:iam::300000000001:role/ci/ci-build",
        source_ip="203.0.113.7",
        user_agent="docker/27.3.1 go/go1.22.7",
        principal_account="300000000001",
    )


@pytest.mark.parametrize(
    ("said", "account"),
    [
        pytest.param("400000000001", "400000000001", id="another account"),
        pytest.param("me", None, id="not an account id"),
        pytest.param(["400000000001"], None, id="not a string"),
    ],
)
def test_the_account_of_the_caller_is_read(said: Any, account: str | None) -> None:
    event = load("push-from-another-account", changes={"detail.userIdentity.accountId": said})
    found = parse(event)
    assert isinstance(found, FailedCall)
    assert found.principal_account == account


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        pytest.param("push-by-a-user", "arn:aws:iam::300000000001:user/alice", id="a user by ARN"),
        pytest.param(
            "push-from-another-account", "AROAEXAMPLEEXAMPLE002:deploy", id="a caller of another account by id"
        ),
        pytest.param("push-by-a-service", "codebuild.amazonaws.com", id="a service by name"),
    ],
)
def test_the_principal_is_the_most_specific_name(name: str, principal: str) -> None:
    assert call(name).principal == principal
    assert call(name).principals == (principal,)


@pytest.mark.parametrize(
    ("event_name", "trigger"),
    [
        ("InitiateLayerUpload", "push"),
        ("UploadLayerPart", "push"),
        ("CompleteLayerUpload", "push"),
        ("PutImage", "push"),
        ("BatchGetImage", "pull"),
        ("GetDownloadUrlForLayer", "pull"),
        ("BatchCheckLayerAvailability", None),
        ("DeleteRepository", None),
    ],
)
def test_whether_a_call_is_part_of_a_push_or_a_pull(event_name: str, trigger: str | None) -> None:
    assert call(changes={"detail.eventName": event_name}).trigger == trigger


def test_a_replay_is_recognized_by_its_name() -> None:
    assert call("push-replayed").via == "replay"
    assert call().via is None


MALFORMED: list[Any] = [
    pytest.param({"detail": "text"}, "detail is not an object", id="a detail that is a string"),
    pytest.param({"detail.requestParameters": None}, "detail.requestParameters is not an object", id="no parameters"),
    pytest.param(
        {"detail.requestParameters.repositoryName": ["team-a/api"]},
        "detail.requestParameters.repositoryName is missing or not a string",
        id="a name that is a list",
    ),
    pytest.param(
        {"detail.requestParameters.repositoryName": "a" * 5000},
        "detail.requestParameters.repositoryName is longer than 512 characters",
        id="a name that is too long",
    ),
    pytest.param(
        {"detail.requestParameters.registryId": 300000000001},
        "detail.requestParameters.registryId is missing or not a string",
        id="a registry that is a number",
    ),
    pytest.param({"account": "٣٠٠٠٠٠٠٠٠٠٠١"}, "account is missing", id="an account in other digits than ASCII"),
    pytest.param({"account": "300000000001\n"}, "account is missing", id="an account with a trailing newline"),
    pytest.param({"region": "evil.example/"}, "region is missing", id="a region that is a host"),
    pytest.param({"detail.awsRegion": 7}, "detail.awsRegion is missing", id="a region that is a number"),
    pytest.param({"detail.recipientAccountId": MISSING}, "detail.recipientAccountId is", id="no recipient"),
    pytest.param({"detail.eventID": "../../x"}, "detail.eventID is missing", id="an event id that is a path"),
    pytest.param({"detail.eventID": "x" * 65}, "detail.eventID is missing", id="an event id that is too long"),
    pytest.param({"detail.eventTime": "yesterday"}, "detail.eventTime is missing", id="a time in words"),
    pytest.param(
        {"detail.eventTime": "2026-13-45T99:00:00Z"}, "detail.eventTime is not a valid time", id="an invalid time"
    ),
    pytest.param(
        {"detail.userIdentity": "root"}, "detail.userIdentity is not an object", id="an identity that is a string"
    ),
    pytest.param(
        {"detail.userIdentity.arn": "a" * 3000},
        "detail.userIdentity.arn is longer than 2048 characters",
        id="an ARN that is too long",
    ),
    pytest.param(
        {"detail.userIdentity.sessionContext": [1]},
        "detail.userIdentity.sessionContext is not an object",
        id="a session that is a list",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), MALFORMED)
def test_a_malformed_event_names_the_problem(changes: dict[str, Any], problem: str) -> None:
    parsed = parse(load(changes=changes))
    assert isinstance(parsed, MalformedEvent)
    assert parsed.problem.startswith(problem)


@pytest.mark.parametrize("event", [None, 1, "text", [], {}, {"detail": {}}, {"detail": None}])
def test_input_that_is_not_an_event_is_not_a_call(event: object) -> None:
    assert isinstance(parse(event), MalformedEvent | OtherEvent)


def test_a_malformed_event_keeps_the_valid_parts_of_its_key() -> None:
    parsed = parse(load(changes={"detail.requestParameters": None, "detail.eventTime": "soon"}))
    assert isinstance(parsed, MalformedEvent)
    assert parsed.account == "300000000001"
    assert parsed.event_id == "0f8e4c6a-0000-4000-8000-000000000001"
    assert parsed.event_time == datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC)


def test_an_event_with_another_error_is_not_a_failed_lookup_of_a_repository() -> None:
    parsed = parse(load(changes={"detail.errorCode": "AccessDenied"}))
    assert parsed == OtherEvent(description="InitiateLayerUpload, AccessDenied")


def test_control_characters_are_replaced() -> None:
    parsed = call(
        changes={
            "detail.requestParameters.repositoryName": "team\n-a\x1b[2J\u202e",
            "detail.userAgent": "docker\r\nforged: line\ud800",
            "detail.sourceIPAddress": ["203.0.113.7"],
        }
    )
    assert parsed.repository == r"team\u000a-a\u001b[2J\u202e"
    assert parsed.user_agent == r"docker\u000d\u000aforged: line\ud800"
    assert parsed.source_ip == "list"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
PATHS = st.sampled_from(
    [
        "account",
        "region",
        "id",
        "detail",
        "detail.eventID",
        "detail.eventTime",
        "detail.eventName",
        "detail.awsRegion",
        "detail.recipientAccountId",
        "detail.requestParameters",
        "detail.requestParameters.repositoryName",
        "detail.requestParameters.registryId",
        "detail.userIdentity",
        "detail.userIdentity.arn",
        "detail.userIdentity.sessionContext",
        "detail.userIdentity.sessionContext.sessionIssuer",
        "detail.userAgent",
        "detail.sourceIPAddress",
        "detail.errorCode",
    ]
)


@given(event=JSON)
def test_parsing_never_raises(event: object) -> None:
    parse(event)


@given(path=PATHS, value=JSON)
def test_a_call_is_valid_whatever_one_field_contains(path: str, value: object) -> None:
    parsed = parse(load(changes={path: value}))
    if isinstance(parsed, FailedCall):
        texts = [parsed.repository, parsed.principal, parsed.user_agent, parsed.source_ip, parsed.event_name]
        assert all(text.isprintable() for text in texts)
        assert "\n" not in json.dumps(texts)
        assert len(parsed.account) == 12


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"source": "my.app"}, "AWS API Call via CloudTrail of my.app"),
        ({"source": MISSING}, "AWS API Call via CloudTrail of no source"),
        ({"detail-type": "ECR Image Action"}, "ECR Image Action of aws.ecr"),
        ({"detail-type": ["AWS API Call via CloudTrail"]}, "list of aws.ecr"),
    ],
)
def test_only_calls_of_ecr_from_cloudtrail_count_whatever_the_rules_forward(
    changes: dict[str, Any], description: str
) -> None:
    assert parse(load(changes=changes)) == OtherEvent(description=description)
