"""Records of created repositories, as an audit reads them. Implements `deployer.drift.ports.Records`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from deployer.audit.query import BEGINNING, Query
from deployer.audit.reading import Ledger, read
from handler import reasons
from handler.records import Record


class CreatedRecords:
    """The ledger, one account at a time and by its key; without the repository of probes."""

    def __init__(self, ledger: Ledger, *, now: datetime, probe_repository: str = "") -> None:
        self._ledger = ledger
        self._probe_repository = probe_repository
        self._until = now + timedelta(days=1)

    def of_repositories(self, account: str) -> Iterator[Record]:
        """`created` records, and `failed` ones that left an incomplete repository.

        Not those of a forged event: its repository has no matching record.
        """
        query = Query(
            since=BEGINNING, until=self._until, outcomes=("created", "failed"), accounts=(account,), oldest_first=True
        )
        return (
            record
            for record in read(query, self._ledger)
            if record.repository_arn
            and record.reason != reasons.RECORD_CONFLICT
            and record.repository != self._probe_repository
        )
