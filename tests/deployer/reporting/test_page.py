from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deployer.rendering.report import summary_document, summary_lines
from deployer.reporting.aggregation import aggregate
from deployer.reporting.page import Subject, policy
from deployer.reporting.wording import lede, seconds
from tests.deployer.json_documents import check_document
from tests.deployer.reporting.pages import ATTACKS, full_subject, hostile_records, usage, write
from tests.deployer.reporting.samples import UNTIL, record, records

SINCE = UNTIL - timedelta(days=30)


class _Elements(HTMLParser):
    """Every element with its attributes, as a browser would read them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(file: Path) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(file.read_text(encoding="utf-8"))
    return parser.found


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    subject = Subject(
        made_at=UNTIL,
        command=ATTACKS[0],
        ledger=ATTACKS[1],
        organization_id=ATTACKS[2],
        filters=tuple((attack, attack) for attack in ATTACKS),
        no_coverage=ATTACKS[0],
        usage=usage(ATTACKS[0]),
    )
    return write(tmp_path_factory.mktemp("page") / "report.html", hostile_records(), subject=subject)


def test_attacks_create_no_element_and_no_event_handler(attacked: Path, tmp_path: Path) -> None:
    harmless = {tag for tag, _ in elements(write(tmp_path / "report.html", records(50)))}
    found = elements(attacked)
    assert {tag for tag, _ in found} <= harmless
    assert sum(tag == "script" for tag, _ in found) == 2
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    found = elements(write(tmp_path / "report.html", records(200)))
    assert not [tag for tag, _ in found if tag in {"link", "img", "iframe", "object", "embed", "base", "use", "image"}]
    assert not [attributes for _, attributes in found if {"src", "style", "action", "xlink:href"} & set(attributes)]
    links = {str(attributes["href"]) for tag, attributes in found if tag == "a"}
    assert all(link.startswith(("#", "https://")) for link in links)


def test_the_content_security_policy_allows_exactly_the_content_of_the_page(attacked: Path) -> None:
    text = attacked.read_text(encoding="utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[-1]
    content = next(str(one["content"]) for tag, one in elements(attacked) if tag == "meta" and "http-equiv" in one)
    assert content == policy(style=style, script=script)
    assert "default-src 'none'" in content
    assert "unsafe" not in content


def test_ids_are_unique_and_links_within_the_page_have_targets(tmp_path: Path) -> None:
    found = elements(write(tmp_path / "report.html", records(200)))
    ids = [one["id"] for _, one in found if "id" in one]
    assert len(ids) == len(set(ids))
    inner = {str(one["href"])[1:] for tag, one in found if tag == "a" and str(one["href"]).startswith("#")}
    labels = {id_ for _, one in found for id_ in str(one.get("aria-labelledby", "")).split()}
    assert inner | labels <= set(ids)


def test_parts_that_were_not_read_are_named(tmp_path: Path) -> None:
    bare = Subject(made_at=UNTIL, command="deployer audit report", ledger="x", no_coverage="AWS denied it")
    text = write(tmp_path / "report.html", records(10), subject=bare).read_text(encoding="utf-8")
    assert "Not in this report: AWS denied it." in text
    assert "does not show whether repositories" in text


def test_a_truncated_table_has_a_note(tmp_path: Path) -> None:
    text = write(tmp_path / "report.html", records(100), rows=30).read_text(encoding="utf-8")
    assert "the newest 30 of 100 records" in text


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        pytest.param(0, "no record matches", id="no repositories"),
        pytest.param(1, "1 repository was created in 1 account.", id="one repository"),
    ],
)
def test_the_opening_sentence(number: int, sentence: str) -> None:
    assert sentence in lede(aggregate([record()] * number, since=SINCE, until=UNTIL))


def test_the_opening_sentence_summarizes_everything() -> None:
    several = [record(), record(outcome="refused", reason="name-denied"), record(outcome="failed", reason="kms-failed")]
    summary = lede(aggregate(several, since=SINCE, until=UNTIL))
    assert "1 repository was created in 1 account, 1 push was refused and 1 push failed." in summary


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "no time"), (0.04, "0.0 s"), (4.24, "4.2 s"), (59.7, "60 s"), (150, "2 min"), (8000, "2.2 h")],
)
def test_how_durations_are_written(value: float | None, text: str) -> None:
    assert seconds(value) == text


def test_the_command_prints_a_summary() -> None:
    found = aggregate(records(300), since=SINCE, until=UNTIL)
    lines = [line.text for line in summary_lines("report.html", 1_234_567, found, full_subject())]
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == "Wrote report.html (1.2 MB)."
    document: Any = summary_document(found, full_subject())
    check_document({"file": "report.html", "bytes": 1_234_567, **document}, "audit-report")
    assert document["records"] == sum(document["outcomes"].values()) == 300
    assert document["seconds_to_repository"]["p50"] == pytest.approx(4, rel=0.2)


def test_percentiles_are_omitted_for_few_repositories(tmp_path: Path) -> None:
    few = list(records(15))
    text = write(tmp_path / "report.html", few).read_text(encoding="utf-8")
    assert "Percentiles need at least 20 repositories." in text
    assert "of 100 within" not in text
    found = aggregate(few, since=SINCE, until=UNTIL)
    assert "Half of the new" not in lede(found)
    document: Any = summary_document(found, full_subject())
    assert set(document["seconds_to_repository"].values()) == {None}


def test_the_head_has_the_first_action_and_the_usage(tmp_path: Path) -> None:
    new = [
        record(outcome="violation", reason="name-denied", engine="native", event_id="wrong"),
        record(outcome="observed", reason="repository-created", action="created", how="by hand", event_id="other"),
        record(outcome="observed", reason="repository-deleted", action="deleted", how="by hand", event_id="deleted"),
        record(engine="native", event_id="template"),
        record(account="300000000002"),
    ]
    text = write(tmp_path / "report.html", new).read_text(encoding="utf-8")
    assert '<b>First:</b> <a href="#finding-violations">1 repository was created by ECR against the rules</a>' in text
    assert "75 %" in text
    assert "of 4 new repositories" in text
    found = aggregate(new, since=SINCE, until=UNTIL)
    (row,) = found.adoption.rows(None)
    assert (row.new.by_handler, row.new.by_ecr, row.new.by_others, len(row.new.accounts)) == (1, 2, 1, 2)
    assert summary_document(found, full_subject())["adoption"] == {
        "handler": 1,
        "native": 2,
        "others": 1,
        "accounts": 2,
    }


def test_the_usage_counts_what_was_not_read_and_claims_nothing_of_it(tmp_path: Path) -> None:
    def text(**changes: Any) -> str:
        subject = replace(full_subject(), usage=replace(usage(), **changes))
        section = write(tmp_path / "report.html", [], subject=subject).read_text(encoding="utf-8")
        return re.sub(r"<[^>]+>", "", section.partition('id="usage"')[2].partition("</section>")[0])

    found = text()
    assert "7 repositories that deployer neither created nor adopted were not read." in found
    assert "1 account, region or repository could not be read." in found
    assert "never" not in found, "AWS may not have recorded a pull"
    one = text(others=1, notes=())
    assert "1 repository that deployer neither created nor adopted was not read." in one
    assert "could not be read" not in one
    assert "not read" not in text(others=0, notes=())


def test_what_commands_delete_is_not_counted_as_of_others(tmp_path: Path) -> None:
    probes = [
        record(outcome="observed", reason=f"repository-{action}", action=action, how="deployer", event_id=action)
        for action in ("created", "deleted")
    ]
    other = record(outcome="observed", reason="repository-deleted", action="deleted", how="by hand", event_id="other")
    found = aggregate([*probes, record()], since=SINCE, until=UNTIL)
    assert "by others" not in lede(found)
    assert found.adoption.total.by_others == 0
    assert "by others" not in write(tmp_path / "report.html", [*probes, record()]).read_text(encoding="utf-8")
    assert "1 repository was created or deleted by others" in lede(
        aggregate([*probes, other], since=SINCE, until=UNTIL)
    )
