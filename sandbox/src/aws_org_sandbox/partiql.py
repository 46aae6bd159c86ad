"""DynamoDB's ExecuteStatement, as far as it is used: PartiQL's INSERT of one item, which never replaces another.

moto copies every table for each statement, overwrites an existing item, which INSERT must refuse,
and accepts index keys of any length. Other statements are refused here.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.exceptions import ConditionalCheckFailed, MockValidationException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import (
    validate_put_has_empty_attrs,
    validate_put_has_empty_keys,
    validate_put_has_gsi_keys_set_to_none,
)

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.seams import answers

_INSERT = re.compile(r"\s*INSERT\s+INTO\s+\"(?P<table>[A-Za-z0-9_.-]+)\"\s+VALUE\s+\{(?P<pairs>.*)\}\s*", re.IGNORECASE)
_MAX_LENGTHS = {"HASH": 2048, "RANGE": 1024}
"""Bytes of a key. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
_PAIR = re.compile(r"\s*'(?P<name>[^']+)'\s*:\s*\?\s*")


def verb_of(call: Call) -> str:
    """INSERT, UPDATE, DELETE or SELECT."""
    return (str(call.parameters.get("Statement", "")).split() or [""])[0].upper()


def table_of(call: Call) -> str | None:
    """Name of the table that an INSERT is into; None for any other statement."""
    found = _INSERT.fullmatch(str(call.parameters.get("Statement", "")))
    return found["table"] if found else None


def item_of(call: Call) -> dict[str, Any]:
    """The item that an INSERT carries: its names from the statement, its values from the parameters."""
    found = _INSERT.fullmatch(str(call.parameters.get("Statement", "")))
    pairs = [_PAIR.fullmatch(pair) for pair in found["pairs"].split(",")] if found else []
    values = call.parameters.get("Parameters") or []
    if not found or not all(pairs):
        raise Refused("ValidationException", "The sandbox only supports INSERT INTO \"table\" VALUE {'name': ?, …}")
    if len(pairs) != len(values):
        raise Refused("ValidationException", "Number of parameters in request and statement don't match.")
    return {pair["name"]: value for pair, value in zip(pairs, values, strict=True) if pair}


@answers("dynamodb", "ExecuteStatement")
def execute_statement(call: Call) -> Mapping[str, Any]:
    """Insert the item; DuplicateItemException if its key exists."""
    item = item_of(call)
    table = dynamodb_backends[call.account][call.region].tables.get(str(table_of(call)))
    if table is None:
        raise Refused("ResourceNotFoundException", "Requested resource not found")
    try:
        _insert(table, item)
    except MockValidationException as invalid:
        raise Refused("ValidationException", str(invalid.message)) from invalid
    return {"Items": []}


def _insert(table: Table, item: dict[str, Any]) -> None:
    validate_put_has_empty_keys(item, table)
    validate_put_has_empty_attrs(item, table)
    validate_put_has_gsi_keys_set_to_none(item, table)
    _refuse_long_keys(table, item)
    try:
        table.put_item(item, condition_expression=f"attribute_not_exists({table.hash_key_attr})")
    except ConditionalCheckFailed as taken:
        raise Refused("DuplicateItemException", "Duplicate primary key exists in table") from taken


def _refuse_long_keys(table: Table, item: Mapping[str, Any]) -> None:
    """Refuse what DynamoDB could not put into an index of the table."""
    for index in table.all_indexes():
        for key in index.schema:
            text = item.get(key["AttributeName"], {}).get("S", "")
            if len(text.encode()) > _MAX_LENGTHS[key["KeyType"]]:
                raise MockValidationException(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                    f"supported. The size of {key['AttributeName']} is over {_MAX_LENGTHS[key['KeyType']]} bytes"
                )
