"""Every CloudFormation type that the sandbox supports. Others are refused, never skipped."""

from __future__ import annotations

from collections.abc import Mapping

from aws_org_sandbox.resources.awslambda import EventInvokeConfig, Function, Permission
from aws_org_sandbox.resources.cloudwatch import Alarm, Dashboard
from aws_org_sandbox.resources.creation_templates import RepositoryCreationTemplate
from aws_org_sandbox.resources.dynamodb import Table
from aws_org_sandbox.resources.ecr import RegistryScanningConfiguration
from aws_org_sandbox.resources.event_rules import Rule
from aws_org_sandbox.resources.events import Archive, EventBus, EventBusPolicy
from aws_org_sandbox.resources.function_urls import FunctionUrl
from aws_org_sandbox.resources.iam import Role
from aws_org_sandbox.resources.logs import LogGroup, MetricFilter
from aws_org_sandbox.resources.resource import Resource
from aws_org_sandbox.resources.s3 import Bucket, BucketPolicy
from aws_org_sandbox.resources.sns import Topic, TopicPolicy
from aws_org_sandbox.resources.sqs import Queue, QueuePolicy

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
    FunctionUrl,
    LogGroup,
    MetricFilter,
    Permission,
    Queue,
    QueuePolicy,
    RegistryScanningConfiguration,
    RepositoryCreationTemplate,
    Role,
    Rule,
    Table,
    Topic,
    TopicPolicy,
)

TYPES: Mapping[str, Resource] = {kind.type_name: kind() for kind in _KINDS}
