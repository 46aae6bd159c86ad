"""Which decisions send which notice, and that no decision depends on its notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from handler import reasons
from handler.errors import DeniedError, PermanentError
from handler.notices import DETAIL_TYPE, NOTABLE, SOURCE, Notices, NotSentError, detail_of, message_of, safe
from handler.records import Record
from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, ROOT, SANDBOX, World

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "notice.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
HOSTILE = 'a"b\\u0000<!channel>`*_~[x](http://x.example)'


def refused_world() -> World:
    world = World()
    world.chains[ACCOUNT] = (ROOT, SANDBOX)
    return world


def record_of(world: World, event: Any) -> Record:
    """The only record of an event, which Lambda retries after denied access."""
    try:
        world.handler().handle(event, request_id="request-1")
    except DeniedError:
        world.handler().handle(event, request_id="request-1")
    (record,) = world.records.values()
    return record


CREATED = record_of(World(), load())
REFUSED = record_of(refused_world(), load())
FAILED = record_of(World(), load(changes={"detail.requestParameters": "x"}))


NATIVE = record_of(World(), load("creation-by-template"))
VIOLATION = record_of(World(), load("creation-by-template", {"detail.requestParameters.repositoryName": "web/tmp-1"}))
OBSERVED = record_of(World(), load("creation-by-hand"))


@pytest.mark.parametrize(
    "record",
    [CREATED, REFUSED, FAILED, OBSERVED, NATIVE, VIOLATION],
    ids=["created", "refused", "failed", "observed", "created by ECR", "violation"],
)
def test_a_notice_has_the_documented_form(record: Record) -> None:
    detail = detail_of(record)
    assert not list(VALIDATOR.iter_errors(detail))
    assert detail["outcome"] == record.outcome


def test_the_schema_is_valid_and_lists_every_reason() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["reason"]["enum"]) == reasons.SENTENCES.keys() - WITHOUT_NOTICE
    assert tuple(SCHEMA["properties"]["outcome"]["enum"]) == (*NOTABLE, "observed")


def test_the_versions_of_notices_do_not_change() -> None:
    assert [detail_of(record)["version"] for record in (CREATED, REFUSED, FAILED, OBSERVED, NATIVE)] == [1, 1, 1, 2, 2]


def test_a_violation_is_reported_with_the_rule_that_would_have_refused_it() -> None:
    message = message_of(VIOLATION)
    assert message["title"] == "Repository web/tmp-1 created against the rules in shop-prod, eu-west-1"
    assert "Rule: create.names.deny: **/tmp-*." in message["text"]
    assert "but ECR created the repository; delete it" in message["text"]


def test_the_notice_of_an_observed_repository_has_what_happened_and_how() -> None:
    assert (detail_of(OBSERVED)["action"], detail_of(OBSERVED)["how"]) == ("created", "by hand")
    assert message_of(OBSERVED)["title"] == "Repository team-b/site created (by hand) in shop-prod, eu-west-1"


WITHOUT_NOTICE = {
    reasons.ADOPTED,
    reasons.RELEASED,
    reasons.REFUSALS_LEFT_OUT,
    reasons.ALREADY_EXISTS,
    reasons.NOT_A_PUSH,
    reasons.NOT_A_PULL,
    reasons.FOREIGN_REGISTRY,
    reasons.ACCOUNT_MISMATCH,
    reasons.REGION_MISMATCH,
    reasons.NOT_IN_ORGANIZATION,
    reasons.DUPLICATE_EVENT,
    reasons.REFUSED_ALREADY,
    reasons.OTHER_EVENT,
    reasons.RECORDED_ALREADY,
    reasons.ADOPTED,
    reasons.RELEASED,
}


def test_a_caller_without_an_arn_is_reported_with_its_account() -> None:
    record = record_of(World(), load("push-from-another-account"))
    who = message_of(record)["who"]
    assert who.startswith("AROAEXAMPLEEXAMPLE002:deploy of account 400000000001 in account 300000000001")
    assert "of account" not in message_of(CREATED)["who"]


def test_a_message_names_the_event_its_location_the_reason_and_the_rule() -> None:
    assert detail_of(REFUSED)["message"] == {
        "title": "Repository team-a/api refused in shop-prod, eu-west-1",
        "text": "No config file enables the account's OU; set 'enabled: true' in the OU's file. Rule: enabled: false.",
        "who": f"{REFUSED.principal} in account {ACCOUNT}, {REFUSED.ou_path}".replace("@", "_"),
    }
    created: Any = detail_of(CREATED)["message"]
    assert created["title"] == "Repository team-a/api created in shop-prod, eu-west-1"


@pytest.mark.parametrize(
    ("call", "became"), [("create", "not created"), ("policy", "left unfinished")], ids=["not created", "created"]
)
def test_a_failure_reports_whether_the_repository_exists(call: str, became: str) -> None:
    world = World()
    world.faults.by_name[call] = PermanentError(reasons.ACCESS_DENIED, "denied")
    message = message_of(record_of(world, load()))
    assert message["title"] == f"Repository team-a/api {became} in shop-prod, eu-west-1"


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "\u202e", "x" * 5000, "\n\r\t"],
    ids=["markup", "bidirectional text", "a long text", "several lines"],
)
def test_text_from_an_outside_account_cannot_break_a_message_or_mention_anybody(text: str) -> None:
    made = safe(text)
    assert not set(made) & set('"\\<>`[]@!&|~\n\r')
    assert "://" not in made
    assert len(made) <= 600


def test_created_refused_and_failed_send_one_notice_and_other_outcomes_none() -> None:
    for world in (World(), refused_world()):
        handler = world.handler()
        for number in range(3):
            handler.handle(load(), request_id=f"request-{number}")
        assert [record.outcome for record in world.notices.sent] == [
            record.outcome for record in world.records.values() if record.outcome in NOTABLE
        ]
        assert len(world.notices.sent) == 1
    quiet = World()
    quiet.handler().handle(load("pull"), request_id="request-1")
    assert (len(quiet.records), quiet.notices.sent) == (1, [])


def test_a_notice_that_cannot_be_sent_is_logged_and_does_not_fail_the_decision() -> None:
    world = World()
    world.faults.by_name["notify"] = NotSentError("ThrottlingException: slow down")
    fields = world.handler().handle(load(), request_id="request-1")
    assert (fields["outcome"], world.outcomes()) == ("created", [("created", "created")])
    assert fields["notice_problem"] == "NotSentError: ThrottlingException: slow down"
    assert world.lines == [fields]
    assert not world.messages


class Bus:
    """EventBridge, which accepts or rejects entries."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.entries: list[dict[str, Any]] = []
        self._refuses = refuses

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - botocore's name
        self.entries += Entries
        failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "no"}
        return {"FailedEntryCount": int(self._refuses), "Entries": [failed if self._refuses else {"EventId": "1"}]}


def test_a_notice_is_sent_to_the_bus_with_its_source_and_type() -> None:
    bus = Bus()
    Notices(lambda: bus, bus="deployer-events").send(CREATED)  # type: ignore[arg-type,return-value]
    (entry,) = bus.entries
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (SOURCE, DETAIL_TYPE, "deployer-events")
    assert entry["Resources"] == [CREATED.repository_arn]
    assert json.loads(entry["Detail"]) == detail_of(CREATED)


def test_an_entry_that_eventbridge_refuses_is_an_error_although_the_call_succeeds() -> None:
    with pytest.raises(NotSentError, match="InternalFailure: no"):
        Notices(lambda: Bus(refuses=True), bus="deployer-events").send(CREATED)  # type: ignore[arg-type,return-value]
