"""The needs of DynamoDB's calls: the table or index, and the partition keys that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from aws_org_sandbox import partiql
from aws_org_sandbox.calls import Call
from aws_org_sandbox.iam.actions import ANY, Need, Needs, each, need
from aws_org_sandbox.iam.contexts import Context

_TABLE = "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"


def _dynamodb_item(call: Call) -> Iterable[Need]:
    return [need(call, _TABLE, context=_leading_keys(call, [call.parameters]))]


def _dynamodb_statement(call: Call) -> Iterable[Need]:
    """PartiQL has an action for each verb. The sandbox reads the table of INSERT statements only."""
    table = partiql.table_of(call)
    context = _leading_keys(call, [{"Item": partiql.item_of(call)}], table=table) if table else {}
    return [_table_need(call, table or ANY, f"PartiQL{partiql.verb_of(call).capitalize()}", context)]


def _dynamodb_query(call: Call) -> Iterable[Need]:
    index = call.parameters.get("IndexName")
    return [need(call, _TABLE + (f"/index/{index}" if index else ""), context=_attributes(call))]


def _dynamodb_batch(call: Call) -> Iterable[Need]:
    for table, request in call.parameters.get("RequestItems", {}).items():
        operations = [next(iter(item.values())) for item in request] if isinstance(request, list) else []
        keys = operations or [{"Key": key} for key in request.get("Keys", ())]
        yield _table_need(call, table, call.operation, _leading_keys(call, keys, table=table))


def _dynamodb_transaction(call: Call) -> Iterable[Need]:
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem",
               "ConditionCheck": "ConditionCheckItem"}  # fmt: skip
    for item in call.parameters.get("TransactItems", ()):
        for kind, request in item.items():
            table = request["TableName"]
            yield _table_need(call, table, actions[kind], _leading_keys(call, [request], table=table))


def _table_need(call: Call, table: str, operation: str, context: Context) -> Need:
    template = table if table.startswith("arn:") else _TABLE.replace("{TableName}", table)
    return need(call, template, operation=operation, context=context)


def _leading_keys(call: Call, requests: Iterable[Mapping[str, Any]], *, table: str | None = None) -> Context:
    """dynamodb:LeadingKeys, the partition keys that a call names, and dynamodb:Attributes."""
    name = str(table or call.parameters.get("TableName", "")).rsplit("/", 1)[-1]
    known = dynamodb_backends[call.account][call.region].tables.get(name)
    if known is None:
        return {}
    items = [request.get("Key") or request.get("Item") or {} for request in requests]
    values = tuple(_plain(item[known.hash_key_attr]) for item in items if known.hash_key_attr in item)
    return {
        "dynamodb:LeadingKeys": values or None,
        "dynamodb:Attributes": tuple({key for item in items for key in item}),
    }


def _attributes(call: Call) -> Context:
    """dynamodb:LeadingKeys of a query: the value that its partition key is compared with."""
    values = call.parameters.get("ExpressionAttributeValues") or {}
    expression = str(call.parameters.get("KeyConditionExpression", ""))
    placeholders = [part.strip(" ()") for part in expression.split("AND", maxsplit=1)[0].split("=")[1:]]
    found = tuple(_plain(values[name]) for name in placeholders if name in values)
    return {"dynamodb:LeadingKeys": found or None}


def _plain(value: Mapping[str, Any]) -> str:
    return str(next(iter(value.values())))


NEEDS: Mapping[tuple[str, str], Needs] = {
    **each(_dynamodb_item, "dynamodb", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
    **each(_dynamodb_query, "dynamodb", "Query", "Scan"),
    ("dynamodb", "ExecuteStatement"): _dynamodb_statement,
    **each(_dynamodb_batch, "dynamodb", "BatchGetItem", "BatchWriteItem"),
    **each(_dynamodb_transaction, "dynamodb", "TransactGetItems", "TransactWriteItems"),
}
