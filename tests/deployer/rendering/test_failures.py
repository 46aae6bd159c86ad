"""Failures in a terminal: within 80 columns, whatever the messages contain, and each with the next step."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from deployer.failures.messages import Failure, Queue, read
from deployer.failures.redriving import OutOfReach, ReceivedFailures, RedriveResult, RedriveStatus
from deployer.rendering.failures import (
    failure_document,
    failure_lines,
    out_of_reach_lines,
    received_document,
    received_lines,
    redrive_result_lines,
    redrive_summary_lines,
)
from deployer.rendering.text import Line
from handler.reasons import SENTENCES
from tests.deployer.failures.queues import CENTRAL, dead_letters, event
from tests.deployer.failures.test_messages import GIVEN_UP, UNDELIVERED, is_harmless, message
from tests.example_organization import EXAMPLE

SHOP = dead_letters("300000000001")
LONG = "team-a/" + "x" * 249


def failed(reason: str, *, repository: str = "team-a/api", detail: str = "") -> Failure:
    body = {
        "requestContext": {"condition": "PermanentFailure", "approximateInvokeCount": 1},
        "requestPayload": event(repository=repository),
        "responsePayload": {"errorType": reason, "errorMessage": detail},
    }
    return read(message(body), CENTRAL)


def text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


def flat(lines: list[Line]) -> str:
    return " ".join(text(lines).split())


def test_each_reason_is_explained_once() -> None:
    found = ReceivedFailures(failures=[failed("access-denied"), failed("access-denied"), failed("kms-failed")])
    reported = flat(received_lines(found, EXAMPLE))
    for reason in ("access-denied", "kms-failed"):
        assert reported.count(SENTENCES[reason]) == 1
    assert reported.endswith("3 failures.")


def test_an_aws_error_is_shown_without_botocores_preamble() -> None:
    detail = "An error occurred (AccessDenied) when calling the CreateRepository operation: not today"
    assert "access-denied: not today" in flat(
        received_lines(ReceivedFailures(failures=[failed("access-denied", detail=detail)]), EXAMPLE)
    )


def test_the_denied_action_is_shown_even_if_the_text_is_truncated() -> None:
    user = "arn:aws:sts::300000000001:assumed-role/deployer-creator/deployer-486ff997-fbeb-4d00-9d5d-6d1b8e4f2a10"
    detail = (
        "CreateRepository in 300000000001 eu-west-1: An error occurred (AccessDeniedException) when calling the "
        f"CreateRepository operation: User: {user} is not authorized to perform: ecr:CreateRepository on resource: x"
    )
    reported = flat(received_lines(ReceivedFailures(failures=[failed("access-denied", detail=detail)]), EXAMPLE))
    assert "eu-west-1: not authorized to perform: ecr:CreateRepository on resource: x" in reported


def test_a_failure_of_eventbridge_is_explained_by_its_queue() -> None:
    for queue, words in ((SHOP, "to the central bus"), (CENTRAL, "could not start the handler")):
        failure = read(message(event(), UNDELIVERED), queue)
        assert words in flat(received_lines(ReceivedFailures(failures=[failure]), EXAMPLE))
    given_up = read(message(GIVEN_UP), CENTRAL)
    assert "failed three times" in flat(received_lines(ReceivedFailures(failures=[given_up]), EXAMPLE))


def test_counts_include_what_is_omitted() -> None:
    reported = flat(
        received_lines(ReceivedFailures(others=[failed("x")], held_elsewhere=4, is_truncated=True), EXAMPLE)
    )
    assert reported == (
        "Whether failures exist is unknown. 1 other not selected. About 4 more: held by another reader, or "
        "delayed, for minutes. There may be more: raise --limit, or narrow the list with "
        "--account."
    )
    assert (
        flat(received_lines(ReceivedFailures(others=[failed("x")]), EXAMPLE))
        == "No failures match. 1 other not selected."
    )


def test_a_list_shows_the_year() -> None:
    """A forged message may have any year, and failures of last year are not news."""
    assert f"  {event()['detail']['eventTime'][:10]} " in text(
        received_lines(ReceivedFailures(failures=[failed("x")]), EXAMPLE)
    )


def test_unreadable_queues_are_named() -> None:
    found = ReceivedFailures(out_of_reach=[OutOfReach(queue=SHOP, problem="ReceiveMessage was denied")])
    assert flat(out_of_reach_lines(found, EXAMPLE)) == (
        "not read: shop-prod (300000000001) in eu-west-1: ReceiveMessage was denied"
    )


STATUSES: dict[RedriveStatus, str] = {
    "put back": "1 event sent to the handler.",
    "put back, not deleted": "could not be deleted",
    "taken by another": "1 received by another reader meanwhile.",
    "not taken by Lambda": "1 message left in the queues.",
    "left alone": "1 message left in the queues.",
}


def test_every_result_is_reported() -> None:
    for status, words in STATUSES.items():
        one = RedriveResult(failure=failed("x"), status=status, problem="because")
        assert words in flat(redrive_summary_lines([one]))
        assert f"{status}: shop-prod eu-west-1 team-a/api: because" in flat(redrive_result_lines(one, EXAMPLE))


@given(
    reason=st.text(min_size=1, max_size=40), detail=st.text(max_size=400), account=st.sampled_from([*EXAMPLE.accounts])
)
def test_lines_are_at_most_80_wide_and_printable(reason: str, detail: str, account: str) -> None:
    failure = failed(reason, detail=detail)
    forged: Any = read(message(event(account=account), UNDELIVERED), SHOP)
    found = ReceivedFailures(failures=[failure, forged])
    for line in [*received_lines(found, EXAMPLE), *failure_lines(failure, EXAMPLE), *failure_lines(forged, EXAMPLE)]:
        assert is_harmless(line.text)
        assert cell_len(line.text) <= 80 or " " not in line.text.strip(), "only a single word may be longer"
    json.dumps(received_document(found, EXAMPLE))


def test_a_name_of_any_length_is_shown_in_full() -> None:
    assert LONG in text(received_lines(ReceivedFailures(failures=[failed("x", repository=LONG)]), EXAMPLE))


def test_documents_name_queue_account_and_ou() -> None:
    document: Any = failure_document(read(message(event(), UNDELIVERED), SHOP), EXAMPLE)
    assert (document["name"], document["ou"], document["queue"]["central"]) == ("shop-prod", "Workloads/Prod", False)
    assert isinstance(read(message("x"), Queue(account="1", region="r", name="q")), Failure)
