"""The event archive and its replays. Implements `deployer.failures.replaying.Archive`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import NotFoundError
from deployer.failures.replaying import ArchiveState, Replay, TimeRange
from templates.names import Names

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_MISSING = "ResourceNotFoundException"


class EventArchive:
    """The archive of the central bus; a replay goes to the handler's rule alone."""

    def __init__(self, client: EventBridgeClient, *, names: Names) -> None:
        self._client = client
        self._names = names

    @classmethod
    def connect(cls, session: Session, *, names: Names) -> Self:
        """The archive in the session's region, as its principal."""
        return cls(session.client("events"), names=names)

    def describe(self) -> ArchiveState:
        """The archive's content; raises NotFoundError if nothing is rolled out."""
        name = self._names.event_archive
        with translated():
            try:
                found = self._client.describe_archive(ArchiveName=name)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                raise NotFoundError(
                    f"Event archive {name} does not exist in this account and region",
                    next_step="`deployer rollout --org` creates it.",
                ) from error
        return ArchiveState(
            name=name,
            events=found.get("EventCount", 0),
            bytes=found.get("SizeBytes", 0),
            retention_days=found.get("RetentionDays", 0),
            created=found["CreationTime"],
        )

    def find_replay(self, name: str) -> Replay | None:
        """The current state of a replay; EventBridge keeps replays for 90 days."""
        with translated():
            try:
                found = self._client.describe_replay(ReplayName=name)
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return None
                raise
        return Replay(
            name=name,
            state=found["State"],
            reason=found.get("StateReason", ""),
            reached=found.get("EventLastReplayedTime"),
            started=found.get("ReplayStartTime"),
            ended=found.get("ReplayEndTime"),
        )

    def start_replay(self, name: str, time_range: TimeRange) -> None:
        """Start a replay of the events of a time."""
        with translated():
            self._client.start_replay(
                ReplayName=name,
                Description="Started by `deployer failures replay`",
                EventSourceArn=self._names.event_archive_arn,
                EventStartTime=time_range.since,
                EventEndTime=time_range.until,
                Destination={"Arn": self._names.event_bus_arn, "FilterArns": [self._names.central_rule_arn]},
            )
