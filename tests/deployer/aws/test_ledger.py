from __future__ import annotations

from typing import Any

import pytest

from deployer.aws.ledger import LedgerTable
from handler.recording import refusal_to_write
from handler.records import MAX_REFUSALS, Record
from tests.deployer.audit.ledgers import record


class FakeDynamo:
    """A table with one index of one record, and the counter of its hour."""

    def __init__(self, written: Record, counter: dict[str, Any] | None) -> None:
        self._item, self._counter = written.to_item(), counter
        self.keys: list[Any] = []

    def query(self, **request: Any) -> Any:
        return {"Items": [{name: self._item[name] for name in ("account", "at")}]}

    def get_item(self, **request: Any) -> Any:
        self.keys.append(request["Key"])
        if request["Key"]["account"]["S"].startswith("limit#"):
            return {"Item": self._counter} if self._counter else {}
        return {"Item": self._item}


@pytest.mark.parametrize(
    ("counter", "detail"),
    [
        (
            {"refusals": {"N": str(MAX_REFUSALS + 41_234)}},
            "up to 41,234 refusals of this hour left out of the ledger; a retry counts again",
        ),
        (None, "The ledger records 1,000 refusals of an account and hour"),
        ({"refusals": {"N": "3"}}, "The ledger records 1,000 refusals of an account and hour"),
    ],
    ids=[
        "the counter has the number",
        "no counter, no number",
        "a counter that was reset, no number",
    ],
)
def test_the_record_of_omitted_refusals_has_their_current_number(counter: Any, detail: str) -> None:
    written = refusal_to_write(record(outcome="refused"), MAX_REFUSALS + 1)
    assert written is not None
    client: Any = FakeDynamo(written, counter)
    (found,) = LedgerTable(client, table="ledger").of_event(written.event_id)
    assert (found.reason, found.detail) == ("refusals-left-out", detail)
    hour = f"{written.event_time:%Y-%m-%dT%H}"
    assert client.keys[-1] == {"account": {"S": f"limit#{written.account}#{hour}"}, "at": {"S": "refusals"}}


def test_any_other_record_is_read_unchanged() -> None:
    written = record(outcome="refused", detail="as written")
    client: Any = FakeDynamo(written, None)
    assert list(LedgerTable(client, table="ledger").of_event(written.event_id)) == [written]
    assert len(client.keys) == 1
