"""Table names that DynamoDB refuses and moto (5.2.5) accepts.

The service model has no such rule, because an ARN can name a table, too.
"""

from __future__ import annotations

import re
from inspect import signature
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.seams import original, replace

MIN_NAME_LENGTH, MAX_NAME_LENGTH = 3, 255
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


@replace(DynamoDBBackend, "create_table")
def _create_table(backend: DynamoDBBackend, name: str, *arguments: Any, **options: Any) -> Table:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html."""
    if not MIN_NAME_LENGTH <= len(name) <= MAX_NAME_LENGTH:
        raise Refused(
            "ValidationException",
            f"TableName must be at least {MIN_NAME_LENGTH} characters long and at most {MAX_NAME_LENGTH} "
            "characters long",
        )
    if not _NAME.fullmatch(name):
        raise Refused(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}",
        )
    table: Table = original(DynamoDBBackend, "create_table")(backend, name, *arguments, **options)
    return table


@replace(Table, "query")
def _query(table: Table, *arguments: Any, **options: Any) -> Any:
    """moto's, unless index pages should omit items with the same key as the last item of the previous page."""
    results, scanned, last = original(Table, "query")(table, *arguments, **options)
    request = signature(original(Table, "query")).bind(table, *arguments, **options).arguments
    start, index = request["exclusive_start_key"], request.get("index_name")
    if start and index and is_altered(Behaviour.INDEX_PAGES_LOSE_ITEMS):
        keys = [key["AttributeName"] for key in table.get_index(index).schema]
        results = [item for item in results if any(item.attrs[key].to_json() != start[key] for key in keys)]
    return results, scanned, last
