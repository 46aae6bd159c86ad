"""Every CloudFormation type that the sandbox has. Any other is refused, never skipped."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.sandbox.resources.awslambda import EventInvokeConfig, Function, Permission
from deployer.sandbox.resources.cloudwatch import Alarm, Dashboard
from deployer.sandbox.resources.dynamodb import Table
from deployer.sandbox.resources.ecr import RegistryScanningConfiguration
from deployer.sandbox.resources.event_rules import Rule
from deployer.sandbox.resources.events import Archive, EventBus, EventBusPolicy
from deployer.sandbox.resources.iam import Role
from deployer.sandbox.resources.logs import LogGroup, MetricFilter
from deployer.sandbox.resources.resource import Resource
from deployer.sandbox.resources.s3 import Bucket, BucketPolicy
from deployer.sandbox.resources.sns import Topic, TopicPolicy
from deployer.sandbox.resources.sqs import Queue, QueuePolicy

_KINDS: tuple[type[Resource], ...] = (
    Alarm,
    Archive,
    Bucket,
    BucketPolicy,
    Dashboard,
    EventBus,
    EventBusPolicy,
    EventInvokeConfig,
    Function,
    LogGroup,
    MetricFilter,
    Permission,
    Queue,
    QueuePolicy,
    RegistryScanningConfiguration,
    Role,
    Rule,
    Table,
    Topic,
    TopicPolicy,
)

TYPES: Mapping[str, Resource] = {kind.type_name: kind() for kind in _KINDS}
