"""The handler's Lambda function, its role, its log group, and its settings for failed events."""

from __future__ import annotations

from datetime import timedelta

from troposphere import AWSObject, GetAtt, Ref, awslambda, iam

from templates import policies, trust
from templates.lambdas import lambda_function, log_group
from templates.ledger import TABLE
from templates.names import Names
from templates.parts import role

FUNCTION = "HandlerFunction"
LOG_GROUP = "HandlerLogGroup"
ROLE = "HandlerRole"

ENTRY_POINT = "handler.function.handle"
TIMEOUT = timedelta(seconds=60)
RETRIES = 2
RETRY_FOR = timedelta(hours=6)
"""The longest that Lambda keeps an asynchronous event."""


def function(  # noqa: PLR0913 - all by keyword
    names: Names,
    *,
    handler_digest: str,
    queue: str,
    log_days: int,
    tracing: bool = False,
    reserved_concurrency: int | None = None,
    invokes_itself: bool = False,
    observes: bool = True,
) -> list[AWSObject]:
    """The function with its resources; `queue` is the logical id of the failures queue.

    With `tracing`, X-Ray traces sampled invocations. `invokes_itself` if an event must complete a request whose
    invocation stops. `observes` if it receives events of repositories that were created or deleted.
    """
    return [
        _role(names, queue=queue, tracing=tracing, invokes_itself=invokes_itself, observes=observes),
        log_group(LOG_GROUP, names, name=names.log_group, days=log_days),
        _function(names, handler_digest, queue=queue, tracing=tracing, reserved_concurrency=reserved_concurrency),
        _retries(queue),
    ]


def _role(names: Names, *, queue: str, tracing: bool, invokes_itself: bool, observes: bool) -> iam.Role:
    table_arn = GetAtt(TABLE, "Arn")
    return role(
        ROLE,
        names,
        name=names.function_role,
        description="Runs the handler, which decides about failed pushes and creates repositories for them",
        trusted=trust.function(),
        purpose="handle-failed-pushes",
        allowed=[
            policies.assume_creator_roles(names),
            *policies.look_up_accounts(names),
            policies.write_ledger(table_arn),
            policies.count_in_ledger(table_arn),
            *([policies.find_created(names)] if observes else []),
            policies.send_failures(GetAtt(queue, "Arn")),
            policies.send_notices(names),
            policies.write_logs(names, log_group=names.log_group),
            *([policies.invoke_itself(names)] if invokes_itself else []),
            *([policies.send_traces()] if tracing else []),
        ],
    )


def _function(
    names: Names, handler_digest: str, *, queue: str, tracing: bool, reserved_concurrency: int | None
) -> awslambda.Function:
    resource = lambda_function(
        FUNCTION,
        names,
        name=names.function,
        description="Creates the missing repository of a push, or records why not",
        handler_digest=handler_digest,
        entry_point=ENTRY_POINT,
        timeout=TIMEOUT,
        role=ROLE,
        log_group=LOG_GROUP,
        variables={
            "CREATOR_ROLE": names.creator_role,
            "EVENT_BUS": names.event_bus,
            "FAILURES_QUEUE_URL": Ref(queue),
            "LEDGER_TABLE": Ref(TABLE),
            "ORGANIZATION_ID": names.organization_id,
        },
        tracing=tracing,
    )
    if reserved_concurrency is not None:
        resource.ReservedConcurrentExecutions = reserved_concurrency
    return resource


def _retries(queue: str) -> awslambda.EventInvokeConfig:
    """Two retries over at most six hours, then the failures queue."""
    return awslambda.EventInvokeConfig(
        "HandlerRetries",
        FunctionName=Ref(FUNCTION),
        Qualifier="$LATEST",
        MaximumRetryAttempts=RETRIES,
        MaximumEventAgeInSeconds=int(RETRY_FOR.total_seconds()),
        DestinationConfig=awslambda.DestinationConfig(OnFailure=awslambda.OnFailure(Destination=GetAtt(queue, "Arn"))),
    )
