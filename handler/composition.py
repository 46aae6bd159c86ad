"""The one place where the handler is put together over AWS. Importing it imports botocore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from threading import Thread

from handler import log
from handler.clients import Clients
from handler.failures import FailuresQueue
from handler.handling import Handler
from handler.ledger import Ledger
from handler.organization import Accounts
from handler.registries import Registries
from handler.sessions import Sessions
from handler.settings_file import SettingsFile


def compose(environment: Mapping[str, str], *, settings: SettingsFile) -> Handler:
    """The handler over AWS, as the function's environment variables say.

    The clients of what every cold start asks first are made here; those of what comes later are begun, and are ready
    by the time that the first answers are.
    """
    log.quiet_libraries()
    clients = Clients(region=environment["AWS_REGION"])
    sessions = Sessions(
        clients.own("sts"), partition=clients.partition, role_name=environment["CREATOR_ROLE"], clock=_now
    )
    organization = Accounts(
        clients.own("organizations"), settings=settings, organization_id=environment["ORGANIZATION_ID"], clock=_now
    )
    Thread(target=_prepare, args=(clients,), daemon=True).start()
    return Handler(
        settings=settings,
        organization=organization,
        registries=Registries(clients=clients, sessions=sessions),
        ledger=Ledger(partial(clients.own, "dynamodb"), table=environment["LEDGER_TABLE"], expiry=settings.expiry),
        failures=FailuresQueue(partial(clients.own, "sqs"), queue_url=environment["FAILURES_QUEUE_URL"], clock=_now),
        clock=_now,
        log=log.write,
    )


def _prepare(clients: Clients) -> None:
    """Make what later clients need: the ledger's client, and what all of ECR's have in common."""
    clients.own("dynamodb")
    clients.own("ecr")


def _now() -> datetime:
    return datetime.now(UTC)
