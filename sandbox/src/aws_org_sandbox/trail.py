"""CloudTrail: delivers events of ECR calls to the default bus of the same account as AWS.

Only events that a trail logs are delivered, and none named Describe*, Get* or List*. Of successful calls only those
that create or delete a repository have one here: the `responseElements` of others would be invented. The contents of an
event of a refused call are assumption A10, those of the two others A30, and that a registry's account gets one for
another account's call, A18.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.organizations.models import organizations_backends
from werkzeug.wrappers import Response

from aws_org_sandbox.background import submit
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import AWS_INTERNAL, Call
from aws_org_sandbox.events import buses
from aws_org_sandbox.iam.service_roles import ECR

DETAIL_TYPE: Final = "AWS API Call via CloudTrail"
LATENCY: Final = 2.0
"""Seconds, in AWS's time, from a call to its event on the bus; AWS documents no time."""
LATE: Final = timedelta(minutes=20)
"""The age of an event on arrival, if CloudTrail is late."""
_UNDELIVERED: Final = ("Describe", "Get", "List")
_READ_ONLY: Final = (*_UNDELIVERED, "BatchCheck", "BatchGet", "Validate")
_UNRECORDED: Final = {"layerPartBlob"}
_SUCCESSES: Final = frozenset({"CreateRepository", "DeleteRepository"})
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html has a sample of the first."""


def record(call: Call, response: Response | None = None) -> None:
    """Deliver the events of a call to ECR; the gate calls this once the call has its outcome."""
    if call.service != "ecr" or call.operation.startswith(_UNDELIVERED):
        return
    if call.error_code is None and call.operation not in _SUCCESSES:
        return
    succeeded = response is not None and call.error_code is None
    elements = _response_elements(json.loads(response.get_data())) if response and succeeded else None
    for account, event in events(call, elements):
        if _is_logged(account, call.region, read_only=event["detail"]["readOnly"]):
            submit(_deliver, event, account, call.region, delay=LATENCY)


def _response_elements(answer: dict[str, Any]) -> dict[str, Any]:
    """The response, with times as CloudTrail writes them in responses: `Jul 11, 2018 10:17:44 PM`."""
    repository = dict(answer["repository"])
    created = datetime.fromtimestamp(repository["createdAt"], UTC)
    hour, half = created.hour % 12 or 12, "PM" if created.hour >= 12 else "AM"
    repository["createdAt"] = f"{created:%b} {created.day}, {created:%Y} {hour}:{created:%M:%S} {half}"
    return {"repository": repository}


def events(call: Call, response_elements: Mapping[str, Any] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The account and the event for its bus: the caller's, and the registry's if that is another account.

    The two have the same `sharedEventID`; the event for the registry's account identifies the caller only by the
    account and the principal id.
    """
    registry = str(call.parameters.get("registryId") or call.account)
    shared = {"sharedEventID": str(uuid.uuid4())} if registry != call.account else {}
    detail = _detail(call, registry=registry) | {"responseElements": response_elements} | shared
    yield call.account, _envelope(detail, recipient=call.account)
    if shared and not is_altered(Behaviour.NO_EVENT_FOR_OWNERS):
        caller = {"type": "AWSAccount", "principalId": call.principal.user_id, "accountId": call.account}
        yield registry, _envelope(detail | {"userIdentity": caller}, recipient=registry)


def _deliver(event: dict[str, Any], account: str, region: str) -> None:
    buses.deliver(event, account=account, region=region)


def _envelope(detail: Mapping[str, Any], *, recipient: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": "aws.ecr",
        "account": recipient,
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": {**detail, "eventID": str(uuid.uuid4()), "recipientAccountId": recipient},
    }


def _detail(call: Call, *, registry: str) -> dict[str, Any]:
    through_registry, by_ecr = call.user_agent == AWS_INTERNAL, call.source_ip == ECR
    detail: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call) | ({"invokedBy": call.user_agent} if through_registry or by_ecr else {}),
        "eventTime": _timestamp(call.started - (LATE if is_altered(Behaviour.EVENTS_LATE) else timedelta())),
        "eventSource": "ecr.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": AWS_INTERNAL if through_registry else call.source_ip,
        "userAgent": call.user_agent,
        "requestParameters": None if is_altered(Behaviour.EVENTS_WITHOUT_PARAMETERS) else _parameters(call),
        "requestID": call.id,
        "readOnly": call.operation.startswith(_READ_ONLY),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "eventCategory": "Management",
    }
    if call.error_code is not None:
        code = "AccessDenied" if call.error_code == "AccessDeniedException" else call.error_code
        detail |= {"errorCode": code, "errorMessage": call.error_message}
    name = call.parameters.get("repositoryName")
    if name:
        arn = f"arn:aws:ecr:{call.region}:{registry}:repository/{name}"
        detail["resources"] = [{"accountId": registry, "ARN": arn}]
    return detail


def _parameters(call: Call) -> dict[str, Any]:
    left_out = _UNRECORDED | ({"tags"} if is_altered(Behaviour.CREATIONS_WITHOUT_TAGS) else set())
    return {key: value for key, value in call.parameters.items() if key not in left_out}


def _identity(call: Call) -> dict[str, Any]:
    """The caller; of a repository that ECR created on push, the role of the template (assumption A26).

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    principal = call.principal
    if call.source_ip == ECR and is_altered(Behaviour.CREATIONS_WITHOUT_ROLE):
        return {"type": "AWSService"}
    identity: dict[str, Any] = {
        "type": "AssumedRole" if principal.role_arn else "IAMUser",
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": principal.access_key_id,
    }
    if principal.role_arn is None:
        return identity | {"userName": principal.user_name}
    return identity | {
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal.user_id.partition(":")[0],
                "arn": principal.role_arn,
                "accountId": principal.account,
                "userName": principal.role_arn.rpartition("/")[2],
            },
            "attributes": {
                "creationDate": _timestamp(principal.session_created or call.started),
                "mfaAuthenticated": "false",
            },
        }
    }


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_logged(account: str, region: str, *, read_only: bool) -> bool:
    """Whether any trail logs management events of this kind in this account and region."""
    return any(
        trail.status.is_logging
        and (trail.is_multi_region or trail.region_name == region)
        and (trail.account_id == account or (trail.is_org_trail and is_member(account, trail)))
        and _selects(trail, read_only=read_only)
        for trail in trails()
    )


def trails() -> Iterator[Trail]:
    """The trails of all accounts, each once."""
    for backends in list(cloudtrail_backends.values()):
        for backend in list(backends.values()):
            yield from list(backend.trails.values())


def is_member(account: str, trail: Trail) -> bool:
    """Whether an account is in the organization of a trail's owner."""
    organization = organizations_backends[trail.account_id]["aws"]
    return any(member.id == account for member in organization.accounts)


def _selects(trail: Trail, *, read_only: bool) -> bool:
    if trail.advanced_event_selectors:
        return any(_advanced_selects(selector, read_only=read_only) for selector in trail.advanced_event_selectors)
    requested = {"All", "ReadOnly" if read_only else "WriteOnly"}
    return not trail.event_selectors or any(
        selector.get("IncludeManagementEvents", True) and selector.get("ReadWriteType", "All") in requested
        for selector in trail.event_selectors
    )


def _advanced_selects(selector: Mapping[str, Any], *, read_only: bool) -> bool:
    """Every field of a selector must hold; fields that ECR's management events lack never do."""
    facts = {
        "eventCategory": "Management",
        "readOnly": str(read_only).lower(),
        "eventSource": "ecr.amazonaws.com",
        "eventType": "AwsApiCall",
    }
    return all(_field_holds(facts.get(field["Field"]), field) for field in selector["FieldSelectors"])


def _field_holds(value: str | None, field: Mapping[str, Any]) -> bool:
    if value is None:
        return False
    if "Equals" in field:
        return value in field["Equals"]
    return value not in field.get("NotEquals", ())
