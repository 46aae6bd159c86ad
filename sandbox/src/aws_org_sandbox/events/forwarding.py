"""Events that a rule sends to another bus, if the target's role and the policy of that bus allow it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.utilities.arns import Arn

from aws_org_sandbox import iam
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.events import buses
from aws_org_sandbox.events.targets import Delivery, NotDelivered, assume, attempt, sends_to


@sends_to("events")
def _send_to_bus(delivery: Delivery, arn: Arn) -> None:
    if delivery.forwarded:
        code = "THIRD_REGION_HOP_DETECTED" if arn.account == delivery.account else "THIRD_ACCOUNT_HOP_DETECTED"
        raise NotDelivered(code, "An event received from another event bus is not routed to a third one.")
    event, name, role_arn = delivery.event, arn.resource_id, str(delivery.target["RoleArn"])
    assume(delivery, role_arn)
    entry = {"EventBusName": delivery.target_arn, "Source": event["source"], "DetailType": event["detail-type"]}
    with attempt(delivery, "events", "PutEvents", {"Entries": [entry]}, role_arn=role_arn):
        bus = buses.find_bus(account=arn.account, region=arn.region, name=name)
        if bus is None:
            raise Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")
        _check_bus(delivery, role_arn, region=arn.region, bus_policy=json.loads(bus.policy) if bus.policy else None)
        buses.receive(event, account=arn.account, region=arn.region, bus=name, forwarded=True)


def _check_bus(delivery: Delivery, role_arn: str, *, region: str, bus_policy: Mapping[str, Any] | None) -> None:
    """The role's policies must allow PutEvents on that bus, and in another account the bus's policy must too.

    Assumption A13: a forwarded event has these keys.
    """
    kinds = {"events:source": [delivery.event["source"]], "events:detail-type": [delivery.event["detail-type"]]}
    access = iam.Access(
        action="events:PutEvents",
        resource=delivery.target_arn,
        region=region,
        context={} if is_altered(Behaviour.FORWARDED_WITHOUT_KEYS) else kinds,
    )
    refusal = iam.refusal(role_arn, access, resource_policy=bus_policy)
    if refusal is not None:
        raise Refused("AccessDeniedException", refusal)
