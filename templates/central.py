"""Stack `<prefix>-central`: the one place where failed pushes arrive, are decided on and recorded."""

from __future__ import annotations

from collections.abc import Sequence

from troposphere import GetAtt, Template

from handler.settings import Retention
from templates.alarms import alarms
from templates.bus import RULE, bus, rule
from templates.composition import compose
from templates.dashboard import dashboard
from templates.function import FUNCTION, LOG_GROUP, function
from templates.ledger import ledger
from templates.metrics import filters
from templates.names import Names
from templates.operators import operators
from templates.queues import dead_letter_queue

DESCRIPTION = "deployer: creates ECR repositories on push for the whole organization, and keeps the ledger of it"
FAILURES_QUEUE = "FailuresQueue"

ARCHIVE_DAYS = Retention().event_archive
LOG_DAYS = Retention().logs


def template(
    names: Names,
    *,
    handler_digest: str,
    archive_days: int = ARCHIVE_DAYS,
    log_days: int = LOG_DAYS,
    alarm_actions: Sequence[str] = (),
) -> Template:
    """All of the central account; `handler_digest` names the zip (code and settings) that the function runs.

    `alarm_actions` are ARNs that alarms notify, an SNS topic for one.
    """
    return compose(
        DESCRIPTION,
        ledger(names),
        dead_letter_queue(FAILURES_QUEUE, queue_name=names.failures_queue, names=names, rule_arn=GetAtt(RULE, "Arn")),
        function(names, handler_digest=handler_digest, queue=FAILURES_QUEUE, log_days=log_days),
        bus(names, archive_days=archive_days),
        rule(names, function=FUNCTION, queue=FAILURES_QUEUE),
        operators(names),
        filters(names, log_group=LOG_GROUP),
        alarms(names, actions=alarm_actions),
        dashboard(names),
    )
