"""Calls that need more than one action, another action than their name, or that name their resource in another way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from moto.ecr.models import ecr_backends
from moto.organizations.models import FakeOrganization

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam import cloudformation_actions, dynamodb_actions, keys, s3_actions, service_roles
from aws_org_sandbox.iam.actions import ANY, Need, Needs, each, need
from aws_org_sandbox.iam.contexts import Context
from aws_org_sandbox.iam.identities import find_role
from aws_org_sandbox.organizations import membership

_REPOSITORY = "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}"
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}"
_REPLAY = "arn:{partition}:events:{region}:{account}:replay/{ReplayName}"


def _ecr_create(call: Call) -> Iterable[Need]:
    tags = _tag_context(call.parameters.get("tags"))
    yield need(call, _REPOSITORY, context=tags)
    if call.parameters.get("tags"):
        yield need(call, _REPOSITORY, operation="TagResource", context=tags)
    key = (call.parameters.get("encryptionConfiguration") or {}).get("kmsKey")
    if key and keys.is_known(_key_arn(call, key)):  # for any other, ECR reports that KMS does not know it
        yield _kms_need(call, key, "DescribeKey")
        yield _kms_need(call, key, "CreateGrant", **{"kms:GrantIsForAWSResource": "true"})
        if call.source_ip == service_roles.ECR:
            yield _kms_need(call, key, "RetireGrant")  # documented for the roles of creation templates


def _ecr_delete(call: Call) -> Iterable[Need]:
    """ECR retires its grants for a customer managed key; AWS managed keys need no permission."""
    yield need(call, _REPOSITORY)
    account = str(call.parameters.get("registryId") or call.account)
    found = ecr_backends[account][call.region].repositories.get(str(call.parameters.get("repositoryName")))
    key = ((found.encryption_configuration if found else None) or {}).get("kmsKey")
    if key and keys.is_known(key) and not keys.is_managed(key):
        yield _kms_need(call, key, "RetireGrant")


def _kms_need(call: Call, key: str, operation: str, **context: str) -> Need:
    """KMS calls of ECR on behalf of the caller; https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html."""
    arn = _key_arn(call, key)
    via = {"kms:ViaService": f"ecr.{call.region}.amazonaws.com", "kms:CallerAccount": call.account}
    return Need(action=f"kms:{operation}", resource=arn, account=arn.split(":")[4], context={**via, **context})


def _key_arn(call: Call, key: str) -> str:
    if key.startswith("arn:"):
        return key
    kind = "" if key.startswith("alias/") else "key/"
    return f"arn:{PARTITION}:kms:{call.region}:{call.account}:{kind}{key}"


def _ecr_template(call: Call) -> Iterable[Need]:
    """Whoever stores a template needs what it does, too.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
    """
    yield Need(action=f"ecr:{call.operation}", resource=ANY)
    prefix = str(call.parameters.get("prefix") or ANY).removesuffix("/")
    names = ANY if prefix == "ROOT" else f"{prefix}/*"
    repositories = _REPOSITORY.replace("{repositoryName}", names)
    yield need(call, repositories, operation="CreateRepository")
    for policy, operation in (("lifecyclePolicy", "PutLifecyclePolicy"), ("repositoryPolicy", "SetRepositoryPolicy")):
        if call.parameters.get(policy):
            yield replace(need(call, repositories, operation=operation), account=None)
    if call.parameters.get("customRoleArn"):
        yield _pass_role(call.parameters["customRoleArn"], service_roles.ECR)
    service_role = service_roles.ecr_templates_role(call.account)
    if find_role(service_role) is None:
        service = {"iam:AWSServiceName": service_roles.ECR}
        yield Need(action="iam:CreateServiceLinkedRole", resource=service_role, context=service)


def _ecr_tag(call: Call) -> Iterable[Need]:
    yield need(call, "{resourceArn}", context=_tag_context(call.parameters.get("tags")))


def _ecr_untag(call: Call) -> Iterable[Need]:
    yield need(call, "{resourceArn}", context={"aws:TagKeys": tuple(call.parameters.get("tagKeys") or ()) or None})


def _ecr_describe(call: Call) -> Iterable[Need]:
    names = call.parameters.get("repositoryNames") or [ANY]
    template = _REPOSITORY.replace("{repositoryName}", "")
    return [need(call, template + name) for name in names]


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


def _events_replay(call: Call) -> Iterable[Need]:
    """Three resources: the archive, its bus and the replay."""
    yield need(call, "{EventSourceArn}")
    yield need(call, str((call.parameters.get("Destination") or {}).get("Arn", ANY)))
    yield need(call, _REPLAY)


def _lambda_create(call: Call) -> Iterable[Need]:
    yield need(call, _FUNCTION)
    if call.parameters.get("Role"):
        yield _pass_role(call.parameters["Role"], "lambda.amazonaws.com")


def _lambda_url(call: Call) -> Iterable[Need]:
    """What concerns function URLs; https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html#urls-governance."""
    name = "FunctionUrlAuthType" if call.operation == "AddPermission" else "AuthType"
    default = None if call.operation == "AddPermission" else "AWS_IAM"  # the sandbox has URLs of no other kind
    yield need(call, _FUNCTION, context={"lambda:FunctionUrlAuthType": call.parameters.get(name) or default})


def _lambda_url_invoke(call: Call) -> Iterable[Need]:
    """Both actions, each with the condition key that is documented for it (assumption A23 for the organization)."""
    organization: Context = {}
    if is_altered(Behaviour.ORGANIZATION_UNKNOWN_TO_URLS):
        organization = {"aws:PrincipalOrgID": _absent}
    auth_type = {"lambda:FunctionUrlAuthType": call.parameters["FunctionUrlAuthType"]}
    yield need(call, _FUNCTION, context={**organization, **auth_type})
    via = {"lambda:InvokedViaFunctionUrl": "true"}
    yield need(call, _FUNCTION, operation="InvokeFunction", context={**organization, **via})


def _lambda_invoke(call: Call) -> Iterable[Need]:
    name = str(call.parameters.get("FunctionName", ANY))
    return [need(call, name if name.startswith("arn:") else _FUNCTION, operation="InvokeFunction")]


def _pass_role(role_arn: str, service: str) -> Need:
    """The check of iam:PassRole, with the one condition key that AWS is assumed to set (assumption A8).

    AWS does not document `aws:CalledVia` when CloudFormation passes a role for its caller.
    """
    undocumented = dict.fromkeys(("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"), _absent)
    passed = {} if is_altered(Behaviour.PASSED_ROLES_WITHOUT_SERVICE) else {"iam:PassedToService": service}
    return Need(action="iam:PassRole", resource=role_arn, context={**undocumented, **passed})


def _absent() -> None:
    """The value of a key that a request lacks."""


def _queue(call: Call) -> Iterable[Need]:
    url = call.parameters.get("QueueUrl")
    if url:
        account, name = urlsplit(url).path.strip("/").split("/")[-2:]
    else:
        account = str(call.parameters.get("QueueOwnerAWSAccountId") or call.account)
        name = call.parameters.get("QueueName", ANY)
    action = call.operation.removesuffix("Batch")
    resource = f"arn:{PARTITION}:sqs:{call.region}:{account}:{name}"
    return [Need(action=f"sqs:{action}", resource=resource, account=account)]


def _account(call: Call) -> Iterable[Need]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsaccountmanagement.html."""
    member, management = call.parameters.get("AccountId"), membership.management_account_of(call.account)
    resource = f"arn:{PARTITION}:account::{call.account}:account"
    if member and management:
        organization = membership.snapshot(management, with_accounts=False).id
        resource = f"arn:{PARTITION}:account::{management}:account/{organization}/{member}"
    return [Need(action=f"account:{call.operation}", resource=resource)]


def _organizations(call: Call) -> Iterable[Need]:
    """The account, OU or root that the call names; other calls have no resource."""
    names = ("AccountId", "OrganizationalUnitId", "ChildId", "ParentId", "PolicyId", "ResourceId", "TargetId")
    id_ = next((call.parameters[name] for name in names if call.parameters.get(name)), None)
    resource = _organizations_arn(call.account, str(id_)) if id_ else ANY
    return [Need(action=f"organizations:{call.operation}", resource=resource)]


def _organizations_arn(caller: str, id_: str) -> str:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html."""
    organization = membership.backend_for(caller).org
    if organization is None:
        return ANY
    if id_.startswith("p-"):
        return _policy_arn(organization, id_)
    kind = "account" if id_.isdigit() else "ou" if id_.startswith("ou-") else "root"
    return f"arn:{PARTITION}:organizations::{organization.master_account_id}:{kind}/{organization.id}/{id_}"


def _policy_arn(organization: FakeOrganization, id_: str) -> str:
    """AWS managed policies belong to no organization."""
    if not re.fullmatch(r"p-[a-z0-9]{8,128}", id_):
        return f"arn:{PARTITION}:organizations::aws:policy/service_control_policy/{id_}"
    owner = f"{organization.master_account_id}:policy/{organization.id}"
    return f"arn:{PARTITION}:organizations::{owner}/service_control_policy/{id_}"


def _trail(call: Call) -> Iterable[Need]:
    """The trail by its ARN, which may be another account's: CloudTrail decides who sees it."""
    name = str(call.parameters.get("Name") or call.parameters.get("TrailName") or ANY)
    arn = name if name.startswith("arn:") else f"arn:{PARTITION}:cloudtrail:{call.region}:{call.account}:trail/{name}"
    return [Need(action=f"cloudtrail:{call.operation}", resource=arn)]


def _trails(call: Call) -> Iterable[Need]:
    return [Need(action=f"cloudtrail:{call.operation}", resource=ANY)]


def _tag_context(tags: Iterable[Mapping[str, str]] | None) -> Context:
    """aws:RequestTag/* and aws:TagKeys of a call that sets tags."""
    pairs = {tag.get("Key", ""): tag.get("Value", "") for tag in tags or ()}
    return {
        **{f"aws:RequestTag/{key}": (value,) for key, value in pairs.items()},
        "aws:TagKeys": tuple(pairs) or None,
    }


def _alarms(call: Call) -> Iterable[Need]:
    names = call.parameters.get("AlarmNames") or [ANY]
    return [need(call, f"arn:{{partition}}:cloudwatch:{{region}}:{{account}}:alarm:{name}") for name in names]


def _dashboards(call: Call) -> Iterable[Need]:
    names = call.parameters.get("DashboardNames") or [ANY]
    return [need(call, f"arn:{{partition}}:cloudwatch::{{account}}:dashboard/{name}") for name in names]


SPECIAL: Mapping[tuple[str, str], Needs] = {
    **cloudformation_actions.NEEDS,
    **dynamodb_actions.NEEDS,
    **s3_actions.NEEDS,
    **each(_account, "account", "DisableRegion", "EnableRegion", "GetRegionOptStatus", "ListRegions"),
    **each(_alarms, "cloudwatch", "DeleteAlarms", "DescribeAlarms"),
    ("cloudtrail", "DescribeTrails"): _trails,
    **each(_trail, "cloudtrail", "GetEventSelectors", "GetTrailStatus"),
    ("cloudwatch", "DeleteDashboards"): _dashboards,
    ("ecr", "CreateRepository"): _ecr_create,
    **each(_ecr_template, "ecr", "CreateRepositoryCreationTemplate", "UpdateRepositoryCreationTemplate"),
    ("ecr", "DeleteRepository"): _ecr_delete,
    ("ecr", "TagResource"): _ecr_tag,
    ("ecr", "UntagResource"): _ecr_untag,
    ("ecr", "DescribeRepositories"): _ecr_describe,
    ("events", "PutEvents"): _events_put,
    **each(_events_rule, "events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule",
            "PutRule", "PutTargets", "RemoveTargets"),
    ("events", "StartReplay"): _events_replay,
    ("lambda", "CreateFunction"): _lambda_create,
    **each(_lambda_url, "lambda", "AddPermission", "CreateFunctionUrlConfig", "DeleteFunctionUrlConfig",
            "GetFunctionUrlConfig", "UpdateFunctionUrlConfig"),
    ("lambda", "Invoke"): _lambda_invoke,
    ("lambda", "InvokeFunctionUrl"): _lambda_url_invoke,
    **each(_queue, "sqs", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "CreateQueue", "DeleteMessage",
            "DeleteMessageBatch", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "ListQueues",
            "PurgeQueue", "ReceiveMessage", "SendMessage", "SendMessageBatch", "SetQueueAttributes", "TagQueue",
            "UntagQueue"),
    **each(_organizations, "organizations", "DescribeAccount", "DescribeOrganization", "DescribeOrganizationalUnit",
            "DescribePolicy", "ListAccounts", "ListAccountsForParent", "ListChildren", "ListDelegatedAdministrators",
            "ListOrganizationalUnitsForParent", "ListParents", "ListPolicies", "ListPoliciesForTarget", "ListRoots",
            "ListTagsForResource", "ListTargetsForPolicy"),
}  # fmt: skip
