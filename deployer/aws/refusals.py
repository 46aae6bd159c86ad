"""The ledger as a pusher may read it: whether a repository was refused. Implements `deployer.pushing.ensure.Ledger`.

Optional: a principal that may not read the ledger waits for the repository without it, so an error while reading it
is not reported, and not tried again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

from deployer.audit.query import Query
from deployer.audit.reading import read
from deployer.aws.ledger import LedgerTable
from deployer.aws.session import Session
from deployer.clock import Clock
from deployer.errors import ConfigurationError, DeployerError
from deployer.pushing.ensure import Refusal
from deployer.pushing.images import ImageReference
from handler.reasons import Outcome
from handler.records import Record

TABLE: Final = re.compile(r"arn:aws[a-z-]*:dynamodb:(?P<region>[a-z0-9-]+):\d{12}:table/[A-Za-z0-9_.-]{3,255}")
_AGAINST: Final[tuple[Outcome, ...]] = ("refused", "failed")
_AHEAD: Final = timedelta(minutes=5)
"""How far AWS's clock may be ahead of the caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAddress:
    """The table's ARN, which DynamoDB also accepts from other accounts, and its region."""

    arn: str
    region: str

    @classmethod
    def parse(cls, text: str) -> LedgerAddress:
        """Raises ConfigurationError if it is not a table's ARN."""
        match = TABLE.fullmatch(text)
        if match is None:
            raise ConfigurationError(
                f"{text} is not the ARN of a ledger",
                next_step="Write arn:aws:dynamodb:<region>:<central account>:table/<prefix>-ledger.",
            )
        return cls(arn=text, region=match["region"])


class LedgerRefusals:
    """Decisions against a repository, as far as the caller may read them, within seconds of each (assumption A6)."""

    def __init__(self, session: Session, address: LedgerAddress, *, clock: Clock) -> None:
        self._session = session
        self._address = address
        self._clock = clock
        self.is_readable = True

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        """The newest decision against a repository since a point in time: one Query of its name in the index."""
        if not self.is_readable:
            return None
        query = Query(
            since=datetime.fromtimestamp(since, UTC),
            until=self._clock.now() + _AHEAD,
            outcomes=_AGAINST,
            accounts=(image.registry.account,),
            regions=(image.registry.region,),
            repositories=(image.repository,),
        )
        try:
            ledger = LedgerTable.connect(self._session, table=self._address.arn, region=self._address.region)
            record = next(read(query, ledger), None)
        except DeployerError:
            self.is_readable = False
            return None
        return None if record is None else _refusal(record)


def _refusal(record: Record) -> Refusal:
    return Refusal(
        outcome=cast("Literal['refused', 'failed']", record.outcome),
        reason=record.reason,
        rule=record.rule,
        detail=record.detail,
        ou_path=record.ou_path,
        account_name=record.account_name,
        principal=record.principal if (record.principal or "").startswith("arn:") else None,
    )
