"""Failures as a terminal shows them: within 80 columns, whatever is in the messages, and each with what to do."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployer.failures.messages import Failure, Queue, read
from deployer.failures.redriving import Fate, Found, OutOfReach, Redriven
from deployer.rendering.failures import (
    failure_document,
    found_document,
    found_lines,
    out_of_reach_lines,
    redriven_line,
    redriven_lines,
    shown_lines,
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
    found = Found(failures=[failed("access-denied"), failed("access-denied"), failed("kms-failed")])
    told = flat(found_lines(found, EXAMPLE))
    for reason in ("access-denied", "kms-failed"):
        assert told.count(SENTENCES[reason]) == 1
    assert told.endswith("3 failures.")


def test_what_aws_said_is_told_without_botocores_preamble() -> None:
    detail = "An error occurred (AccessDenied) when calling the CreateRepository operation: not today"
    assert "access-denied: not today" in flat(
        found_lines(Found(failures=[failed("access-denied", detail=detail)]), EXAMPLE)
    )


def test_what_was_denied_is_told_before_the_room_ends() -> None:
    user = "arn:aws:sts::300000000001:assumed-role/deployer-creator/deployer-486ff997-fbeb-4d00-9d5d-6d1b8e4f2a10"
    detail = (
        "CreateRepository in 300000000001 eu-west-1: An error occurred (AccessDeniedException) when calling the "
        f"CreateRepository operation: User: {user} is not authorized to perform: ecr:CreateRepository on resource: x"
    )
    told = flat(found_lines(Found(failures=[failed("access-denied", detail=detail)]), EXAMPLE))
    assert "eu-west-1: not authorized to perform: ecr:CreateRepository on resource: x" in told


def test_a_failure_of_eventbridge_is_explained_by_where_it_happened() -> None:
    for queue, words in ((SHOP, "to the central bus"), (CENTRAL, "could not start the handler")):
        failure = read(message(event(), UNDELIVERED), queue)
        assert words in flat(found_lines(Found(failures=[failure]), EXAMPLE))
    given_up = read(message(GIVEN_UP), CENTRAL)
    assert "failed three times" in flat(found_lines(Found(failures=[given_up]), EXAMPLE))


def test_counts_say_what_is_left_out() -> None:
    told = flat(found_lines(Found(others=[failed("x")], held_elsewhere=4, is_cut=True), EXAMPLE))
    assert told == (
        "Whether there are failures is not known. 1 other not asked for. About 4 more held by another reader or "
        "delayed now; they show again within minutes. There may be more: raise --limit, or narrow the list with "
        "--account."
    )
    assert flat(found_lines(Found(others=[failed("x")]), EXAMPLE)) == "No failures match. 1 other not asked for."


def test_a_list_shows_the_year() -> None:
    """A forged message may be of any, and the failures of last year are no news."""
    assert f"  {event()['detail']['eventTime'][:10]} " in text(found_lines(Found(failures=[failed("x")]), EXAMPLE))


def test_what_could_not_be_read_is_named() -> None:
    found = Found(out_of_reach=[OutOfReach(queue=SHOP, problem="ReceiveMessage was denied")])
    assert flat(out_of_reach_lines(found, EXAMPLE)) == (
        "not looked into: shop-prod (300000000001) in eu-west-1: ReceiveMessage was denied"
    )


FATES: dict[Fate, str] = {
    "put back": "1 event handed to the handler.",
    "put back, not deleted": "could not be deleted",
    "taken by another": "1 were taken by another reader meanwhile.",
    "not taken by Lambda": "1 message stayed in the queues.",
    "left alone": "1 message stayed in the queues.",
}


def test_every_fate_is_told() -> None:
    for fate, words in FATES.items():
        one = Redriven(failure=failed("x"), fate=fate, problem="because")
        assert words in flat(redriven_lines([one]))
        assert f"{fate}: shop-prod eu-west-1 team-a/api: because" in flat(redriven_line(one, EXAMPLE))


@given(
    reason=st.text(min_size=1, max_size=40), detail=st.text(max_size=400), account=st.sampled_from([*EXAMPLE.accounts])
)
def test_lines_are_at_most_80_wide_and_printable(reason: str, detail: str, account: str) -> None:
    failure = failed(reason, detail=detail)
    forged: Any = read(message(event(account=account), UNDELIVERED), SHOP)
    found = Found(failures=[failure, forged])
    for line in [*found_lines(found, EXAMPLE), *shown_lines(failure, EXAMPLE), *shown_lines(forged, EXAMPLE)]:
        assert is_harmless(line.text)
        assert len(line.text) <= 80 or " " not in line.text.strip(), "only a single word may be longer"
    json.dumps(found_document(found, EXAMPLE))


def test_a_name_of_any_length_is_shown_whole() -> None:
    assert LONG in text(found_lines(Found(failures=[failed("x", repository=LONG)]), EXAMPLE))


def test_documents_name_queue_account_and_ou() -> None:
    document = failure_document(read(message(event(), UNDELIVERED), SHOP), EXAMPLE)
    assert (document["name"], document["ou"], document["queue"]["central"]) == ("shop-prod", "Workloads/Prod", False)
    assert isinstance(read(message("x"), Queue(account="1", region="r", name="q")), Failure)
