#!/usr/bin/env python3
"""Copies the records of one ledger to another, when an installation moves. Needs boto3 only.

usage: copy-ledger.py FROM TO, each as REGION/TABLE or PROFILE:REGION/TABLE

Reads the old table once (dynamodb:Scan) and writes to the new one (dynamodb:BatchWriteItem). Counters are left out. The
key of a record names its event, so copying twice, or again after an interruption, changes nothing.
"""

import re
import sys
from typing import Any

import boto3

LOCATION = re.compile(r"(?:(?P<profile>.+):)?(?P<region>[a-z0-9-]+)/(?P<table>[A-Za-z0-9_.-]+)")


def main(arguments: list[str]) -> int:
    """Copy, and print the number of records."""
    locations = [LOCATION.fullmatch(one) for one in arguments]
    if len(locations) != 2 or None in locations:
        sys.stderr.write(f"{__doc__}")
        return 64
    old, new = (table(**one.groupdict()) for one in locations if one)
    number = 0
    with new.batch_writer() as batch:
        for item in items(old):
            if "outcome" in item:
                batch.put_item(Item=item)
                number += 1
    sys.stdout.write(f"Records copied to {arguments[1]}: {number:,}\n")
    return 0


def items(source: Any) -> Any:
    """All items of a table, page by page."""
    page: dict[str, Any] = {}
    while True:
        answer = source.scan(ConsistentRead=True, **page)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        page = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def table(*, profile: str | None, region: str, table: str) -> Any:
    """A table of the profile's account, or of the caller's."""
    return boto3.Session(profile_name=profile, region_name=region).resource("dynamodb").Table(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
