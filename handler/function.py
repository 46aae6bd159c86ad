"""The Lambda's entry point, and the one place where the handler is put together.

Made while Lambda initialises a container, when it gives a full processor whatever the memory: clients are built and
botocore's models read before the first event is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from handler import log
from handler.clients import Clients
from handler.failures import FailuresQueue
from handler.handling import Handler
from handler.ledger import Ledger
from handler.organization import Accounts
from handler.registries import Registries
from handler.sessions import Sessions
from handler.settings_file import FILE_NAME, SettingsFile

_SETTINGS = Path(__file__).parent.parent / FILE_NAME


class Context(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str


def handle(event: Any, context: Context) -> dict[str, Any]:
    """Handle one event as EventBridge delivers it, or as a redrive or replay brings it back."""
    return _handler().handle(event, request_id=context.aws_request_id)


@cache
def _handler() -> Handler:
    return compose(os.environ, settings=SettingsFile.load(_SETTINGS))


def compose(environment: Mapping[str, str], *, settings: SettingsFile) -> Handler:
    """The handler over AWS, as the function's environment variables say."""
    clients = Clients(region=environment["AWS_REGION"])
    sessions = Sessions(
        clients.own("sts"), partition=clients.partition, role_name=environment["CREATOR_ROLE"], clock=_now
    )
    return Handler(
        settings=settings,
        organization=Accounts(
            clients.own("organizations"),
            settings=settings,
            organization_id=environment["ORGANIZATION_ID"],
            clock=_now,
        ),
        registries=Registries(clients=clients, sessions=sessions),
        ledger=Ledger(clients.own("dynamodb"), table=environment["LEDGER_TABLE"]),
        failures=FailuresQueue(partial(clients.own, "sqs"), queue_url=environment["FAILURES_QUEUE_URL"], clock=_now),
        clock=_now,
        log=log.write,
    )


def _now() -> datetime:
    return datetime.now(UTC)


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _handler()
