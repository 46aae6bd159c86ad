"""Commands report, once, that they talk to this machine instead of AWS."""

from __future__ import annotations

import pytest

from deployer.aws.session import Session
from deployer.cli.main import _is_json
from deployer.local_endpoint import check_endpoint, reported_by


def _session() -> Session:
    return Session(region="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


def test_a_local_endpoint_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4599")
    reported: list[str] = []
    with reported_by(reported.append):
        session = _session()
        session.client("sts")
        session.client("sqs")
    assert reported == ["http://127.0.0.1:4599"]
    check_endpoint("http://127.0.0.1:4599")
    assert len(reported) == 1


def test_aws_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    reported: list[str] = []
    with reported_by(reported.append):
        _session().client("sts")
    assert reported == []


@pytest.mark.parametrize(
    ("line", "is_json"),
    [
        ("plan", False),
        ("plan --json", True),
        ("plan --format json", True),
        ("plan --format=json", True),
        ("plan --format markdown", False),
        ("rollout --org --log-format json", True),
        ("rollout --org --log-format=text", False),
        ("audit list --json-lines", True),
        ("audit list --repository json", False),
    ],
)
def test_json_output_contains_no_notice(line: str, *, is_json: bool) -> None:
    assert _is_json(line.split()) is is_json
