"""Calls that need more than one action, another action than their name, or that name their resource in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.s3.models import s3_backends

from deployer.sandbox import organizations
from deployer.sandbox.calls import Call
from deployer.sandbox.credentials import PARTITION
from deployer.sandbox.iam.actions import ANY, Need, need
from deployer.sandbox.iam.contexts import Context

Needs = Callable[[Call], Iterable[Need]]

_REPOSITORY = "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}"
_TABLE = "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}"


def _ecr_create(call: Call) -> Iterable[Need]:
    tags = _tag_context(call.parameters.get("tags"))
    yield need(call, _REPOSITORY, context=tags)
    if call.parameters.get("tags"):
        yield need(call, _REPOSITORY, operation="TagResource", context=tags)
    key = (call.parameters.get("encryptionConfiguration") or {}).get("kmsKey")
    if key:
        yield from _kms_needs(call, key)


def _kms_needs(call: Call, key: str) -> Iterable[Need]:
    """What ECR asks KMS for in the caller's name; https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html."""
    arn = key if key.startswith("arn:") else f"arn:{PARTITION}:kms:{call.region}:{call.account}:key/{key}"
    via = {"kms:ViaService": f"ecr.{call.region}.amazonaws.com", "kms:CallerAccount": call.account}
    for action in ("kms:DescribeKey", "kms:CreateGrant"):
        yield Need(action=action, resource=arn, account=arn.split(":")[4], context=via)


def _ecr_tag(call: Call) -> Iterable[Need]:
    yield need(call, "{resourceArn}", context=_tag_context(call.parameters.get("tags")))


def _ecr_describe(call: Call) -> Iterable[Need]:
    names = call.parameters.get("repositoryNames") or [ANY]
    template = _REPOSITORY.replace("{repositoryName}", "")
    return [need(call, template + name) for name in names]


def _dynamodb_item(call: Call) -> Iterable[Need]:
    return [need(call, _TABLE, context=_leading_keys(call, [call.parameters]))]


def _dynamodb_query(call: Call) -> Iterable[Need]:
    index = call.parameters.get("IndexName")
    return [need(call, _TABLE + (f"/index/{index}" if index else ""), context=_attributes(call))]


def _dynamodb_batch(call: Call) -> Iterable[Need]:
    for table, request in call.parameters.get("RequestItems", {}).items():
        operations = [next(iter(item.values())) for item in request] if isinstance(request, list) else []
        keys = operations or [{"Key": key} for key in request.get("Keys", ())]
        yield _table_need(call, table, call.operation, _leading_keys(call, keys, table=table))


def _dynamodb_transaction(call: Call) -> Iterable[Need]:
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem",
               "ConditionCheck": "ConditionCheckItem"}  # fmt: skip
    for item in call.parameters.get("TransactItems", ()):
        for kind, request in item.items():
            table = request["TableName"]
            yield _table_need(call, table, actions[kind], _leading_keys(call, [request], table=table))


def _table_need(call: Call, table: str, operation: str, context: Context) -> Need:
    template = table if table.startswith("arn:") else _TABLE.replace("{TableName}", table)
    return need(call, template, operation=operation, context=context)


def _leading_keys(call: Call, requests: Iterable[Mapping[str, Any]], *, table: str | None = None) -> Context:
    """dynamodb:LeadingKeys, the partition keys that a call names, and dynamodb:Attributes."""
    from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 - loads its parser, which few calls need

    name = str(table or call.parameters.get("TableName", "")).rsplit("/", 1)[-1]
    known = dynamodb_backends[call.account][call.region].tables.get(name)
    if known is None:
        return {}
    items = [request.get("Key") or request.get("Item") or {} for request in requests]
    values = tuple(_plain(item[known.hash_key_attr]) for item in items if known.hash_key_attr in item)
    return {
        "dynamodb:LeadingKeys": values or None,
        "dynamodb:Attributes": tuple({key for item in items for key in item}),
    }


def _attributes(call: Call) -> Context:
    """dynamodb:LeadingKeys of a query: the value that its partition key is compared with."""
    values = call.parameters.get("ExpressionAttributeValues") or {}
    expression = str(call.parameters.get("KeyConditionExpression", ""))
    placeholders = [part.strip(" ()") for part in expression.split("AND", maxsplit=1)[0].split("=")[1:]]
    found = tuple(_plain(values[name]) for name in placeholders if name in values)
    return {"dynamodb:LeadingKeys": found or None}


def _plain(value: Mapping[str, Any]) -> str:
    return str(next(iter(value.values())))


def _events_put(call: Call) -> Iterable[Need]:
    for entry in call.parameters.get("Entries", ()):
        bus = entry.get("EventBusName") or "default"
        context: Context = {
            "events:source": entry.get("Source"),
            "events:detail-type": entry.get("DetailType"),
            "events:eventBusInvocation": "false",
        }
        template = bus if bus.startswith("arn:") else f"arn:{{partition}}:events:{{region}}:{{account}}:event-bus/{bus}"
        yield need(call, template, context=context)


def _events_rule(call: Call) -> Iterable[Need]:
    name = call.parameters.get("Name") or call.parameters.get("Rule") or ANY
    bus = str(call.parameters.get("EventBusName") or "default").rsplit("/", 1)[-1]
    path = str(name) if bus == "default" else f"{bus}/{name}"
    yield need(call, f"arn:{{partition}}:events:{{region}}:{{account}}:rule/{path}")
    if call.operation == "PutTargets":
        for target in call.parameters.get("Targets", ()):
            if target.get("RoleArn"):
                yield _pass_role(target["RoleArn"], "events.amazonaws.com")


def _lambda_create(call: Call) -> Iterable[Need]:
    yield need(call, _FUNCTION)
    if call.parameters.get("Role"):
        yield _pass_role(call.parameters["Role"], "lambda.amazonaws.com")


def _lambda_invoke(call: Call) -> Iterable[Need]:
    name = str(call.parameters.get("FunctionName", ANY))
    return [need(call, name if name.startswith("arn:") else _FUNCTION, operation="InvokeFunction")]


def _pass_role(role_arn: str, service: str) -> Need:
    return Need(action="iam:PassRole", resource=role_arn, context={"iam:PassedToService": service})


def _queue(call: Call) -> Iterable[Need]:
    url = call.parameters.get("QueueUrl")
    if url:
        account, name = urlsplit(url).path.strip("/").split("/")[-2:]
    else:
        account, name = call.account, call.parameters.get("QueueName", ANY)
    action = call.operation.removesuffix("Batch")
    resource = f"arn:{PARTITION}:sqs:{call.region}:{account}:{name}"
    return [Need(action=f"sqs:{action}", resource=resource, account=account)]


def _organizations(call: Call) -> Iterable[Need]:
    """The account, OU or root in question, where the call names one; the other calls are about no resource."""
    names = ("AccountId", "OrganizationalUnitId", "ChildId", "ParentId", "ResourceId")
    id_ = next((call.parameters[name] for name in names if call.parameters.get(name)), None)
    resource = _organizations_arn(call.account, str(id_)) if id_ else ANY
    return [Need(action=f"organizations:{call.operation}", resource=resource)]


def _organizations_arn(caller: str, id_: str) -> str:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html."""
    organization = organizations.backend_for(caller).org
    if organization is None:
        return ANY
    kind = "account" if id_.isdigit() else "ou" if id_.startswith("ou-") else "root"
    return f"arn:{PARTITION}:organizations::{organization.master_account_id}:{kind}/{organization.id}/{id_}"


def _bucket(action: str, *, with_key: bool = False) -> Needs:
    def needs(call: Call) -> Iterable[Need]:
        bucket = str(call.parameters.get("Bucket", ANY))
        path = f"{bucket}/{call.parameters.get('Key', ANY)}" if with_key else bucket
        yield Need(action=f"s3:{action}", resource=f"arn:{PARTITION}:s3:::{path}", account=_bucket_owner(bucket))

    return needs


def _create_bucket(call: Call) -> Iterable[Need]:
    return [Need(action="s3:CreateBucket", resource=f"arn:{PARTITION}:s3:::{call.parameters['Bucket']}", creates=True)]


def _bucket_owner(bucket: str) -> str | None:
    """Bucket names are global: whose a bucket is does not show in its ARN."""
    for account, backends in list(s3_backends.items()):
        if bucket in backends[PARTITION].buckets:
            return account
    return None


def _tag_context(tags: Iterable[Mapping[str, str]] | None) -> Context:
    """aws:RequestTag/* and aws:TagKeys of a call that sets tags."""
    pairs = {tag.get("Key", ""): tag.get("Value", "") for tag in tags or ()}
    return {
        **{f"aws:RequestTag/{key}": (value,) for key, value in pairs.items()},
        "aws:TagKeys": tuple(pairs) or None,
    }


def _each(needs: Needs, service: str, *operations: str) -> dict[tuple[str, str], Needs]:
    return {(service, operation): needs for operation in operations}


SPECIAL: Mapping[tuple[str, str], Needs] = {
    ("ecr", "CreateRepository"): _ecr_create,
    ("ecr", "TagResource"): _ecr_tag,
    ("ecr", "DescribeRepositories"): _ecr_describe,
    **_each(_dynamodb_item, "dynamodb", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
    **_each(_dynamodb_query, "dynamodb", "Query", "Scan"),
    **_each(_dynamodb_batch, "dynamodb", "BatchGetItem", "BatchWriteItem"),
    **_each(_dynamodb_transaction, "dynamodb", "TransactGetItems", "TransactWriteItems"),
    ("events", "PutEvents"): _events_put,
    **_each(_events_rule, "events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule",
            "PutRule", "PutTargets", "RemoveTargets"),
    ("lambda", "CreateFunction"): _lambda_create,
    ("lambda", "Invoke"): _lambda_invoke,
    **_each(_queue, "sqs", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "CreateQueue", "DeleteMessage",
            "DeleteMessageBatch", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "ListQueues",
            "PurgeQueue", "ReceiveMessage", "SendMessage", "SendMessageBatch", "SetQueueAttributes", "TagQueue",
            "UntagQueue"),
    **_each(_organizations, "organizations", "DescribeAccount", "DescribeOrganization", "DescribeOrganizationalUnit",
            "ListAccounts", "ListAccountsForParent", "ListChildren", "ListDelegatedAdministrators",
            "ListOrganizationalUnitsForParent", "ListParents", "ListRoots", "ListTagsForResource"),
    **_each(_bucket("ListBucket"), "s3", "HeadBucket", "ListObjects", "ListObjectsV2"),
    **_each(_bucket("GetObject", with_key=True), "s3", "GetObject", "HeadObject"),
    **_each(_bucket("PutObject", with_key=True), "s3", "CompleteMultipartUpload", "CreateMultipartUpload", "PutObject",
            "UploadPart"),
    ("s3", "DeleteObject"): _bucket("DeleteObject", with_key=True),
    ("s3", "CreateBucket"): _create_bucket,
    ("s3", "DeleteBucket"): _bucket("DeleteBucket"),
    ("s3", "GetBucketLocation"): _bucket("GetBucketLocation"),
    ("s3", "ListObjectVersions"): _bucket("ListBucketVersions"),
    ("s3", "GetBucketPolicy"): _bucket("GetBucketPolicy"),
    ("s3", "PutBucketPolicy"): _bucket("PutBucketPolicy"),
    ("s3", "DeleteBucketPolicy"): _bucket("DeleteBucketPolicy"),
    ("s3", "PutBucketVersioning"): _bucket("PutBucketVersioning"),
    ("s3", "PutBucketEncryption"): _bucket("PutEncryptionConfiguration"),
    ("s3", "PutPublicAccessBlock"): _bucket("PutBucketPublicAccessBlock"),
    ("s3", "PutBucketLifecycleConfiguration"): _bucket("PutLifecycleConfiguration"),
    ("s3", "PutBucketTagging"): _bucket("PutBucketTagging"),
}  # fmt: skip
