"""The three shapes of messages in the queues for failures, read by one parser; and the selection of messages."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.failures.messages import UNREADABLE, Failure, Message, Queue, Selection, read
from deployer.planning.scopes import find_scope
from handler.events import REQUEST_DETAIL_TYPE, REQUEST_SOURCE
from handler.failures import FailuresQueue
from tests.example_organization import EXAMPLE
from tests.handler.events import load

EVENT = load()
ACCOUNT, REGION = EVENT["account"], EVENT["region"]
SENT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CENTRAL = Queue(account="200000000001", region="eu-west-1", name="deployer-failures", is_central=True)
MEMBER = Queue(account=ACCOUNT, region=REGION, name="deployer-forwarding-dead-letters")

UNDELIVERED = {
    "RULE_ARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/deployer-forwarding",
    "TARGET_ARN": "arn:aws:events:eu-west-1:200000000001:event-bus/deployer-events",
    "ERROR_CODE": "NO_PERMISSIONS",
    "ERROR_MESSAGE": "User: x is not authorized to perform: events:PutEvents",
    "RETRY_ATTEMPTS": "0",
}

GIVEN_UP: dict[str, Any] = {
    "version": "1.0",
    "timestamp": "2026-11-23T09:00:00.000Z",
    "requestContext": {
        "requestId": "11111111-2222-3333-4444-555555555555",
        "functionArn": "arn:aws:lambda:eu-west-1:200000000001:function:deployer-handler:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "requestPayload": EVENT,
    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    "responsePayload": {"errorType": "ClientError", "errorMessage": "Rate exceeded", "requestId": "1"},
}
"""As Lambda's documentation shows it."""

NEVER_RUN = {key: value for key, value in GIVEN_UP.items() if not key.startswith("response")} | {
    "requestContext": {**GIVEN_UP["requestContext"], "condition": "EventAgeExceeded", "approximateInvokeCount": 0}
}


def by_handler(*, reason: str, detail: str) -> str:
    """The message that the handler itself sends."""
    sent: list[str] = []

    class Client:
        def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - SQS's names
            sent.append(MessageBody)

    queue = FailuresQueue(Client, queue_url="url", clock=lambda: SENT)  # type: ignore[arg-type]
    queue.send(EVENT, request_id="r", reason=reason, detail=detail)
    return sent[0]


def message(body: Any, attributes: Mapping[str, str] | None = None) -> Message:
    text = body if isinstance(body, str) else json.dumps(body)
    return Message(
        id="3f2a9c1e-0000-4000-8000-000000000000", receipt="r", body=text, attributes=attributes or {}, sent=SENT
    )


SHAPES = {
    "undelivered by the forwarding rule": (
        message(EVENT, UNDELIVERED),
        MEMBER,
        ("eventbridge", "NO_PERMISSIONS", "User: x is not authorized to perform: events:PutEvents", 1),
    ),
    "undelivered by the central rule, after many attempts": (
        message(
            EVENT,
            UNDELIVERED
            | {"ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "Slow down", "RETRY_ATTEMPTS": "184"}
            | {"EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds"},
        ),
        CENTRAL,
        ("eventbridge", "THROTTLING", "Slow down (gave up: MaximumEventAgeInSeconds)", 185),
    ),
    "undelivered, without a reason": (message(EVENT), MEMBER, ("eventbridge", "not-delivered", "", None)),
    "retries of Lambda exhausted": (
        message(GIVEN_UP),
        CENTRAL,
        ("lambda", "RetriesExhausted", "ClientError: Rate exceeded", 3),
    ),
    "never run by Lambda": (message(NEVER_RUN), CENTRAL, ("lambda", "EventAgeExceeded", "", 0)),
    "sent by the handler": (
        message(by_handler(reason="kms-failed", detail="The key is disabled")),
        CENTRAL,
        ("handler", "kms-failed", "The key is disabled", 1),
    ),
}


@pytest.mark.parametrize(("sent", "queue", "cause"), SHAPES.values(), ids=SHAPES)
def test_each_shape_is_read_with_its_reason_and_event(
    sent: Message, queue: Queue, cause: tuple[str, str, str, int | None]
) -> None:
    failure = read(sent, queue)
    found = failure.cause
    assert (found.origin, found.reason, found.detail, found.attempts) == cause
    assert failure.event == EVENT
    assert failure.call is not None
    assert (failure.account, failure.region, failure.repository) == (ACCOUNT, REGION, failure.call.repository)
    assert failure.happened == failure.call.event_time
    assert failure.obstacle is None


UNKNOWN = {
    "invalid JSON": "hello",
    "not an object": [EVENT],
    "another object": {"hello": "world"},
    "an empty body": "",
    "extreme nesting": "[" * 100_000,
    "NaN": "NaN",
}


@pytest.mark.parametrize("body", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_message_is_kept_and_never_redriven(body: Any) -> None:
    failure = read(message(body), CENTRAL)
    assert (failure.cause.origin, failure.cause.reason) == ("unknown", UNREADABLE)
    assert failure.obstacle == "it contains no event"
    assert (failure.account, failure.region) == (CENTRAL.account, CENTRAL.region)
    assert failure.happened == SENT


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GIVEN_UP, *EVENT, "condition"]), inner),
    max_leaves=12,
)


def is_harmless(text: str) -> bool:
    """Whether a terminal only displays the text; unusual spaces are accepted."""
    return all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in text)


@given(body=ANYTHING, attributes=st.dictionaries(st.sampled_from([*UNDELIVERED]), st.text()))
def test_reading_never_raises(body: Any, attributes: dict[str, str]) -> None:
    for queue in (CENTRAL, MEMBER):
        failure = read(message(body, attributes), queue)
        assert failure.cause.reason
        assert all(is_harmless(text) for text in (failure.cause.reason, failure.cause.detail, failure.account))


FORGED = {
    "another account": {"account": "300000000004", "detail.recipientAccountId": "300000000004"},
    "another region": {"region": "us-west-2", "detail.awsRegion": "us-west-2"},
    "another call": {"detail.errorCode": "AccessDenied"},
    "another form": {"detail.eventTime": "yesterday"},
    "a request to the URL": {"source": REQUEST_SOURCE, "detail-type": REQUEST_DETAIL_TYPE},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
def test_invariant_4_a_member_cannot_have_a_forged_event_for_others_handled(changes: dict[str, Any]) -> None:
    """The administrators of a member own its queue and may send anything to it."""
    failure = read(message(load(changes=changes), UNDELIVERED), MEMBER)
    assert failure.obstacle is not None
    wrapped = read(message(GIVEN_UP | {"requestPayload": load(changes=changes)}), MEMBER)
    assert wrapped.obstacle is not None


def test_the_failures_queue_may_hold_events_of_any_account_and_malformed_ones() -> None:
    malformed = load(changes={"detail.eventTime": "yesterday"})
    failure = read(message(GIVEN_UP | {"requestPayload": malformed}), CENTRAL)
    assert (failure.call, failure.obstacle, failure.event) == (None, None, malformed)
    assert (failure.account, failure.region) == (ACCOUNT, REGION)


def selection(
    *, ous: tuple[str, ...] = (), accounts: tuple[str, ...] = (), regions: tuple[str, ...] = (), **more: Any
) -> Selection:
    return Selection(scope=find_scope(EXAMPLE, ous=ous, accounts=accounts, regions=regions), **more)


FAILURE: Failure = read(message(EVENT, UNDELIVERED), MEMBER)
assert FAILURE.call is not None
HAPPENED = FAILURE.call.event_time
LATER = HAPPENED.replace(year=HAPPENED.year + 1)

SELECTIONS = {
    "everything": (selection(), True),
    "its account": (selection(accounts=(ACCOUNT,)), True),
    "its account by name": (selection(accounts=(EXAMPLE.accounts[ACCOUNT].name,)), True),
    "another account": (selection(accounts=("400000000001",)), False),
    "an OU above it": (selection(ous=("Workloads",)), True),
    "another OU": (selection(ous=("Infrastructure",)), False),
    "its region": (selection(regions=(REGION,)), True),
    "another region": (selection(regions=("ap-southeast-2",)), False),
    "a glob that matches its name": (selection(repository="team-a/*"), True),
    "a glob that does not match its name": (selection(repository="team-b/**"), False),
    "its reason in lower case": (selection(reason="no_perm*"), True),
    "another reason": (selection(reason="access-denied"), False),
    "since the second of the failure": (selection(since=HAPPENED), True),
    "before the second of the failure": (selection(until=HAPPENED), False),
    "since a year later": (selection(since=LATER), False),
    "before a year later": (selection(until=LATER), True),
    "a prefix of its message id": (selection(ids=("ffff", "3f2a9c1e")), True),
    "its event id": (selection(ids=(FAILURE.call.event_id,)), True),
    "another id": (selection(ids=("ffff",)), False),
    "its account, but another name": (selection(accounts=(ACCOUNT,), repository="x"), False),
}


@pytest.mark.parametrize(("filters", "matches"), SELECTIONS.values(), ids=SELECTIONS)
def test_a_failure_is_selected_if_it_matches_every_filter(filters: Selection, matches: bool) -> None:
    assert filters.matches(FAILURE, EXAMPLE) is matches


def test_only_queues_that_may_hold_selected_failures_are_read() -> None:
    elsewhere = selection(accounts=("400000000001",))
    assert not elsewhere.may_hold(MEMBER, EXAMPLE)
    assert elsewhere.may_hold(CENTRAL, EXAMPLE)
    assert not selection(regions=("ap-southeast-2",)).may_hold(MEMBER, EXAMPLE)
    assert selection(ous=("Workloads",), repository="x").may_hold(MEMBER, EXAMPLE)


def test_a_failure_of_an_account_that_left_is_found_under_the_whole_organization() -> None:
    changes = {"account": "999999999999", "detail.recipientAccountId": "999999999999"}
    gone = read(message(GIVEN_UP | {"requestPayload": load(changes=changes)}), CENTRAL)
    assert selection().matches(gone, EXAMPLE)
    assert not selection(ous=("Workloads",)).matches(gone, EXAMPLE)
