"""Signatures of requests to function URLs that AWS refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.functions.urls import CALLS, caller, forbidden
from sandbox.tests.signed_requests import post, sent, signed
from sandbox.tests.stacks import MEMBER
from sandbox.tests.tiny_functions import statement


def _tampered(request: AWSRequest) -> None:
    request.data = b'{"other": 1}'


def _other_host(request: AWSRequest) -> None:
    request.headers["Host"] = "lambda.eu-west-1.amazonaws.com"


def _no_token(request: AWSRequest) -> None:
    del request.headers["X-Amz-Security-Token"]


def _other_date(request: AWSRequest) -> None:
    date = request.headers["X-Amz-Date"]
    del request.headers["X-Amz-Date"]  # otherwise a second one is added
    request.headers["X-Amz-Date"] = date[:-2] + ("8Z" if date[-2] == "9" else "9Z")


def _unsigned(request: AWSRequest) -> None:
    del request.headers["Authorization"]


def _unsigned_header(request: AWSRequest) -> None:
    request.headers["X-Amz-Meta"] = "unsigned"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_tampered, "InvalidSignatureException", id="another body"),
        pytest.param(_other_date, "InvalidSignatureException", id="another date"),
        pytest.param(_unsigned_header, "InvalidSignatureException", id="an unsigned AWS header"),
        pytest.param(_no_token, "UnrecognizedClientException", id="no session token"),
        pytest.param(_other_host, "AccessDeniedException", id="another host"),
        pytest.param(_unsigned, "AccessDeniedException", id="no signature"),
    ],
)
def test_a_changed_request_is_refused(
    sandbox: Sandbox, url: str, change: Callable[[AWSRequest], None], code: str
) -> None:
    request = signed(url, caller(sandbox, statement(CALLS)))
    assert sent(sandbox, request).status == 200
    change(request)
    reply = sent(sandbox, request)
    assert (reply.status, reply.error) == (403, code)
    assert reply.json().keys() == ({"Message"} if code == "AccessDeniedException" else {"message"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"region": "eu-central-1"}, "valid region", id="another region"),
        pytest.param({"service": "sts"}, "correct service: 'lambda'", id="another service"),
        pytest.param(
            {"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}, "does not match", id="an unsigned body"
        ),
        pytest.param(
            {"headers": {"X-Amz-Content-SHA256": hashlib.sha256(b"other").hexdigest()}},
            "does not match",
            id="the hash of another body",
        ),
    ],
)
def test_a_signature_for_something_else_is_refused(
    sandbox: Sandbox, url: str, options: dict[str, Any], message: str
) -> None:
    reply = sent(sandbox, signed(url, caller(sandbox, statement(CALLS)), **options))
    assert (reply.status, reply.error) == (403, "InvalidSignatureException")
    assert message in reply.json()["message"]


@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        pytest.param(-6, "Signature expired: ", id="expired"),
        pytest.param(6, "Signature not yet current: ", id="from the future"),
        pytest.param(-4, None, id="four minutes old"),
        pytest.param(4, None, id="four minutes ahead"),
    ],
)
def test_a_signature_is_valid_for_five_minutes(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch, minutes: int, message: str | None
) -> None:
    keys = caller(sandbox, statement(CALLS))
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then.replace(tzinfo=None))
    reply = sent(sandbox, signed(url, keys))
    if message is None:
        assert reply.status == 200
        return
    assert (reply.status, reply.error) == (403, "InvalidSignatureException")
    assert reply.json()["message"].startswith(message)


def test_a_presigned_url_is_forbidden(sandbox: Sandbox, url: str) -> None:
    given = sandbox.credentials(MEMBER)
    request = AWSRequest("GET", url)
    keys = botocore.credentials.Credentials(given.access_key_id, given.secret_access_key)
    botocore.auth.SigV4QueryAuth(keys, "lambda", "eu-west-1").add_auth(request)
    assert forbidden(sent(sandbox, request))


def test_unknown_keys_expired_sessions_and_wrong_secrets_are_refused(sandbox: Sandbox, url: str) -> None:
    admin = sandbox.credentials(MEMBER)
    unknown = Credentials(access_key_id="AKIAUNKNOWN000000000", secret_access_key="x")
    wrong = Credentials(access_key_id=admin.access_key_id, secret_access_key="wrong")
    replies = [post(sandbox, url, keys) for keys in (unknown, wrong)]
    assert [reply.error for reply in replies] == ["UnrecognizedClientException", "InvalidSignatureException"]
    assert {reply.status for reply in replies} == {403}
