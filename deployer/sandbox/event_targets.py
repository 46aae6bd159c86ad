"""Where rules send events: event buses, functions, queues and log groups, each if its own permissions allow it.

`send` either delivers or raises NotDelivered with EventBridge's error code and whether another attempt may help.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from moto.logs.models import logs_backends
from moto.utilities.arns import Arn, parse_arn

from deployer.sandbox import event_inputs, functions, iam, queues
from deployer.sandbox.iam import Access, Service

SERVICE = "events.amazonaws.com"


class NotDelivered(Exception):  # noqa: N818 - a fact about one attempt; deliveries decide what follows
    """A target did not take an event."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way from a rule to one of its targets."""

    event: Mapping[str, Any]
    target: Mapping[str, Any]
    rule_arn: str
    rule_name: str
    bus_name: str
    account: str
    region: str
    forwarded: bool = False
    """Whether the event came from another bus: EventBridge routes no event to a third one."""
    retries: int = 0
    age: float = 0.0

    @property
    def target_arn(self) -> str:
        return str(self.target["Arn"])

    def again(self, delay: float) -> Delivery:
        """The same after another attempt failed and `delay` seconds passed."""
        return replace(self, retries=self.retries + 1, age=self.age + delay)


def send(delivery: Delivery) -> None:
    """Make one attempt."""
    arn = parse_arn(delivery.target_arn)
    _SENDERS[arn.service](delivery, arn)


def _send_to_bus(delivery: Delivery, arn: Arn) -> None:
    from deployer.sandbox import event_buses  # noqa: PLC0415 - buses deliver to targets, of which a bus is one

    if delivery.forwarded:
        code = "THIRD_REGION_HOP_DETECTED" if arn.account == delivery.account else "THIRD_ACCOUNT_HOP_DETECTED"
        raise NotDelivered(code, "An event received from another event bus is not routed to a third one.")
    name = arn.resource_id
    bus = event_buses.find_bus(account=arn.account, region=arn.region, name=name)
    if bus is None:
        raise NotDelivered("NO_RESOURCE", f"Event bus {name} does not exist.")
    _check_role(delivery, bus_policy=json.loads(bus.policy) if bus.policy else None)
    event_buses.receive(delivery.event, account=arn.account, region=arn.region, bus=name, forwarded=True)


def _check_role(delivery: Delivery, *, bus_policy: Mapping[str, Any] | None) -> None:
    """The target's role must be one that EventBridge may assume, may put events there, and be let in by the bus."""
    role_arn = str(delivery.target["RoleArn"])
    if not iam.may_assume(_eventbridge(delivery), role_arn):
        raise NotDelivered("FAILED_TO_ASSUME_ROLE", f"EventBridge is not authorized to assume role {role_arn}.")
    access = Access(
        action="events:PutEvents",
        resource=delivery.target_arn,
        region=parse_arn(delivery.target_arn).region,
        context={"events:source": [delivery.event["source"]], "events:detail-type": [delivery.event["detail-type"]]},
    )
    refusal = iam.refusal(role_arn, access, resource_policy=bus_policy)
    if refusal is not None:
        raise NotDelivered("NO_PERMISSIONS", refusal)


def _send_to_function(delivery: Delivery, arn: Arn) -> None:
    function = functions.find(delivery.target_arn)
    if function is None:
        raise NotDelivered("NO_RESOURCE", f"Function not found: {delivery.target_arn}")
    if not _admitted(delivery, "lambda:InvokeFunction", functions.policy_of(function), resource=function.function_arn):
        raise NotDelivered(
            "NO_PERMISSIONS", f"User: {SERVICE} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        )
    functions.invoke_async(delivery.target_arn, _payload(delivery).encode())


def _send_to_queue(delivery: Delivery, arn: Arn) -> None:
    del arn
    group = delivery.target.get("SqsParameters", {}).get("MessageGroupId")
    send_to_queue(delivery, delivery.target_arn, _payload(delivery), group_id=group)


def send_to_queue(
    delivery: Delivery,
    arn: str,
    body: str,
    *,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    group_id: str | None = None,
) -> None:
    """Put a message into a queue whose policy lets EventBridge send on behalf of the delivery's rule."""
    try:
        queues.send(
            arn,
            body,
            admitted=lambda policy: _admitted(delivery, "sqs:SendMessage", policy, resource=arn),
            attributes=attributes,
            group_id=group_id,
        )
    except queues.NotSent as refused:
        raise NotDelivered(refused.code, refused.message) from refused


def _send_to_log_group(delivery: Delivery, arn: Arn) -> None:
    backend = logs_backends[arn.account][arn.region]
    name = arn.resource_id.removesuffix(":*")
    if name not in backend.groups:
        raise NotDelivered("NO_RESOURCE", f"The specified log group does not exist: {name}")
    stream = str(uuid.uuid4())
    resource = f"arn:aws:logs:{arn.region}:{arn.account}:log-group:{name}:log-stream:{stream}"
    policies = [json.loads(policy.policy_document) for policy in backend.describe_resource_policies()]
    if not any(_admitted(delivery, "logs:PutLogEvents", policy, resource=resource) for policy in policies):
        raise NotDelivered("NO_PERMISSIONS", f"EventBridge may not write to log group {name}.")
    backend.create_log_stream(name, stream)
    backend.put_log_events(name, stream, [{"timestamp": int(time.time() * 1000), "message": _payload(delivery)}])


def _admitted(delivery: Delivery, action: str, policy: Mapping[str, Any] | None, *, resource: str) -> bool:
    access = Access(action=action, resource=resource, region=delivery.region)
    return iam.service_admitted(_eventbridge(delivery), access, policy)


def _eventbridge(delivery: Delivery) -> Service:
    return Service(principal=SERVICE, source_arn=delivery.rule_arn, source_account=delivery.account)


def _payload(delivery: Delivery) -> str:
    try:
        return event_inputs.shape(
            delivery.event,
            delivery.target,
            rule_arn=delivery.rule_arn,
            ingestion_time=str(delivery.event.get("time", "")),
        )
    except event_inputs.InputError as error:
        raise NotDelivered("INVALID_JSON", str(error)) from error


_SENDERS: Mapping[str, Callable[[Delivery, Arn], None]] = {
    "events": _send_to_bus,
    "lambda": _send_to_function,
    "sqs": _send_to_queue,
    "logs": _send_to_log_group,
}
SUPPORTED_SERVICES = frozenset(_SENDERS)
"""Services of ARNs that a target may have here; PutTargets refuses the rest."""
