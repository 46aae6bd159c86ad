"""Whether names of a roll-out exist in the central account, and whether deployer created them (by its tag)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypedDict

from botocore.exceptions import ClientError

from deployer.aws.doctor.attempts import attempt
from deployer.aws.errors import code_of
from deployer.aws.session import Session
from deployer.doctor.actual_state import Existing, Holder
from deployer.doctor.resource_names import ResourceName
from templates.names import MANAGED_BY_TAG, Names

_ABSENT = frozenset(
    {
        "404", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "NoSuchEntity", "NotFound",
        "NotFoundException", "QueueDoesNotExist", "ResourceNotFoundException", "StackSetNotFoundException",
    }
)  # fmt: skip
_FORBIDDEN = "403"

Tags = Mapping[str, str]


def existing(session: Session, names: Names, needed: Iterable[ResourceName]) -> tuple[Existing, ...]:
    """Those of the names that exist, or that could not be read."""
    found = []
    for one in needed:
        holder = attempt(_READERS[one.type][0], partial(_holder, session, names, one))
        if holder is not None:
            found.append(Existing(type=one.type, name=one.name, region=one.region, holder=holder))
    return tuple(found)


def _holder(session: Session, names: Names, one: ResourceName) -> Holder | None:
    try:
        tags = _READERS[one.type][1](session, names, one)
    except ClientError as error:
        if code_of(error) in _ABSENT or (code_of(error), "does not exist" in str(error)) == ("ValidationError", True):
            return None
        if code_of(error) == _FORBIDDEN and one.type == "AWS::S3::Bucket":
            return "other"  # bucket names are global: another account has it
        raise
    return "ours" if tags.get(MANAGED_BY_TAG) == names.prefix else "other"


def _stack(session: Session, names: Names, one: ResourceName) -> Tags:
    """A stack has no tag: its template's description shows who owns it."""
    found = session.client("cloudformation", region=one.region).describe_stacks(StackName=one.name)["Stacks"][0]
    is_empty = found["StackStatus"] == "REVIEW_IN_PROGRESS"  # a change set that nobody executed
    is_ours = is_empty or found.get("Description", "").startswith(one.description)
    return {MANAGED_BY_TAG: names.prefix} if is_ours else {}


def _role(session: Session, names: Names, one: ResourceName) -> Tags:  # noqa: ARG001 - readers are alike
    return _pairs(session.client("iam").get_role(RoleName=one.name)["Role"].get("Tags", ()))


def _bucket(session: Session, names: Names, one: ResourceName) -> Tags:
    """HeadBucket answers 403 for a bucket of another account, and GetBucketTagging fails if there is no tag."""
    client = session.client("s3", region=one.region)
    client.head_bucket(Bucket=one.name, ExpectedBucketOwner=names.central_account)
    try:
        return _pairs(client.get_bucket_tagging(Bucket=one.name)["TagSet"])
    except ClientError as error:
        if code_of(error) != "NoSuchTagSet":
            raise
        return {}


def _table(session: Session, names: Names, one: ResourceName) -> Tags:  # noqa: ARG001
    client = session.client("dynamodb", region=one.region)
    arn = client.describe_table(TableName=one.name)["Table"]["TableArn"]
    return _pairs(client.list_tags_of_resource(ResourceArn=arn)["Tags"])


def _queue(session: Session, names: Names, one: ResourceName) -> Tags:  # noqa: ARG001
    client = session.client("sqs", region=one.region)
    return client.list_queue_tags(QueueUrl=client.get_queue_url(QueueName=one.name)["QueueUrl"]).get("Tags", {})


def _function(session: Session, names: Names, one: ResourceName) -> Tags:
    """GetFunction would give the code as well."""
    arn = f"arn:{names.partition}:lambda:{one.region}:{names.central_account}:function:{one.name}"
    return session.client("lambda", region=one.region).list_tags(Resource=arn).get("Tags", {})


def _log_group(session: Session, names: Names, one: ResourceName) -> Tags:
    client = session.client("logs", region=one.region)
    arn = f"arn:{names.partition}:logs:{one.region}:{names.central_account}:log-group:{one.name}"
    return client.list_tags_for_resource(resourceArn=arn)["tags"]


def _bus(session: Session, names: Names, one: ResourceName) -> Tags:  # noqa: ARG001
    client = session.client("events", region=one.region)
    arn = client.describe_event_bus(Name=one.name)["Arn"]
    return _pairs(client.list_tags_for_resource(ResourceARN=arn)["Tags"])


def _rule(session: Session, names: Names, one: ResourceName) -> Tags:  # noqa: ARG001
    """A rule on the default bus; those on our own bus come and go with it."""
    client = session.client("events", region=one.region)
    arn = client.describe_rule(Name=one.name)["Arn"]
    return _pairs(client.list_tags_for_resource(ResourceARN=arn)["Tags"])


def _topic(session: Session, names: Names, one: ResourceName) -> Tags:
    client = session.client("sns", region=one.region)
    arn = f"arn:{names.partition}:sns:{one.region}:{names.central_account}:{one.name}"
    client.get_topic_attributes(TopicArn=arn)
    return _pairs(client.list_tags_for_resource(ResourceArn=arn)["Tags"])


Reader = Callable[[Session, Names, ResourceName], Tags]

_READERS: Mapping[str, tuple[str, Reader]] = {
    "AWS::CloudFormation::Stack": ("cloudformation:DescribeStacks", _stack),
    "AWS::DynamoDB::Table": ("dynamodb:DescribeTable, ListTagsOfResource", _table),
    "AWS::Events::EventBus": ("events:DescribeEventBus, ListTagsForResource", _bus),
    "AWS::Events::Rule": ("events:DescribeRule, ListTagsForResource", _rule),
    "AWS::IAM::Role": ("iam:GetRole", _role),
    "AWS::Lambda::Function": ("lambda:ListTags", _function),
    "AWS::Logs::LogGroup": ("logs:ListTagsForResource", _log_group),
    "AWS::S3::Bucket": ("s3:ListBucket, s3:GetBucketTagging", _bucket),
    "AWS::SNS::Topic": ("sns:GetTopicAttributes, ListTagsForResource", _topic),
    "AWS::SQS::Queue": ("sqs:GetQueueUrl, ListQueueTags", _queue),
}
"""By type: the actions that a look-up requires, and the look-up, which raises AWS's own error if nothing is found."""


class _Tag(TypedDict):
    Key: str
    Value: str


def _pairs(tags: Iterable[_Tag]) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in tags}
