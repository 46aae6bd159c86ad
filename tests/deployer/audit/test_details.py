from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest

from deployer import settings
from deployer.audit.details import UNKNOWN, DecisionDetails, judge_today
from deployer.audit.finding import HISTORY, find
from deployer.audit.query import Query
from deployer.audit.reading import Usage
from deployer.rendering.details import details_document, details_lines
from handler.records import Record
from tests.deployer.audit.ledgers import NOW, EventLedger, observed, record
from tests.deployer.json_documents import check_document
from tests.example_organization import EXAMPLE

COMPILED = settings.compile(settings.load(Path("config")), EXAMPLE)
EVERYWHERE = Query(since=NOW, until=NOW)
ALLOW, DENY = "create.names.allow: team-*/**", "create.names.deny: **/tmp-*"


def details(one: Record, **changes: Any) -> DecisionDetails:
    return replace(DecisionDetails(record=one, today=judge_today(one, COMPILED)), **changes)


def text(shown: DecisionDetails) -> str:
    return "\n".join(line.text for line in details_lines(shown))


def asked(**changes: Any) -> str:
    """The settings that today's files would give a record, except for `changes`."""
    today = judge_today(record(repository="team-a/api"), COMPILED)
    assert today
    assert today.settings
    return json.dumps({**today.settings, **changes})


def test_a_name_finds_the_creation_in_each_registry_and_its_history() -> None:
    made = record(50, repository="team-a/api")
    abroad = record(60, repository="team-a/api", region="us-east-1", outcome="failed")
    later = [record(number, repository="team-a/api", outcome="refused") for number in range(30)]
    ledger = EventLedger([made, abroad, *later, record(5, repository="team-b/api")], page_size=10)
    first, second = find("team-a/api", ledger, within=EVERYWHERE, usage=Usage())
    assert (first.record, second.record) == (made, abroad)
    assert first.history == tuple(later[:HISTORY])
    assert second.history == ()
    assert find("team-a/api", ledger, within=replace(EVERYWHERE, regions=("us-east-1",)), usage=Usage()) == [second]


def test_an_event_finds_its_outcome() -> None:
    failed = record(5, outcome="failed", event_id="e", repository="team-a/api")
    made = record(5, event_id="e", repository="team-a/api", request_id="request-2")
    (found,) = find("e", EventLedger([made, failed]), within=EVERYWHERE, usage=Usage())
    assert {found.record.outcome, *(one.outcome for one in found.history)} == {"created", "failed"}


def test_without_decisions_ignored_records_are_reported() -> None:
    ledger = EventLedger([record(1, outcome="ignored", repository="team-a/api")])
    (found,) = find("team-a/api", ledger, within=EVERYWHERE, usage=Usage())
    assert found.record.outcome == "ignored"
    assert find("team-z/none", ledger, within=EVERYWHERE, usage=Usage()) == []


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(
            record(repository="team-a/tmp-1", outcome="refused", rule=DENY),
            [DENY, "config/ous/workloads/prod.yaml:12:12"],
            id="a rule with its location",
        ),
        pytest.param(
            record(repository="team-a/api", outcome="refused", rule="create.names.deny: **/api"),
            ["not in today's files", "today       create (created): The repository would be created."],
            id="a rule that no longer exists, and today's result",
        ),
        pytest.param(
            record(repository="team-a/api", rule=ALLOW, settings_digest=COMPILED.settings_file.digest),
            ["which are those of today"],
            id="the settings are those of today",
        ),
        pytest.param(
            record(repository="team-a/api", steps='{"organization":41.2,"create":80.0,"total":122.0}'),
            ["organization 41 ms, create 80 ms, total 122 ms", "+2.250 s  the handler received the event"],
            id="the steps of the handler",
        ),
        pytest.param(
            record(repository="team-a/api", account="999999999999"), ["team-a/api"], id="an account that left"
        ),
    ],
)
def test_which_details_are_shown(one: Record, words: list[str]) -> None:
    shown = text(details(one))
    for word in words:
        assert word in shown


def test_settings_are_shown_as_recorded_desired_and_actual() -> None:
    one = record(repository="team-a/api", settings=asked(image_tag_mutability="MUTABLE"))
    assert one.settings
    actual = json.loads(one.settings) | {"scan_on_push": False, "lifecycle_policy": None}
    shown = details(one, actual=actual)
    different = {setting.key: setting for setting in shown.settings if not setting.is_same}
    assert set(different) == {"image_tag_mutability", "scan_on_push", "lifecycle_policy"}
    mutability = different["image_tag_mutability"]
    assert (mutability.recorded, mutability.today, mutability.actual) == ("MUTABLE", "IMMUTABLE", "MUTABLE")
    assert str(mutability.origin).endswith("prod.yaml:15:25")
    assert "is now       null" in text(shown)
    settings: Any = details_document(shown)["settings"]
    document = next(one for one in settings if one["key"] == "scan_on_push")
    assert (document["then"], document["today"], document["actual"]) == (True, True, False)


def test_unknown_values_do_not_count_as_different() -> None:
    shown = details(record(repository="team-a/api"))
    assert (
        {setting.recorded for setting in shown.settings} == {setting.actual for setting in shown.settings} == {UNKNOWN}
    )
    assert all(setting.is_same for setting in shown.settings)


def test_a_missing_tag_that_older_versions_did_not_set_is_not_a_difference() -> None:
    today = judge_today(record(repository="team-a/api"), COMPILED)
    assert today
    assert today.settings
    desired: Any = today.settings["tags"]
    tags = {key: value for key, value in desired.items() if key != "deployer:installation"}
    assert tags != desired
    older = details(record(repository="team-a/api", settings=asked(tags=tags)), actual={**today.settings, "tags": tags})
    (setting,) = [one for one in older.settings if one.key == "tags.deployer:installation"]
    assert (setting.recorded, setting.today, setting.actual, setting.is_same) == (UNKNOWN, "deployer", UNKNOWN, True)
    theirs = details(older.record, actual={**today.settings, "tags": {**tags, "deployer:installation": "ecr"}})
    assert [one.key for one in theirs.settings if not one.is_same] == ["tags.deployer:installation"]


def test_an_alias_and_its_key_are_not_a_difference() -> None:
    alias = {"type": "KMS", "kms_key": "arn:aws:kms:eu-west-1:300000000001:alias/ecr"}
    key = {"type": "KMS", "kms_key": "arn:aws:kms:eu-west-1:300000000001:key/1234"}
    one = record(repository="team-a/api", settings=json.dumps({"encryption": alias}))
    shown = DecisionDetails(record=one, actual={"encryption": key})
    assert all(setting.is_same for setting in shown.settings)


def test_a_repository_that_no_longer_exists_is_reported_as_such() -> None:
    assert "The repository no longer exists." in text(
        details(record(repository="team-a/api", settings=asked()), is_gone=True)
    )


def test_the_history_is_shown_from_the_first_refusal_to_the_deletion() -> None:
    refused, made = record(60, outcome="refused"), record(50)
    deleted = observed(40, action="deleted", principal="arn:aws:iam::300000000001:user/alice")
    before = observed(90, action="deleted", how="unknown")
    (found,) = find("team-a/api", EventLedger([before, refused, made, deleted]), within=EVERYWHERE, usage=Usage())
    shown = details(found.record, history=found.history, lifetime=found.lifetime)
    lifetime, others = text(shown).partition("History of this repository")[2].split("Other records of this name")
    lines = [line.split()[2:] for line in lifetime.splitlines() if line.startswith("  2026")]
    assert lines == [["refused", "name-denied"], ["created"], ["deleted", "by", "hand"]]
    assert "user/alice" in lifetime
    assert [line.split()[2:] for line in others.splitlines() if line.startswith("  2026")] == [["deleted", "unknown"]]
    document: Any = details_document(shown)
    check_document([document], "audit-show")
    assert [one["outcome"] for one in document["lifetime"]] == ["refused", "created", "observed"]
    assert document["lifetime"][-1] | {"action": "deleted", "how": "by hand"} == document["lifetime"][-1]


def test_a_repository_of_others_is_not_compared_with_our_ownership_tags() -> None:
    seen = details(observed(settings=json.dumps({"scan_on_push": False})))
    shown = text(seen)
    assert ("asked then" in shown, "tags.deployer:" in shown) == (False, False)
    assert "    then         false\n    asked today  true" in shown


def test_an_observed_repository_is_shown_with_who_how_and_the_settings_of_the_event() -> None:
    seen = observed(repository_arn="arn:aws:ecr:eu-west-1:300000000001:repository/team-a/api",
                    settings='{"image_tag_mutability":"MUTABLE"}')  # fmt: skip
    shown = text(details(seen, is_gone=True))
    assert "A repository was created" in shown
    assert "by hand" in shown
    assert "no longer exists" in shown
    assert "the call failed" not in shown
    settings = {one.key: (one.recorded, one.today) for one in details(seen).settings}
    assert settings["image_tag_mutability"] == ("MUTABLE", "IMMUTABLE")


def test_an_adoption_is_shown_with_the_settings_of_today_until_the_repository_is_released() -> None:
    made = observed(90)
    adopted = record(60, outcome="adopted", event_id="adopted.0", created_at=made.event_time, repository="team-a/tmp-1")
    shown = text(details(adopted))
    assert f"created     {made.event_time:%Y-%m-%d %H:%M:%S} UTC, by somebody else" in shown
    assert "the repository existed" not in shown
    settings = {one.key: one.today for one in details(adopted).settings}
    assert settings["tags.deployer:event-id"] == "adopted.0"  # although the rules refuse the name
    assert "tags.pushed-by" not in settings
    released = record(50, outcome="released", event_id="adopted.0")
    records = [replace(one, repository="team-a/api") for one in (made, adopted, released)]
    for number in (1, 2, 3):
        (found,) = find("team-a/api", EventLedger(records[:number]), within=EVERYWHERE, usage=Usage())
        assert found.record == records[number - 1]
    assert not any(one.key.startswith("tags.deployer:") for one in details(released).settings)


def test_for_a_pusher_that_the_ledger_does_not_know_a_cloudtrail_command_is_printed() -> None:
    native = record(repository="team-a/api", engine="native")
    shown = text(details(native)).replace(" \\\n", "")
    assert "unknown to the ledger" in shown
    command = shlex.split(next(line for line in shown.splitlines() if "aws cloudtrail" in line))
    assert command[:5] == ["aws", "cloudtrail", "lookup-events", "--region", native.region]
    assert "AttributeKey=EventName,AttributeValue=InitiateLayerUpload" in command
    start, end = (
        datetime.fromisoformat(command[command.index(option) + 1]) for option in ("--start-time", "--end-time")
    )
    assert start < native.event_time < end
    events = [
        {"CloudTrailEvent": json.dumps({"requestParameters": {"repositoryName": name}})}
        for name in ("team-a/api", "api")
    ]
    assert jmespath.search(command[-1], {"Events": events}) == [events[0]["CloudTrailEvent"]]
    document = details_document(details(native))
    check_document([document], "audit-show")
    assert document["pusher_look_up"] == command

    known = details(native, pusher="arn:aws:iam::300000000001:user/ci")
    assert ("pushed by   arn:aws:iam::300000000001:user/ci" in text(known), "lookup-events" in text(known)) == (
        True,
        False,
    )
    assert "pushed by" not in text(details(record(repository="team-a/api")))
