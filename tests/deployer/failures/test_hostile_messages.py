"""Whatever a member's administrator writes into that account's queue, all failures stay readable and redrivable.

The administrators own the queue: every body and every attribute in it may be theirs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.queues import message_of
from deployer.cli import failures
from deployer.cli.printing import json_text
from deployer.errors import DeployerError, IncompleteError, ServiceError
from deployer.failures import redriving
from deployer.failures.messages import UNREADABLE, Message, Queue, Selection, read
from deployer.failures.redriving import HOLD_SECONDS, Depth, ReceivedFailures, find, redrive, release
from deployer.planning.scopes import find_scope
from deployer.rendering.failures import (
    failure_document,
    failure_lines,
    received_document,
    received_lines,
    redrive_document,
    redrive_result_lines,
)
from deployer.rendering.text import Line
from deployer.targets import Scope
from handler.text import short_json
from tests.deployer.failures.queues import CENTRAL, FakeHandler, FakeSqs, dead_letters, event
from tests.deployer.failures.test_messages import ANYTHING, GIVEN_UP, UNDELIVERED, message
from tests.deployer.json_documents import check_document
from tests.example_organization import EXAMPLE

EVERYTHING = Selection(scope=Scope.whole(EXAMPLE))
SHOP, SEARCH = dead_letters("300000000001"), dead_letters("300000000002")

DEEP_EVENT = event()
DEEP_EVENT["detail"]["requestParameters"]["x"] = "NESTED"


def with_raw(text: str) -> str:
    """The body of a valid event with this text as one value, which need not be valid JSON."""
    return json.dumps(DEEP_EVENT).replace('"NESTED"', text)


BAD_BODIES = {
    "a number of 5,000 digits": with_raw("9" * 5000),
    "NaN": with_raw("NaN"),
    "infinity": with_raw("-Infinity"),
    "a number that is too large for a float": with_raw("1e999"),
    "lists, nested as deep as Python reads": with_raw("[" * 900 + "]" * 900),
    "objects, nested as deep as Python reads": with_raw('{"a":' * 900 + "1" + "}" * 900),
    "nested deeper than Python reads": with_raw("[" * 100_000 + "]" * 100_000),
    "invalid JSON": "\x1b[2J",
}
ODD_BODIES = {
    "a lone surrogate": with_raw('"\\ud800"'),
    "a lone surrogate as a key": with_raw('{"\\udfff": "\\u009b2J"}'),
    "a number of 4,000 digits": with_raw("9" * 4000),
    "moderate nesting": with_raw("[" * 50 + "]" * 50),
}
ODD_ATTRIBUTES = {
    "attempts of 5,000 digits": {"RETRY_ATTEMPTS": "9" * 5000},
    "attempts in Arabic digits": {"RETRY_ATTEMPTS": "٣"},
    "attempts with an exponent": {"RETRY_ATTEMPTS": "²"},
    "negative attempts": {"RETRY_ATTEMPTS": "-1"},
    "surrogates as text": {"ERROR_CODE": "\ud800", "ERROR_MESSAGE": "\udfff\x1b[2J"},
    "long text": {"ERROR_MESSAGE": "x" * 200_000},
    "markup": {"ERROR_CODE": "[bold]", "ERROR_MESSAGE": "%s {0} \\N{DIGIT ONE}"},
}


def test_failures_with_unknown_attributes_are_listed_and_redriven() -> None:
    for attributes in ODD_ATTRIBUTES.values():
        failure = read(message(event(), UNDELIVERED | attributes), SHOP)
        assert failure.obstacle is None
        assert failure.cause.attempts in {None, 1}
        assert_shown(ReceivedFailures(failures=[failure]))


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
@pytest.mark.parametrize("queue", [SHOP, CENTRAL], ids=["the queue of a member", "a central queue"])
def test_an_unreadable_body_is_reported_and_never_redriven(body: str, queue: Queue) -> None:
    failure = read(message(body, UNDELIVERED), queue)
    assert (failure.cause.reason, failure.event) == (UNREADABLE, None)
    assert failure.cause.detail
    assert_shown(ReceivedFailures(failures=[failure]))


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_an_unusual_event_is_shown_and_redriven(body: str) -> None:
    failure = read(message(body, UNDELIVERED), SHOP)
    assert failure.obstacle is None
    assert_shown(ReceivedFailures(failures=[failure]))
    short_json(failure.event).encode()


@pytest.mark.parametrize("count", [True, -1, 10**4000, 1.5, "3", None, [3]], ids=lambda count: repr(count)[:9])
def test_an_impossible_count_of_attempts_is_omitted(count: Any) -> None:
    record = GIVEN_UP | {"requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": count}}
    assert read(message(record), CENTRAL).cause.attempts is None


def test_a_message_in_a_members_queue_belongs_to_that_member_whatever_it_claims() -> None:
    """Otherwise one account's messages would be listed under another account and be missing under its own."""
    forged = read(message(event(account="300000000003"), UNDELIVERED), SHOP)
    assert (forged.account, forged.region) == (SHOP.account, SHOP.region)
    assert forged.obstacle == "its event names 300000000003 in eu-west-1, which is not where its queue is"
    mine = Selection(scope=find_scope(EXAMPLE, ous=(), accounts=(SHOP.account,), regions=()))
    assert mine.matches(forged, EXAMPLE)


def test_a_lambda_record_in_a_members_queue_is_unreadable() -> None:
    """Otherwise its author could show the handler's messages and next steps with any reason."""
    assert read(message(GIVEN_UP), SHOP).cause.reason == UNREADABLE


@pytest.mark.parametrize("sent", ["-1", "9" * 30, "soon", ""], ids=repr)
def test_missing_times_and_counts_of_sqs_are_tolerated(sent: str) -> None:
    system: Any = {"SentTimestamp": sent, "ApproximateReceiveCount": sent}
    found = message_of({"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "Attributes": system})
    assert (found.sent, found.receives) == (datetime.fromtimestamp(0, UTC), 1)


def test_attributes_that_are_not_strings_are_omitted() -> None:
    attributes: Any = {"RULE_ARN": {"DataType": "Binary", "BinaryValue": b"\xff"}, "X": {"StringValue": "y"}}
    found = message_of({"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MessageAttributes": attributes})
    assert found.attributes == {"X": "y"}


def assert_shown(found: ReceivedFailures) -> None:
    """Everything that the commands print about failures can be printed, and its JSON can be parsed."""
    for line in received_lines(found, EXAMPLE) + shown(found):
        line.text.encode()
    documents = [
        {
            **failure_document(failure, EXAMPLE),
            "event": failure.event,
            "message": {"body": failure.message.body, "attributes": dict(failure.message.attributes)},
        }
        for failure in found.failures
    ]
    for document, name in ((documents, "failures-show"), (received_document(found, EXAMPLE), "failures-list")):
        check_document(document, name)
        text = json_text(document)
        text.encode()
        assert "\x9b" not in text
        assert json.loads(text) == document


def shown(found: ReceivedFailures) -> list[Line]:
    return [line for failure in found.failures for line in failure_lines(failure, EXAMPLE)]


ODD_VALUES = ANYTHING | st.integers() | st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Lu"]))
_OF_DETAIL = ("errorCode", "eventName", "eventTime", "eventID", "awsRegion", "userIdentity", "requestParameters")
FIELDS: list[tuple[str, ...]] = [(name,) for name in ("account", "region", "id", "detail", "resources")]
FIELDS += [("detail", name) for name in _OF_DETAIL]


@st.composite
def changed_events(draw: st.DrawFn) -> str:
    """An event as the rule sends it, except for one value."""
    changed = event(draw(st.sampled_from([SHOP.account, SEARCH.account])))
    where = draw(st.sampled_from(FIELDS))
    target = changed if len(where) == 1 else changed[where[0]]
    target[where[-1]] = draw(ODD_VALUES)
    return json.dumps(changed)


BODIES = (
    st.text()
    | st.sampled_from([*BAD_BODIES.values(), *ODD_BODIES.values()])
    | ANYTHING.map(json.dumps)
    | changed_events()
    | changed_events().map(lambda body: json.dumps(GIVEN_UP | {"requestPayload": json.loads(body)}))
)
ATTRIBUTES = st.dictionaries(st.sampled_from([*UNDELIVERED, "EXHAUSTED_RETRY_CONDITION"]) | st.text(), st.text())
ATTRIBUTES |= st.sampled_from([*ODD_ATTRIBUTES.values()])


@given(bad=st.lists(st.tuples(BODIES, ATTRIBUTES), min_size=1, max_size=4))
def test_invariant_5_whatever_one_member_writes_the_others_failures_are_read_and_redriven(
    bad: list[tuple[str, dict[str, str]]],
) -> None:
    sqs = FakeSqs()
    for body, attributes in bad:
        sqs.put_text(SHOP, body, attributes)
    sqs.put(SEARCH, event(SEARCH.account, "team-a/mine"), ERROR_CODE="NO_PERMISSIONS")
    sqs.put(CENTRAL, GIVEN_UP | {"requestPayload": event(SEARCH.account, "team-a/central", number=2)})

    found = find(sqs, (CENTRAL, SHOP, SEARCH), selection=EVERYTHING, organization=EXAMPLE, limit=1000)
    assert len(found.failures) == len(bad) + 2
    assert_shown(found)
    handler = FakeHandler(sqs)
    done = redrive(sqs, handler, found.failures, report=lambda one: None)
    release(sqs, [*found.failures, *found.others])
    redriven = redrive_document(done, found, EXAMPLE)
    check_document(redriven, "failures-redrive")
    json_text(redriven).encode()
    for one in done:
        assert all(line.text.encode() for line in redrive_result_lines(one, EXAMPLE))

    assert {"team-a/mine", "team-a/central"} <= set(handler.repositories)
    assert sqs.kept[SEARCH] == sqs.kept[CENTRAL] == {}
    assert sqs.visible(SHOP) == len(sqs.kept[SHOP]) == sum(one.status == "left alone" for one in done)
    for handed in handler.received:
        short_json(handed).encode()
        assert handed["account"] in {SHOP.account, SEARCH.account}


@dataclass
class BrokenSqs(FakeSqs):
    """A queue that raises an unexpected error from a given call on."""

    broken: Queue = SHOP
    answers: int = 1
    error: BaseException = field(default_factory=lambda: KeyError("Body"))

    def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
        if queue == self.broken:
            if not self.answers:
                raise self.error
            self.answers -= 1
        return super().receive(queue, hold_seconds=hold_seconds)


def filled(sqs: FakeSqs, *, count: int = 25) -> FakeSqs:
    for number in range(count):
        sqs.put(SHOP, event(repository=f"shop-{number}", number=number), ERROR_CODE="NO_PERMISSIONS")
    sqs.put(SEARCH, event(SEARCH.account, "team-a/mine", number=99), ERROR_CODE="NO_PERMISSIONS")
    return sqs


def found_in(sqs: FakeSqs, *, limit: int = 1000) -> ReceivedFailures:
    return find(sqs, (CENTRAL, SHOP, SEARCH), selection=EVERYTHING, organization=EXAMPLE, limit=limit)


@pytest.mark.parametrize("error", [KeyError("Body"), ServiceError("OverLimit")], ids=repr)
def test_a_queue_that_fails_while_it_is_read_is_reported_with_the_messages_read_before(error: Exception) -> None:
    """Such as SQS's OverLimit, when 120,000 messages are in flight."""
    sqs = filled(BrokenSqs(error=error))
    found = found_in(sqs)
    assert [one.queue for one in found.out_of_reach] == [SHOP]
    assert len(found.failures) == 10 + 1
    release(sqs, found.failures)
    assert sqs.visible(SHOP) == 25


def test_received_messages_are_released_when_the_command_is_interrupted() -> None:
    sqs = filled(BrokenSqs(error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        found_in(sqs)
    assert (sqs.visible(SHOP), sqs.visible(SEARCH)) == (25, 1)


def test_an_error_on_release_does_not_keep_other_messages_hidden() -> None:
    class Stubborn(FakeSqs):
        def hold(self, queue: Queue, messages: Sequence[Message], *, seconds: int) -> frozenset[str]:
            if queue == SHOP:
                raise KeyError("Successful")
            return super().hold(queue, messages, seconds=seconds)

    sqs = filled(Stubborn())
    release(sqs, found_in(sqs).failures)
    assert (sqs.visible(SHOP), sqs.visible(SEARCH)) == (0, 1)


def test_an_event_that_cannot_be_sent_does_not_stop_the_others() -> None:
    class Choking(FakeHandler):
        def invoke(self, event: Any) -> None:
            if event["account"] == SHOP.account:
                raise RecursionError("maximum recursion depth exceeded")
            super().invoke(event)

    sqs = filled(FakeSqs())
    handler = Choking(sqs)
    done = redrive(sqs, handler, found_in(sqs).failures, report=lambda one: None)
    assert handler.repositories == ["team-a/mine"]
    assert {one.problem for one in done if one.status == "not taken by Lambda"} == {
        "RecursionError: maximum recursion depth exceeded"
    }
    assert sqs.visible(SHOP) == 25


def test_a_flood_of_one_account_does_not_hide_failures_of_others() -> None:
    sqs = filled(FakeSqs(), count=40)
    for number in range(40):
        sqs.put(CENTRAL, GIVEN_UP | {"requestPayload": event(repository=f"x-{number}", number=200 + number)})
    sqs.put(CENTRAL, GIVEN_UP | {"requestPayload": event(SEARCH.account, "team-a/central", number=300)})
    found = found_in(sqs, limit=45)
    assert (len(found.failures), len(found.others), found.is_truncated) == (45, 37, True)
    repositories = [failure.repository for failure in found.failures]
    assert {"team-a/mine", "team-a/central"} <= set(repositories)
    assert [failure.queue for failure in found.failures] == sorted(
        (failure.queue for failure in found.failures), key=lambda queue: (not queue.is_central, queue)
    )


@pytest.mark.parametrize("bound", ["MAX_MESSAGES", "MAX_CHARACTERS"])
def test_only_a_limited_amount_is_received_from_one_members_queue(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is requested: a thousand messages of 1 MiB would exhaust the memory."""
    monkeypatch.setattr(redriving, bound, 20)
    sqs = FakeSqs()
    for _ in range(50):
        sqs.put_text(SHOP, "junk", {})
    sqs.put(SEARCH, event(SEARCH.account, "team-a/mine", number=99), ERROR_CODE="NO_PERMISSIONS")
    selection = Selection(scope=Scope.whole(EXAMPLE), repository="team-a/*")
    found = find(sqs, (CENTRAL, SHOP, SEARCH), selection=selection, organization=EXAMPLE, limit=1000)
    assert [failure.repository for failure in found.failures] == ["team-a/mine"]
    assert (0 < len(found.others) <= 20, found.is_truncated) == (True, True)

    nothing = Selection(scope=Scope.whole(EXAMPLE), repository="team-b/*")
    release(sqs, [*found.failures, *found.others])
    found = find(sqs, (CENTRAL, SHOP, SEARCH), selection=nothing, organization=EXAMPLE, limit=1000)
    assert found.failures == []
    assert received_lines(found, EXAMPLE)[0].text.startswith("Whether failures exist is unknown.")


def test_hidden_messages_are_not_reported_as_success() -> None:
    class Shy(FakeSqs):
        """SQS counts messages, and hands out none."""

        def depth(self, queue: Queue) -> Depth:
            return Depth(visible=3, held=0)

    for sqs in (Shy(), filled(FakeSqs())):
        for _ in range(2):
            found = found_in(sqs)
        assert (found.failures, found.hidden > 0) == ([], True)
        reported = " ".join(line.text for line in received_lines(found, EXAMPLE))
        assert "No failures" not in reported
    assert found_in(FakeSqs()).hidden == 0


def test_a_partly_received_queue_is_not_reported_as_success() -> None:
    class Stingy(FakeSqs):
        """SQS hands out one page, and nothing of the rest."""

        def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
            is_first = not any(kept.receives for kept in self.kept.get(queue, {}).values())
            return super().receive(queue, hold_seconds=hold_seconds) if is_first else ()

    others = Selection(scope=Scope.whole(EXAMPLE), repository="team-b/*")
    found = find(filled(Stingy()), (CENTRAL, SHOP), selection=others, organization=EXAMPLE, limit=1000)
    assert (found.failures, len(found.others), found.not_received) == ([], 10, 15)
    found = find(filled(FakeSqs()), (CENTRAL, SHOP), selection=others, organization=EXAMPLE, limit=1000)
    assert (found.failures, len(found.others), found.not_received) == ([], 25, 0)


@pytest.mark.parametrize(("kept", "exit_code"), [(0, 11), (1, 23)], ids=["all were read", "one is in flight"])
def test_an_id_is_reported_as_not_found_only_if_no_message_can_be_hidden(kept: int, exit_code: int) -> None:
    sqs = filled(FakeSqs())
    sqs.receive(SHOP, hold_seconds=HOLD_SECONDS if kept else 0)
    operation: Any = SimpleNamespace(organization=EXAMPLE, all_queues=(CENTRAL, SHOP), queues=sqs)
    selection = Selection(scope=Scope.whole(EXAMPLE), ids=("abc",))
    with pytest.raises(DeployerError) as raised, failures._received_failures(operation, selection, limit=1000):
        pass
    assert raised.value.exit_code == exit_code
    assert ("begins with abc" in raised.value.message) is (exit_code == 11)


def test_an_unknown_id_among_several_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    sqs = filled(FakeSqs())
    (known, *_) = sqs.receive(SHOP, hold_seconds=0)
    operation: Any = SimpleNamespace(organization=EXAMPLE, all_queues=(CENTRAL, SHOP), queues=sqs)
    selection = Selection(scope=Scope.whole(EXAMPLE), ids=(known.id, "abc"))
    with failures._received_failures(operation, selection, limit=1000) as found:
        assert [failure.message.id for failure in found.failures] == [known.id]
    assert "begins with abc" in capsys.readouterr().err


POSSIBLY_INCOMPLETE = {
    "another reader holds messages": (ReceivedFailures(held_elsewhere=1), True),
    "SQS counts messages but returns none": (ReceivedFailures(not_received=1), True),
    "a flood was not read completely": (ReceivedFailures(is_truncated=True), True),
    "no failures": (ReceivedFailures(), False),
    "messages that were not selected": (ReceivedFailures(others=[read(message("x"), SHOP)]), False),
    "failures, and more in unread queues": (
        ReceivedFailures(failures=[read(message("x"), SHOP)], held_elsewhere=1),
        False,
    ),
}


@pytest.mark.parametrize(("found", "is_incomplete"), POSSIBLY_INCOMPLETE.values(), ids=POSSIBLY_INCOMPLETE)
def test_a_command_that_may_have_missed_everything_does_not_exit_with_0(
    found: ReceivedFailures, *, is_incomplete: bool
) -> None:
    operation: Any = SimpleNamespace(organization=EXAMPLE, all_queues=())
    expected = pytest.raises(IncompleteError) if is_incomplete else nullcontext()
    with expected:
        failures._check_complete(operation, found)
    reported = " ".join(line.text for line in received_lines(found, EXAMPLE))
    assert ("unknown" in reported) is is_incomplete
