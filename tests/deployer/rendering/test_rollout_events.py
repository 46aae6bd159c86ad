"""JSON lines of a roll-out and the job summary in GitHub Actions: complete, documented, of limited size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from deployer.cli.step_summary import VARIABLE, append_summary
from deployer.errors import BusyError
from deployer.rendering import events_json
from deployer.rendering.events import event_lines
from deployer.rendering.step_summary import LARGEST, bounded, error_markdown, outcome_markdown
from deployer.rendering.text import WIDTH
from deployer.rollout.causes import Failure
from deployer.rollout.progress import (
    OperationAttached,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    StackProgress,
    StepEnded,
    StepStarted,
)
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import InstanceResult, Operation
from deployer.stacks import StackEvent
from tests.deployer.examples import example_deployment, plan, rolled_out
from tests.deployer.json_documents import schema
from tests.example_organization import EXAMPLE

ROOT = Path(__file__).parents[3]
SCHEMA = schema("rollout-events")
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
OPERATION = Operation(id="deployer-a-1", action="CREATE", status="RUNNING", started=NOW)
RESULT = InstanceResult(account="400000000001", region="eu-west-1", status="FAILED", reason="denied")
FAILURE = Failure(stack_set="deployer-access", account="499999999999", region="eu-west-1", reason="denied")
EVENTS = (
    StepStarted(step="StackSet deployer-access"),
    StepEnded(step="StackSet deployer-access", error="denied", failed=1),
    StackProgress(event=StackEvent(stack="s", logical_id="l", type="t", status="CREATE_COMPLETE")),
    OperationStarted(stack_set="deployer-access", operation_id="deployer-a-1", action="CREATE", instances=9),
    OperationAttached(stack_set="deployer-access", operation=Operation(id="x", action="UPDATE", status="QUEUED")),
    OperationWaitedFor(stack_set="deployer-access", operation=OPERATION, over=1, total=2),
    OperationProgress(stack_set="deployer-access", operation=OPERATION, results=(RESULT,), changed=(RESULT,)),
)
DOCUMENTS = [
    *(events_json.event_document(event, EXAMPLE, at=NOW) for event in EVENTS),
    events_json.ended_document(RolloutResult(done=("a",), failures=(FAILURE,)), EXAMPLE, at=NOW),
    events_json.removal_ended_document(RolloutResult(done=("a",), failures=(FAILURE,)), EXAMPLE, at=NOW),
    events_json.warning_document("the disk is full", at=NOW),
    events_json.error_document(BusyError("another roll-out", next_step="wait"), at=NOW),
]


@pytest.mark.parametrize(("statuses", "failed"), [(["SUCCEEDED", "FAILED"], True), (["SUCCEEDED", "SUCCEEDED"], False)])
def test_an_operation_within_its_tolerance_reports_what_failed(statuses: list[Any], failed: bool) -> None:
    """AWS's status of such an operation is SUCCEEDED."""
    results = tuple(
        replace(RESULT, account=account, status=status)
        for account, status in zip(("400000000001", "400000000002"), statuses, strict=True)
    )
    operation = replace(OPERATION, status="SUCCEEDED")
    event = OperationProgress(stack_set="deployer-access", operation=operation, results=results, changed=())
    (line,) = event_lines(event, EXAMPLE)
    ending = ", 1 failed" if failed else ""
    assert line.text.strip() == f"deployer-access: SUCCEEDED, 2 of 2 instances finished{ending}"
    assert line.tone == ("bad" if failed else "add")


@pytest.mark.parametrize(
    "end", [{}, {"failed": 1}, {"error": "denied"}], ids=["a completed step", "failures", "an error"]
)
def test_long_names_of_steps_and_stack_sets_fit_the_width_of_a_terminal(end: dict[str, Any]) -> None:
    name = "deployer-registry-creation-templates-45892891"
    over = replace(OPERATION, status="SUCCEEDED")
    step = f"StackSet {name} before stack deployer-central"
    for event in (
        StepStarted(step=step),
        StepEnded(step=step, **end),
        OperationStarted(stack_set=name, operation_id="deployer-a-1", action="CREATE", instances=9_999),
        OperationProgress(stack_set=name, operation=over, results=(RESULT,), changed=()),
    ):
        lines = list(event_lines(event, EXAMPLE))
        assert max(len(line.text) for line in lines) <= WIDTH
        assert name in lines[0].text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["event"])
def test_every_event_follows_its_schema_without_additional_fields(document: dict[str, Any]) -> None:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []
    (described,) = [one for one in SCHEMA["oneOf"] if one["title"] == document["event"]]
    assert set(document) == {*described["properties"], *SCHEMA["properties"]}
    without = {key: value for key, value in document.items() if key != "version"}
    assert not validator.is_valid(without)


def test_the_schema_and_the_documentation_have_every_event() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    names = {str(document["event"]) for document in DOCUMENTS}
    assert names == {one["title"] for one in SCHEMA["oneOf"]} == set(SCHEMA["properties"]["event"]["enum"])
    page = (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")
    assert "(schemas/rollout-events.json)" in page
    assert [name for name in ("rollout-ended", "destroy-ended", "error") if f"`{name}`" not in page] == []
    assert SCHEMA["properties"]["version"]["const"] == events_json.VERSION


@given(lines=st.lists(st.text(max_size=60), max_size=40), room=st.integers(-5, 400))
def test_a_summary_never_exceeds_its_limit(lines: list[str], room: int) -> None:
    text = bounded(lines, room=room).encode(errors="replace")
    assert len(text) <= max(0, room)
    whole = "".join(f"{line}\n" for line in lines).encode(errors="replace")
    assert text == whole or b"the log of this step" in text or room < 100


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80))
def test_markup_in_a_message_is_escaped(message: str) -> None:
    (_, _, shown) = list(error_markdown(BusyError(message)))
    tokens = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").parse(shown)
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    inline = [one for token in tokens for one in token.children or ()]
    assert {one.type for one in inline} <= {"text", "text_special"}
    assert "".join(one.content for one in inline) == " ".join(message.split())


def test_one_cause_in_200_accounts_is_one_row_of_the_summary() -> None:
    failures = [
        Failure(stack_set="s", account=f"{n:012}", region=region, reason=f"no role in {n:012} | <b>")
        for n in range(200)
        for region in ("eu-west-1", "us-east-1")
    ]
    deployment = example_deployment()
    outcome = RolloutResult(failures=(*failures, FAILURE))
    lines = list(outcome_markdown(outcome, plan(deployment, rolled_out(deployment)), EXAMPLE))
    html = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render("\n".join(lines))
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]
    many, one = [row for row in rows if len(row) == 5]
    assert many[:3] == ["400", "200", "no role in &lt;account&gt; | &lt;b&gt;"]
    assert "deployer rollout --only-failed" in many[3]
    assert "and 188 more" in many[4]
    assert one[:3] == ["1", "1", "denied"]
    assert "in eu-west-1 (deployer-access)" in one[4]


def test_a_summary_is_appended_up_to_the_limit_of_a_step(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_bytes(b"earlier\n")
    environment = {VARIABLE: str(file)}
    assert append_summary(["first"], environment) is None
    assert append_summary(["x" * 999] * 2000, environment) is None
    assert append_summary(["too late"] * 9, environment) is None
    assert file.read_bytes().startswith(b"earlier\nfirst\nxxx")
    assert LARGEST - 2000 < file.stat().st_size <= LARGEST
    assert append_summary(["anything"], {}) is None


@pytest.mark.parametrize("file", ["/dev/full", "{tmp}/nowhere/summary.md", "{tmp}"])
def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path, file: str) -> None:
    name = file.replace("{tmp}", str(tmp_path))
    warning = append_summary(["line"], {VARIABLE: name})
    assert warning is not None
    assert name in warning
    assert "None" not in warning
