"""A report contains no personal details; equal details have equal placeholders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.redaction import Redactor
from handler.events import FailedCall, parse

EVENTS = Path(__file__).parents[1] / "events"

ACCOUNT = st.from_regex(r"[1-9][0-9]{11}", fullmatch=True)
NAME = st.from_regex(r"[a-z]{4}[a-z0-9]{2,6}-[a-z0-9]{3,6}", fullmatch=True).filter(lambda text: "name" not in text)
ADDRESS = st.tuples(*[st.integers(min_value=1, max_value=254)] * 4).map(lambda parts: ".".join(map(str, parts)))


@given(ACCOUNT, NAME, NAME, NAME, ADDRESS)
def test_no_personal_detail_of_an_event_remains(account: str, role: str, path: str, session: str, address: str) -> None:
    details = {account, role, path, session, address, "o-a1b2c3d4e5", "ou-a1b2-a1b2c3d4", "AKIAQWERTYUIOPASDFGH"}
    value = {
        "userIdentity": {
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "principalId": f"AROAQWERTYUIOPASDFGHJ:{session}",
            "accountId": account,
            "accessKeyId": "AKIAQWERTYUIOPASDFGH",
            "sessionContext": {
                "sessionIssuer": {"arn": f"arn:aws:iam::{account}:role/{path}/{role}", "userName": role}
            },
        },
        "sourceIPAddress": address,
        "errorMessage": f"registry '{account}' of {session} at {address}: o-a1b2c3d4e5/ou-a1b2-a1b2c3d4",
        "url": f"https://{account}.dkr.ecr.eu-west-1.amazonaws.com/v2/, accept-x-code-{account}",
        "by": f"somebody@{path}.example.org",
    }
    text = json.dumps(Redactor().redact(value))
    assert {one for one in details if one in text} == set()
    assert f"@{path}" not in text


@given(ACCOUNT, ACCOUNT)
def test_stand_ins_distinguish_accounts_consistently(one: str, other: str) -> None:
    redactor = Redactor()
    first, second = redactor.redact([one, other])
    assert (first == second) == (one == other)
    assert redactor.redact(f"{other} {one}") == f"{second} {first}"
    assert len(first) == 12


@pytest.mark.parametrize("file", sorted(EVENTS.glob("*.json")), ids=lambda file: file.stem)
def test_the_handler_reads_a_redacted_event_like_the_original(file: Path) -> None:
    event = json.loads(file.read_text())
    before, after = parse(event), parse(Redactor(kept=("team-",)).redact(event))
    assert type(before) is type(after)
    if isinstance(before, FailedCall) and isinstance(after, FailedCall):
        assert (after.repository, after.event_name, after.event_time) == (
            before.repository, before.event_name, before.event_time,
        )  # fmt: skip
        assert (after.account == after.recipient_account) == (before.account == before.recipient_account)


@pytest.mark.parametrize(
    ("value", "details"),
    [
        pytest.param(
            "bucket accept-1a2b-code-111122223333 is not empty, (accept-1a2b-code-111122223333)",
            ["111122223333"],
            id="an account at the end of a name",
        ),
        pytest.param(
            ["(arn:aws:iam::111122223333:user/alice-smith), arn:aws:iam::111122223333:role/ops.", "alice-smith: ops"],
            ["alice-smith", "ops"],
            id="a name in an ARN that punctuation follows",
        ),
        pytest.param(
            {"onBehalfOf": {"userId": "94482488-3041-7026-18f3-be45837cd0e4",
                            "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"}},
            ["94482488-3041-7026-18f3-be45837cd0e4", "d-9067642ac7"],
            id="a user of IAM Identity Center",
        ),
    ],
)  # fmt: skip
def test_no_personal_detail_remains_in_text(value: Any, details: list[str]) -> None:
    text = json.dumps(Redactor(kept=("accept-1a2b",)).redact(value))
    assert [one for one in details if one in text] == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-11-28T18:11:30Z took 3 s at 12:30:45", id="times"),
        pytest.param("5c7892a4-90ca-44a8-8c42-f2837399804e", id="an id of a request"),
        pytest.param("5c7892a4-90ca-44a8-8c42-283739980412 failed", id="an id of a request that ends in twelve digits"),
        pytest.param("eu-west-1 us-east-1", id="regions"),
        pytest.param("AWS Internal ecr.amazonaws.com", id="services"),
        pytest.param("arn:aws:iam::aws:policy/AdministratorAccess", id="an AWS managed policy"),
    ],
)
def test_other_details_remain(text: str) -> None:
    assert Redactor().redact(text) == text


def test_names_of_the_run_remain() -> None:
    value: Any = {"arn": "arn:aws:iam::111122223333:role/accept-1a2b-forwarding"}
    assert Redactor(kept=("accept-1a2b",)).redact(value) == {
        "arn": "arn:aws:iam::300000000001:role/accept-1a2b-forwarding"
    }
