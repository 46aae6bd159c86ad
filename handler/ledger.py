"""The ledger's table: its key schema, which the central template builds it from."""

from __future__ import annotations

PARTITION_KEY = "account"
SORT_KEY = "at"
DAY_INDEX = "by-day"
DAY_KEY = "day"
REPOSITORY_INDEX = "by-repository"
REPOSITORY_KEY = "repository"
EXPIRY_ATTRIBUTE = "expires"
COUNTER_PREFIX = "limit#"
"""Begins the partition key of every counter; no record's does, since an account is 12 digits."""
