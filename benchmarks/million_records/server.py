"""As much of DynamoDB as `deployer audit` asks: Query over loopback, in pages of Limit items or 1 MB before the filter.

moto looks at every item of a table for each page, which would take hours for a million. This one finds the page by its
sort key, as DynamoDB does, applies the filter after that, returns LastEvaluatedKey, and counts capacity as it does:
half a unit for each 4 KB that was looked at. It answers GetCallerIdentity too, with which every command begins.
"""

from __future__ import annotations

import json
import re
import sys
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from typing import Any

from benchmarks.million_records.records import Records
from benchmarks.sizes import size
from handler.records import Record

PAGE_BYTES = 1_000_000
PAGE_SECONDS = size(0.01, small=0.001)
CENTRAL = "200000000001"

Item = dict[str, dict[str, str]]

_KEY_ATTRIBUTES = {
    "table": ("account", "at"),
    "by-outcome": ("outcome_month", "at", "account"),
    "by-repository": ("repository", "at", "account"),
}
_CONDITION = re.compile(r"\(#\w+ = (?P<key>:\w+) AND #\w+ BETWEEN (?P<since>:\w+) AND (?P<until>:\w+)\)")
_COMPARISON = re.compile(
    r"(?P<function>begins_with|contains)?\(?(?P<name>#\w+)(?:, | = | IN \()(?P<values>:\w+(?:, :\w+)*)"
)

_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{CENTRAL}:user/reader</Arn><UserId>AIDA</UserId><Account>{CENTRAL}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


Matches = Callable[[int], bool]


class Table:
    """Answers Query."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._sizes: dict[str, int] = {}

    def query(self, request: dict[str, Any]) -> str:
        """The answer's JSON."""
        index = request.get("IndexName", "table")
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        condition = _CONDITION.fullmatch(request["KeyConditionExpression"])
        assert condition, request["KeyConditionExpression"]
        held = self._records.partitions.get((index, values[condition["key"]]), array("I"))
        begin = bisect_left(held, values[condition["since"]], key=self._records.at)
        end = bisect_right(held, values[condition["until"]], key=self._records.at)
        forward = request.get("ScanIndexForward", True)
        if start := request.get("ExclusiveStartKey"):
            if forward:
                begin = bisect_right(held, start["at"]["S"], key=self._records.at)
            else:
                end = bisect_left(held, start["at"]["S"], key=self._records.at)
        numbers = held[begin:end] if forward else held[begin:end][::-1]
        matches = self._filter(request.get("FilterExpression", ""), request["ExpressionAttributeNames"], values)
        return self._page(index, numbers, request.get("Limit"), matches)

    def _page(self, index: str, numbers: array[int], limit: int | None, matches: Matches) -> str:
        found: list[str] = []
        examined = size = last = 0
        for last in numbers:
            examined += 1
            size += self._size(last)
            if matches(last):
                found.append(self._records.text(last))
            if size >= PAGE_BYTES or examined == limit:
                break
        answer: dict[str, Any] = {
            "Count": len(found),
            "ScannedCount": examined,
            "ConsumedCapacity": {"TableName": "deployer-ledger", "CapacityUnits": max(1, ceil(size / 4096)) / 2},
        }
        if examined < len(numbers):
            names = _KEY_ATTRIBUTES[index]
            answer["LastEvaluatedKey"] = {name: {"S": self._records.value(last, name)} for name in names}
        return f'{{"Items":[{",".join(found)}],{json.dumps(answer)[1:]}'

    def _size(self, i: int) -> int:
        """Bytes of an item; all of one outcome have the same but for a few."""
        outcome = self._records.outcome(i)
        if outcome not in self._sizes:
            item: Item = json.loads(self._records.text(i))
            self._sizes[outcome] = sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())
        return self._sizes[outcome]

    def _filter(self, expression: str, names: dict[str, str], values: dict[str, str]) -> Matches:
        """The filters that the client writes: clauses joined by AND, each a list of alternatives joined by OR."""
        clauses = [
            [self._comparison(comparison, names, values) for comparison in _COMPARISON.finditer(clause)]
            for clause in expression.split(" AND ")
            if clause
        ]
        return lambda i: all(any(comparison(i) for comparison in clause) for clause in clauses)

    def _comparison(self, found: re.Match[str], names: dict[str, str], values: dict[str, str]) -> Matches:
        value_of, attribute = self._records.value, names[found["name"]]
        expected = [values[name.strip()] for name in found["values"].split(",")]
        match found["function"] or "one of":
            case "begins_with":
                return lambda i: (value_of(i, attribute) or "").startswith(expected[0])
            case "contains":
                return lambda i: expected[0] in (value_of(i, attribute) or "")
            case _:
                return lambda i: value_of(i, attribute) in expected


class Handler(BaseHTTPRequestHandler):
    """DynamoDB's JSON protocol and STS's query protocol."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Otherwise the body of each answer waits until the client has acknowledged the headers, 40 ms later."""
    table: Table

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("X-Amz-Target", "").endswith(".Query"):
            time.sleep(PAGE_SECONDS)
            self._answer(self.table.query(json.loads(body)).encode(), "application/x-amz-json-1.0")
        else:
            self._answer(_IDENTITY.encode(), "text/xml")

    def _answer(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Nothing: standard output is for the port."""


def check(records: Records) -> None:
    """The items are those that the handler writes, but for their expiry, and each value is that of its item."""
    for i in range(0, records.number, max(1, records.number // 100)):
        item: Item = json.loads(records.text(i))
        written: Any = Record.from_item(item).to_item()
        assert item == {name: value for name, value in written.items() if name != "expires"}
        for name in ("account", "at", "outcome_month", "repository", "principal", "reason", "region", "ou_path"):
            assert item[name]["S"] == records.value(i, name)


def main() -> None:
    """Serve a ledger of so many records; says its port when it is ready."""
    records = Records(int(sys.argv[1]))
    check(records)
    Handler.table = Table(records)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)  # noqa: T201 - whoever started it reads the port
    server.serve_forever()


if __name__ == "__main__":
    main()
