"""Where rules send events: event buses, functions, queues, topics and log groups, each if its own permissions allow it.

`send` either delivers or raises NotDelivered with EventBridge's error code and whether another attempt may help.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from moto.logs.models import logs_backends
from moto.utilities.arns import Arn, parse_arn

from aws_org_sandbox import iam, queues, service_calls, topics
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.events import inputs
from aws_org_sandbox.functions import invocation, lookup
from aws_org_sandbox.locks import lock_of

SERVICE = "events.amazonaws.com"


class NotDelivered(Exception):  # noqa: N818 - the result of one attempt; deliveries decide what follows
    """A target did not accept an event."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The delivery of one event from a rule to one of its targets."""

    event: Mapping[str, Any]
    target: Mapping[str, Any]
    rule_arn: str
    rule_name: str
    bus_name: str
    account: str
    region: str
    forwarded: bool = False
    """Whether the event came from another bus: EventBridge does not forward an event to a third bus."""
    retries: int = 0
    age: float = 0.0

    @property
    def target_arn(self) -> str:
        return str(self.target["Arn"])

    @property
    def service(self) -> iam.Service:
        """EventBridge, as IAM sees it when it acts for the rule (assumption A1)."""
        return iam.Service(principal=SERVICE, source_arn=self.rule_arn, source_account=self.account)

    def again(self, delay: float) -> Delivery:
        """The same delivery after another failed attempt and `delay` seconds."""
        return replace(self, retries=self.retries + 1, age=self.age + delay)


Sender = Callable[[Delivery, Arn], None]

_senders: dict[str, Sender] = {}


def sends_to(service: str) -> Callable[[Sender], Sender]:
    """Use the decorated function to deliver to targets of this service."""

    def register(sender: Sender) -> Sender:
        _senders[service] = sender
        return sender

    return register


def is_supported(service: str) -> bool:
    """Whether events can be delivered to targets of this service; PutTargets refuses others."""
    return service in _senders


def send(delivery: Delivery) -> None:
    """Make one attempt."""
    arn = parse_arn(delivery.target_arn)
    _senders[arn.service](delivery, arn)


def send_to_queue(
    delivery: Delivery,
    arn: str,
    body: str,
    *,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    group_id: str | None = None,
) -> None:
    """Send a message to a queue whose policy allows EventBridge to send for the delivery's rule."""
    access = iam.Access(action="sqs:SendMessage", resource=arn, region=delivery.region)
    with attempt(delivery, "sqs", "SendMessage", {"QueueUrl": arn}):
        queues.send(
            arn,
            body,
            admitted=lambda policy: iam.service_admitted(delivery.service, access, policy),
            attributes=attributes,
            group_id=group_id,
        )


@sends_to("sqs")
def _send_to_queue(delivery: Delivery, arn: Arn) -> None:
    del arn
    group = delivery.target.get("SqsParameters", {}).get("MessageGroupId")
    send_to_queue(delivery, delivery.target_arn, _payload(delivery), group_id=group)


@sends_to("sns")
def _send_to_topic(delivery: Delivery, arn: Arn) -> None:
    """Publish with the target's role (A21), or without a role if the topic's policy allows EventBridge."""
    access = iam.Access(action="sns:Publish", resource=delivery.target_arn, region=arn.region)
    message, role_arn = _payload(delivery), delivery.target.get("RoleArn")
    if is_altered(Behaviour.TOPIC_ROLES_UNUSED):
        role_arn = None
    if role_arn:
        assume(delivery, role_arn)

    def admitted(policy: Mapping[str, Any]) -> bool:
        judged = topics.without_conditions(policy)
        if role_arn:
            return iam.refusal(role_arn, access, resource_policy=judged) is None
        return iam.service_admitted(delivery.service, access, judged)

    with attempt(delivery, "sns", "Publish", {"TopicArn": delivery.target_arn}, role_arn=role_arn):
        topics.publish(delivery.target_arn, message, admitted=admitted)


def assume(delivery: Delivery, role_arn: str) -> None:
    """Raise NotDelivered unless EventBridge may assume the target's role for the delivery."""
    if not iam.may_assume(delivery.service, role_arn):
        raise NotDelivered("FAILED_TO_ASSUME_ROLE", f"EventBridge is not authorized to assume role {role_arn}.")


@sends_to("lambda")
def _send_to_function(delivery: Delivery, arn: Arn) -> None:
    payload = _payload(delivery).encode()
    parameters = {"FunctionName": delivery.target_arn, "InvocationType": "Event"}
    with attempt(delivery, "lambda", "Invoke", parameters):
        function = lookup.find(delivery.target_arn)
        if function is None:
            raise Refused("ResourceNotFoundException", f"Function not found: {delivery.target_arn}", status=404)
        access = iam.Access(action="lambda:InvokeFunction", resource=function.function_arn, region=arn.region)
        if not iam.service_admitted(delivery.service, access, lookup.policy_of(function)):
            message = f"{SERVICE} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
            raise Refused("AccessDeniedException", message, status=403)
        invocation.invoke_async(delivery.target_arn, payload)


@sends_to("logs")
def _send_to_log_group(delivery: Delivery, arn: Arn) -> None:
    backend = logs_backends[arn.account][arn.region]
    name, stream = arn.resource_id.removesuffix(":*"), str(uuid.uuid4())
    message = {"timestamp": int(time.time() * 1000), "message": _payload(delivery)}
    with attempt(delivery, "logs", "PutLogEvents", {"logGroupName": name, "logStreamName": stream}), lock_of("logs"):
        if name not in backend.groups:
            raise Refused("ResourceNotFoundException", f"The specified log group does not exist: {name}")
        resource = f"arn:aws:logs:{arn.region}:{arn.account}:log-group:{name}:log-stream:{stream}"
        access = iam.Access(action="logs:PutLogEvents", resource=resource, region=arn.region)
        policies = [json.loads(policy.policy_document) for policy in backend.describe_resource_policies()]
        if not any(iam.service_admitted(delivery.service, access, policy) for policy in policies):
            raise Refused("AccessDeniedException", f"{SERVICE} may not write to log group {name}.")
        backend.create_log_stream(name, stream)
        backend.put_log_events(name, stream, [message])


@contextmanager
def attempt(
    delivery: Delivery,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    *,
    role_arn: str | None = None,
) -> Iterator[None]:
    """Record the call to a target, as the target's role or as EventBridge itself, and translate a failure."""
    principal = (
        service_calls.role_principal(role_arn, session_name="EventBridge", service=SERVICE)
        if role_arn
        else service_calls.service_principal(SERVICE, account=delivery.account)
    )
    region = parse_arn(delivery.target_arn).region if role_arn else delivery.region
    try:
        with service_calls.recorded(service, operation, principal=principal, region=region, parameters=parameters):
            yield
    except Refused as refused:
        raise NotDelivered(
            _error_code(refused), refused.message, retryable=service_calls.is_transient(refused)
        ) from refused


def _error_code(refused: Refused) -> str:
    """ERROR_CODE of a dead letter; https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html."""
    if refused.code == "ConnectionDropped":
        return "CONNECTION_FAILURE"
    if refused.code.startswith(("AccessDenied", "AuthorizationError")):
        return "NO_PERMISSIONS"
    if refused.code in {"ResourceNotFoundException", "NotFound", "AWS.SimpleQueueService.NonExistentQueue"}:
        return "NO_RESOURCE"
    if service_calls.is_transient(refused):
        return "INTERNAL_ERROR" if refused.status >= 500 else "THROTTLING"
    return "ERROR_FROM_TARGET"


def _payload(delivery: Delivery) -> str:
    try:
        return inputs.shape(
            delivery.event,
            delivery.target,
            rule_arn=delivery.rule_arn,
            ingestion_time=str(delivery.event.get("time", "")),
        )
    except inputs.InputError as error:
        raise NotDelivered("INVALID_JSON", str(error)) from error
