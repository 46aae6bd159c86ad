"""Stack `<prefix>-central`, which receives, decides and records failed pushes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from troposphere import GetAtt, Template

from handler.settings import Retention
from templates.alarm_resources import alarms
from templates.bus import BUS, RULE, bus, rule
from templates.dashboard import dashboard
from templates.function import FUNCTION, LOG_GROUP, function
from templates.function_url import function_url, output
from templates.ledger import ledger
from templates.metrics import filters
from templates.names import Names
from templates.notices import Notifications, notices
from templates.operators import operators
from templates.parts import compose
from templates.queues import dead_letter_queue
from templates.watch import watch

DESCRIPTION = "deployer: creates ECR repositories on push for the whole organization, and records every decision"
FAILURES_QUEUE = "FailuresQueue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of an installation. `alarm_actions` are ARNs that alarms notify, such as an SNS topic."""

    retention: Retention = field(default_factory=Retention)
    alarm_actions: Sequence[str] = ()
    cleanup: bool = False
    """Whether blank repositories may be deleted."""
    notifications: Notifications | None = None
    tracing: bool = False
    """Whether X-Ray traces the handler's invocations."""
    function_url: bool = False
    """Whether the handler has a URL for requests of `deployer ensure`; the region must have function URLs."""
    observe: bool = True
    """Whether the ledger observes repositories that others create or delete."""
    reserved_concurrency: int | None = None
    """The handler's reserved concurrency, which is also its maximum."""


def template(names: Names, *, handler_digest: str, options: Options = Options()) -> Template:
    """The central stack; `handler_digest` is the SHA-256 of the zip (code and settings) that the functions run."""
    kept = options.retention
    stack = compose(
        DESCRIPTION,
        ledger(names),
        dead_letter_queue(FAILURES_QUEUE, queue_name=names.failures_queue, names=names, rule_arn=GetAtt(RULE, "Arn")),
        function(
            names,
            handler_digest=handler_digest,
            queue=FAILURES_QUEUE,
            log_days=kept.logs,
            tracing=options.tracing,
            reserved_concurrency=options.reserved_concurrency,
            invokes_itself=options.function_url,
            observes=options.observe,
        ),
        bus(names, archive_days=kept.event_archive, observe=options.observe),
        rule(names, function=FUNCTION, queue=FAILURES_QUEUE, observe=options.observe),
        notices(names, options.notifications, bus=BUS),
        operators(names, cleanup=options.cleanup),
        watch(names, handler_digest=handler_digest, log_days=kept.logs),
        filters(names, log_group=LOG_GROUP),
        alarms(names, actions=options.alarm_actions, notices=options.notifications is not None),
        dashboard(names, notices=options.notifications is not None),
        function_url(names, function=FUNCTION) if options.function_url else (),
    )
    if options.function_url:
        stack.add_output(output())
    return stack
