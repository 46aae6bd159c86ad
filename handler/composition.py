"""The one place where the handler is put together over AWS. Importing it imports botocore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from threading import Timer
from time import sleep

from handler import log
from handler.clients import Clients
from handler.failures import FailuresQueue
from handler.handling import Handler
from handler.ledger import Ledger
from handler.notices import Notices
from handler.organization import Accounts
from handler.registries import Registries
from handler.sdk import start_line
from handler.sessions import Sessions
from handler.settings_file import SettingsFile

_FIRST_CALLS_ARE_SENT = 0.02
"""Seconds after initialising: what is prepared from then on holds nothing up; at once it would, by 10 ms."""


def compose(environment: Mapping[str, str], *, settings: SettingsFile) -> Handler:
    """The handler over AWS, as the function's environment variables say.

    The clients of what every cold start asks first are made here; those of what comes later are made while the first
    event waits for its first answers.
    """
    log.quiet_libraries()
    clients = Clients(region=environment["AWS_REGION"])
    sessions = Sessions(
        clients.own("sts"), partition=clients.partition, role_name=environment["CREATOR_ROLE"], clock=_now
    )
    organization = Accounts(
        clients.own("organizations"), settings=settings, organization_id=environment["ORGANIZATION_ID"], clock=_now
    )
    preparing = Timer(_FIRST_CALLS_ARE_SENT, _prepare, args=(clients,))
    preparing.daemon = True
    preparing.start()
    return Handler(
        settings=settings,
        organization=organization,
        registries=Registries(clients=clients, sessions=sessions),
        ledger=Ledger(
            partial(clients.own, "dynamodb"),
            table=environment["LEDGER_TABLE"],
            expiry=settings.expiry,
            archived=settings.archived,
            refusals_kept=settings.refusals_kept,
        ),
        notices=Notices(partial(clients.own, "events"), bus=environment["EVENT_BUS"]),
        failures=FailuresQueue(partial(clients.own, "sqs"), queue_url=environment["FAILURES_QUEUE_URL"], clock=_now),
        clock=_now,
        sleep=sleep,
        log=log.write,
    )


def _prepare(clients: Clients) -> None:
    """Make what later clients need: the ledger's client, and what all of ECR's have in common; say what SDK it is."""
    clients.own("dynamodb")
    clients.own("ecr")
    log.write(start_line(clients.model, now=_now()))


def _now() -> datetime:
    return datetime.now(UTC)
