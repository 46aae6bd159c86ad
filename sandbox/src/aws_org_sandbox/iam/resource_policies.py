"""The policies of resources: those of buses, queues, buckets, functions, repositories and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.ecr.models import ecr_backends
from moto.events.models import events_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.policies import Statements, parse_policy

Document = Any
"""A policy as its service stores it: text, bytes, an object, or None."""


def resource_policy(arn: str) -> Statements | None:
    """The statements of the policy of a resource; None if the policy or the resource does not exist."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in _READERS:
        return None
    _, _, service, region, account, resource = parts
    document = _READERS[service](account, region, resource)
    if not document:
        return None
    return parse_policy(document.decode() if isinstance(document, bytes) else document)


def decides_alone(arn: str) -> bool:
    """Whether even its own account needs the resource's policy for access: true for keys that exist."""
    return arn.startswith(f"arn:{PARTITION}:kms:") and resource_policy(arn) is not None


def _bus(account: str, region: str, resource: str) -> Document:
    if not resource.startswith("event-bus/"):
        return None
    bus = events_backends[account][region].event_buses.get(resource.removeprefix("event-bus/"))
    return bus.policy if bus else None


def _queue(account: str, region: str, resource: str) -> Document:
    queue = sqs_backends[account][region].queues.get(resource)
    return queue.policy if queue else None


def _topic(account: str, region: str, resource: str) -> Document:
    topic = sns_backends[account][region].topics.get(f"arn:{PARTITION}:sns:{region}:{account}:{resource}")
    return topic.policy if topic else None


def _bucket(account: str, region: str, resource: str) -> Document:
    del account, region  # a bucket's ARN has neither
    name = resource.split("/", 1)[0]
    for backends in list(s3_backends.values()):
        if name in backends[PARTITION].buckets:
            return backends[PARTITION].buckets[name].policy
    return None


def _function(account: str, region: str, resource: str) -> Document:
    name = resource.removeprefix("function:").split(":", 1)[0]
    backend = lambda_backends[account][region]
    function = next((item for item in backend.list_functions() if item.function_name == name), None)
    statements = function.policy.statements if function else None
    return {"Statement": statements} if statements else None


def _repository(account: str, region: str, resource: str) -> Document:
    if is_altered(Behaviour.REPOSITORY_POLICIES_LATE):  # A36
        return None
    repository = ecr_backends[account][region].repositories.get(resource.removeprefix("repository/"))
    return repository.policy if repository else None


def _key(account: str, region: str, resource: str) -> Document:
    key = kms_backends[account][region].keys.get(resource.removeprefix("key/"))
    return key.policy if key else None


_READERS: dict[str, Callable[[str, str, str], Document]] = {
    "events": _bus,
    "sns": _topic,
    "sqs": _queue,
    "s3": _bucket,
    "lambda": _function,
    "ecr": _repository,
    "kms": _key,
}
