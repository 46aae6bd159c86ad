"""Composition root: connects the handler to AWS. Importing this module imports botocore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from threading import Timer
from time import sleep

from handler import log
from handler.callers import Callers
from handler.clients import Clients
from handler.failures import FailuresQueue
from handler.hand_over import Itself
from handler.handling import Handler
from handler.ledger import Ledger
from handler.notices import Notices
from handler.organization import Accounts
from handler.rate_limits import RateLimits
from handler.registries import Registries
from handler.sdk import start_line
from handler.serving import Service
from handler.sessions import Sessions
from handler.settings_file import SettingsFile

_PREFETCH_DELAY = 0.02
"""Seconds until further clients are created in the background; without the delay, the first calls wait 10 ms longer."""


def compose(environment: Mapping[str, str], *, settings: SettingsFile) -> Service:
    """The service, connected to AWS as the function's environment variables configure it.

    The clients of the first calls are created here; the others while the first event waits for its first responses.
    """
    log.quiet_libraries()
    clients = Clients(region=environment["AWS_REGION"])
    sessions = Sessions(
        clients.own("sts"), partition=clients.partition, role_name=environment["CREATOR_ROLE"], clock=_now
    )
    organization = Accounts(
        clients.own("organizations"), settings=settings, organization_id=environment["ORGANIZATION_ID"], clock=_now
    )
    prefetch = Timer(_PREFETCH_DELAY, _prefetch, args=(clients,))
    prefetch.daemon = True
    prefetch.start()
    handler = Handler(
        settings=settings,
        organization=organization,
        registries=Registries(clients=clients, sessions=sessions, installation=settings.installation),
        callers=Callers(clients=clients, sessions=sessions, clock=_now),
        successor=Itself(partial(clients.own, "lambda"), function=environment["AWS_LAMBDA_FUNCTION_NAME"]),
        ledger=Ledger(
            partial(clients.own, "dynamodb"),
            table=environment["LEDGER_TABLE"],
            kept=settings.kept,
            archive_retention=settings.archive_retention,
        ),
        notices=Notices(partial(clients.own, "events"), bus=environment["EVENT_BUS"]),
        failures=FailuresQueue(partial(clients.own, "sqs"), queue_url=environment["FAILURES_QUEUE_URL"], clock=_now),
        clock=_now,
        sleep=sleep,
        log=log.write,
    )
    return Service(handler=handler, limits=RateLimits(clock=_now), clock=_now, log=log.write)


def _prefetch(clients: Clients) -> None:
    """Create the ledger's client, load the ECR model that all ECR clients share, and log the SDK's version."""
    clients.own("dynamodb")
    clients.own("ecr")
    log.write(start_line(clients.model, now=_now()))


def _now() -> datetime:
    return datetime.now(UTC)
