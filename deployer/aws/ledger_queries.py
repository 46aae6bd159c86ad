"""A page of the ledger as DynamoDB's Query takes it: the key condition, and the filter that DynamoDB can apply.

Filters do not save capacity, but they save transferring records that do not match. They only exclude what cannot
match; `Query.matches` decides globs.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder, Key

from deployer.audit.index_keys import Index, IndexKey
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

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

KEYS: Mapping[Index, tuple[str | None, str]] = {
    "table": (None, PARTITION_KEY),
    "by-outcome": (OUTCOME_INDEX, OUTCOME_KEY),
    "by-repository": (REPOSITORY_INDEX, REPOSITORY_KEY),
    "by-event": (EVENT_INDEX, EVENT_KEY),
}
"""Name and partition key of each index."""

_MOST_VALUES = 100
"""Of an IN in an expression; more are left to `Query.matches`."""


def request_for(index_key: IndexKey, query: Query, *, table: str) -> QueryInputTypeDef:
    """Parameters of Query, without the page."""
    index, key = KEYS[index_key.index]
    expressions = ConditionExpressionBuilder()
    condition = expressions.build_expression(
        Key(key).eq(index_key.key) & Key(SORT_KEY).between(_text(query.since), _text(query.until)),
        is_key_condition=True,
    )
    filters = list(_filters(index_key, query))
    filtered = expressions.build_expression(reduce(and_, filters)) if filters else None
    parts = [condition, filtered] if filtered else [condition]
    request: QueryInputTypeDef = {
        "TableName": table,
        "KeyConditionExpression": condition.condition_expression,
        "ExpressionAttributeNames": {k: v for part in parts for k, v in part.attribute_name_placeholders.items()},
        "ExpressionAttributeValues": {
            k: {"S": v} for part in parts for k, v in part.attribute_value_placeholders.items()
        },
        "ScanIndexForward": query.oldest_first,
        "ReturnConsumedCapacity": "TOTAL",
    }
    if filtered:
        request["FilterExpression"] = filtered.condition_expression
    if index:
        request["IndexName"] = index
    return request


def _filters(index_key: IndexKey, query: Query) -> Iterator[ConditionBase]:
    if index_key.index != "by-outcome" and set(query.outcomes) != set(ALL):
        yield from _one_of("outcome", query.outcomes)
    if index_key.index != "table":
        yield from _one_of("account", query.accounts)
    yield from _one_of("reason", query.reasons)
    yield from _one_of("region", query.regions)
    by_ecr = Attr("engine").exists()
    yield from (one | by_ecr if "native" in query.hows else one for one in _one_of("how", query.hows))
    yield from (one | by_ecr if "created" in query.actions else one for one in _one_of("action", query.actions))
    yield from _in_ous(query)
    if index_key.index != "by-repository":
        yield from _begins("repository", query.repositories)
    yield from _contains("principal", query.principals)


def _one_of(attribute: str, values: Sequence[str]) -> Iterator[ConditionBase]:
    if 0 < len(values) <= _MOST_VALUES:
        yield Attr(attribute).is_in(list(values))


def _in_ous(query: Query) -> Iterator[ConditionBase]:
    if not query.ous or (query.include_children and ROOT in query.ous):
        return
    path = Attr("ou_path")
    conditions: list[ConditionBase] = [path.eq(ou) for ou in query.ous]
    if query.include_children:
        conditions += [path.begins_with(f"{ou}/") for ou in query.ous]
    yield reduce(or_, conditions)


def _begins(attribute: str, patterns: Sequence[str]) -> Iterator[ConditionBase]:
    """The prefix of every name that the patterns match; empty if one pattern may begin with anything."""
    starts = {literal_start(pattern) for pattern in patterns}
    if starts and "" not in starts:
        yield reduce(or_, (Attr(attribute).begins_with(start) for start in sorted(starts)))


def _contains(attribute: str, patterns: Sequence[str]) -> Iterator[ConditionBase]:
    """The longest run of characters in the last part of each pattern, which a role has in common with its sessions."""
    runs = {max(re.split(r"\*+", re.split("[/:]", pattern)[-1]), key=len) for pattern in patterns}
    if runs and "" not in runs:
        yield reduce(or_, (Attr(attribute).contains(run) for run in sorted(runs)))


def _text(time: datetime) -> str:
    """Every sort key of this second is greater: it continues after the `Z`."""
    return f"{time:%Y-%m-%dT%H:%M:%S}Z"
