"""A page of the ledger as DynamoDB's Query takes it: the key condition, and what DynamoDB itself can leave out.

Filters do not save capacity, but they save sending and reading what nobody asked for. They only leave out what cannot
match; globs are decided by `Query.matches`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from deployer.audit.partitions import Index, Partition
from deployer.audit.query import ALL, ROOT, Query, literal_start
from handler.ledger import (
    EVENT_INDEX,
    EVENT_KEY,
    OUTCOME_INDEX,
    OUTCOME_KEY,
    PARTITION_KEY,
    REPOSITORY_INDEX,
    REPOSITORY_KEY,
    SORT_KEY,
)

KEYS: Mapping[Index, tuple[str | None, str]] = {
    "table": (None, PARTITION_KEY),
    "by-outcome": (OUTCOME_INDEX, OUTCOME_KEY),
    "by-repository": (REPOSITORY_INDEX, REPOSITORY_KEY),
    "by-event": (EVENT_INDEX, EVENT_KEY),
}
"""Name and partition key of each index."""

_MOST_VALUES = 100
"""Of an IN in an expression; more are left to `Query.matches`."""


def request_for(partition: Partition, query: Query) -> dict[str, Any]:
    """Parameters of Query, without the table and the page."""
    index, key = KEYS[partition.index]
    expressions = _Expressions()
    condition = f"{expressions.name(key)} = {expressions.value(partition.key)}"
    since, until = expressions.value(_text(query.since)), expressions.value(_text(query.until))
    condition += f" AND {expressions.name(SORT_KEY)} BETWEEN {since} AND {until}"
    filters = [text for text in _filters(partition, query, expressions) if text]
    return {
        "KeyConditionExpression": condition,
        **({"FilterExpression": " AND ".join(filters)} if filters else {}),
        "ExpressionAttributeNames": expressions.names,
        "ExpressionAttributeValues": expressions.values,
        "ScanIndexForward": query.oldest_first,
        "ReturnConsumedCapacity": "TOTAL",
        **({"IndexName": index} if index else {}),
    }


class _Expressions:
    """Placeholders of names and values; every name gets one, since many words are reserved."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, dict[str, str]] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#{attribute}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, text: str) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = {"S": text}
        return placeholder


def _filters(partition: Partition, query: Query, expressions: _Expressions) -> Iterator[str]:
    if partition.index != "by-outcome" and set(query.outcomes) != set(ALL):
        yield _one_of("outcome", query.outcomes, expressions)
    if partition.index != "table":
        yield _one_of("account", query.accounts, expressions)
    yield _one_of("reason", query.reasons, expressions)
    yield _one_of("region", query.regions, expressions)
    yield _in_ous(query, expressions)
    if partition.index != "by-repository":
        yield _begins("repository", query.repositories, expressions)
    yield _contains("principal", query.principals, expressions)


def _one_of(attribute: str, values: Sequence[str], expressions: _Expressions) -> str:
    if not 0 < len(values) <= _MOST_VALUES:
        return ""
    wanted = ", ".join(expressions.value(value) for value in values)
    return f"{expressions.name(attribute)} IN ({wanted})"


def _in_ous(query: Query, expressions: _Expressions) -> str:
    if not query.ous or (query.below and ROOT in query.ous):
        return ""
    name = expressions.name("ou_path")
    parts = [f"{name} = {expressions.value(path)}" for path in query.ous]
    if query.below:
        parts += [f"begins_with({name}, {expressions.value(f'{path}/')})" for path in query.ous]
    return f"({' OR '.join(parts)})"


def _begins(attribute: str, patterns: Sequence[str], expressions: _Expressions) -> str:
    """With what every name begins that a pattern matches; nothing where one pattern may begin with anything."""
    starts = {literal_start(pattern) for pattern in patterns}
    if not starts or "" in starts:
        return ""
    name = expressions.name(attribute)
    return f"({' OR '.join(f'begins_with({name}, {expressions.value(start)})' for start in sorted(starts))})"


def _contains(attribute: str, patterns: Sequence[str], expressions: _Expressions) -> str:
    """The longest run of characters in the last part of each pattern, which a role has in common with its sessions."""
    runs = {max(re.split(r"\*+", re.split("[/:]", pattern)[-1]), key=len) for pattern in patterns}
    if not runs or "" in runs:
        return ""
    name = expressions.name(attribute)
    return f"({' OR '.join(f'contains({name}, {expressions.value(run)})' for run in sorted(runs))})"


def _text(time: datetime) -> str:
    """Every sort key of this second is greater: it goes on after the `Z`."""
    return f"{time:%Y-%m-%dT%H:%M:%S}Z"
