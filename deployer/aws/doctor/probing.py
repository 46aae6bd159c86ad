"""The probe's repository in members, through the repairer role, and the ledger's records of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from deployer.audit.query import DECISIONS, OTHERS, Query
from deployer.audit.reading import read
from deployer.aws.errors import code_of, translated
from deployer.aws.ledger import LedgerTable
from deployer.aws.member_changes import MemberChanges, open_changes
from deployer.aws.members import Members
from deployer.doctor.probe import Held, Target
from deployer.drift.ports import RepositoryGoneError
from handler.records import Record

_AHEAD = timedelta(minutes=5)
"""How far AWS's clock may be ahead of the caller's."""


class ProbeRegistries:
    """Implements `deployer.doctor.probe.Registries`."""

    def __init__(self, members: Members, *, repository: str, partition: str) -> None:
        self._members = members
        self._repository = repository
        self._partition = partition

    def holder(self, target: Target) -> Held:
        """Determined by the tag of repositories that the handler creates."""
        try:
            event = self._changes(target).creator(self._repository)
        except RepositoryGoneError:
            return "absent"
        return "ours" if event is not None else "other"

    def ask(self, target: Target) -> bool:
        """InitiateLayerUpload; on a missing repository CloudTrail's event of it is what a push causes."""
        with translated(f"account {target.account}, {target.region}"):
            try:
                client = self._members.ecr(target.account, target.region)
                client.initiate_layer_upload(repositoryName=self._repository)
            except ClientError as error:
                if code_of(error) != "RepositoryNotFoundException":
                    raise
                return False
        return True

    def remove(self, target: Target) -> bool:
        """Delete, never by force."""
        try:
            return self._changes(target).delete(self._repository)
        except RepositoryGoneError:
            return True

    def _changes(self, target: Target) -> MemberChanges:
        return open_changes(self._members, target.account, target.region, partition=self._partition)


class ProbeRecords:
    """Implements `deployer.doctor.probe.Records`: one Query of the index by repository for all targets.

    Only records of calls by sessions of this run's name count, so that records of other probes are ignored.
    """

    def __init__(self, ledger: LedgerTable, *, repository: str, session_name: str) -> None:
        self._ledger = ledger
        self._repository = repository
        self._session_name = session_name

    def since(self, moment: datetime, targets: Iterable[Target]) -> Iterator[Record]:
        """Decisions of every outcome."""
        query = Query(
            since=moment,
            until=moment + timedelta(days=1) + _AHEAD,
            outcomes=(*DECISIONS, *OTHERS),
            accounts=tuple(sorted({target.account for target in targets})),
            repositories=(self._repository,),
        )
        for record in read(query, self._ledger):
            if (record.principal or "").endswith(f"/{self._session_name}"):
                yield record
