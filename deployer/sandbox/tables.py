"""What DynamoDB refuses in the name of a table, and moto (5.2.5) takes as it comes.

The service model has no word of it since a table may be named by its ARN, too.
"""

from __future__ import annotations

import re
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from deployer.sandbox.calls import Refused
from deployer.sandbox.seams import original, replace

SHORTEST_NAME, LONGEST_NAME = 3, 255
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


@replace(DynamoDBBackend, "create_table")
def _create_table(backend: DynamoDBBackend, name: str, *arguments: Any, **options: Any) -> Table:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html."""
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise Refused(
            "ValidationException",
            f"TableName must be at least {SHORTEST_NAME} characters long and at most {LONGEST_NAME} characters long",
        )
    if not _NAME.fullmatch(name):
        raise Refused(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_NAME.pattern}",
        )
    table: Table = original(DynamoDBBackend, "create_table")(backend, name, *arguments, **options)
    return table
