"""ECR's repository creation templates, which moto (5.2.5) does not have: the API and its rules.

One template for each prefix, account and region. Settings are checked when the template is stored; whether its role
may do what they need is asked when a repository is created from them.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.ecr import rules
from aws_org_sandbox.ecr.lifecycle_policies import check_lifecycle_policy
from aws_org_sandbox.ecr.repository_policies import check_repository_policy
from aws_org_sandbox.iam.service_roles import create_ecr_templates_role
from aws_org_sandbox.pages import page
from aws_org_sandbox.seams import answers, on_reset

Template = dict[str, Any]
"""A template as DescribeRepositoryCreationTemplates returns it."""

ROOT: Final = "ROOT"
CREATE_ON_PUSH: Final = "CREATE_ON_PUSH"
SCENARIOS: Final = ("REPLICATION", "PULL_THROUGH_CACHE", CREATE_ON_PUSH)
PREFIX: Final = rf"({rules.REPOSITORY_NAME}/?|{ROOT})"
KEY_ARN: Final = r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+"
"""The only form of a key that a template takes, other than CreateRepository (service model)."""
ROLE_ARN: Final = r"arn:aws[-a-z0-9]*:iam::(?P<account>[0-9]{12}):role/[A-Za-z0-9+=,.@_-]+"
"""Without a path (CloudFormation's resource schema)."""

_SETTINGS: Final = (
    "appliedFor", "customRoleArn", "description", "encryptionConfiguration", "imageTagMutability",
    "imageTagMutabilityExclusionFilters", "lifecyclePolicy", "repositoryPolicy", "resourceTags",
)  # fmt: skip
MOST: Final = 100
"""Of a registry. AWS documents no number (assumption A31)."""
FEW: Final = 10
_PAGE: Final = 1000
_INVALID: Final = "InvalidParameterException"

_templates: dict[tuple[str, str], dict[str, Template]] = {}
"""By account and region, then by the prefix without the slash that may end it."""


@on_reset
def _forget() -> None:
    _templates.clear()


def template_for(name: str, *, account: str, region: str, scenario: str) -> Template | None:
    """The template that applies to a new repository: the one with the longest prefix, or ROOT; None without one.

    One that is for other purposes hides those with shorter prefixes, and creates nothing (assumption A34).
    """
    stored = _templates.get((account, region), {})
    candidates = [key for key in stored if key == ROOT or name.startswith(f"{key}/")]
    best = max(candidates, key=lambda key: (key != ROOT, len(key)), default=None)
    if best is None:
        return None
    is_for_scenario = scenario in stored[best]["appliedFor"] or is_altered(Behaviour.TEMPLATES_FOR_EVERYTHING)
    return stored[best] if is_for_scenario else None


@answers("ecr", "CreateRepositoryCreationTemplate")
def create_template(call: Call) -> Mapping[str, Any]:
    """Store a template, and create the account's service-linked role if it does not exist."""
    prefix = _prefix(call)
    now = datetime.now(UTC)
    template = {"imageTagMutability": "MUTABLE", "prefix": prefix, "createdAt": now, "updatedAt": now}
    template |= _settings(call)
    _check(template, call)
    stored = _templates.setdefault((call.account, call.region), {})
    if _key(prefix) in stored:
        raise Refused(
            "TemplateAlreadyExistsException",
            f"The repository creation template with prefix '{prefix}' already exists in the registry with id "
            f"'{call.account}'",
        )
    if len(stored) >= (FEW if is_altered(Behaviour.FEW_CREATION_TEMPLATES) else MOST):
        raise Refused("LimitExceededException", f"The registry with id '{call.account}' has {len(stored)} templates")
    stored[_key(prefix)] = template
    create_ecr_templates_role(call.account)
    return _answer(call, template)


@answers("ecr", "UpdateRepositoryCreationTemplate")
def update_template(call: Call) -> Mapping[str, Any]:
    """Change the given settings; those that the request leaves out stay, and an empty one is removed."""
    template = {**_existing(call), **_settings(call), "updatedAt": datetime.now(UTC)}
    if "imageTagMutability" in call.parameters and "imageTagMutabilityExclusionFilters" not in call.parameters:
        template.pop("imageTagMutabilityExclusionFilters", None)
    template = {name: value for name, value in template.items() if value or name == "appliedFor"}
    _check(template, call)
    _templates[call.account, call.region][_key(template["prefix"])] = template
    return _answer(call, template)


@answers("ecr", "DeleteRepositoryCreationTemplate")
def delete_template(call: Call) -> Mapping[str, Any]:
    """Remove a template; repositories that it created remain as they are."""
    template = _existing(call)
    del _templates[call.account, call.region][_key(template["prefix"])]
    return _answer(call, template)


@answers("ecr", "DescribeRepositoryCreationTemplates")
def describe_templates(call: Call) -> Mapping[str, Any]:
    """The templates of the caller's registry, or those with these prefixes; unknown prefixes are left out."""
    stored = _templates.get((call.account, call.region), {})
    prefixes = call.parameters.get("prefixes")
    for prefix in prefixes or ():
        _check_prefix(prefix)
    keys = sorted(stored) if prefixes is None else [key for key in map(_key, prefixes) if key in stored]
    found, token = page([stored[key] for key in keys], call, limit=_PAGE, bad_token=_INVALID)
    more = {"nextToken": token} if token else {}
    return {"registryId": call.account, "repositoryCreationTemplates": found, **more}


def _answer(call: Call, template: Template) -> Mapping[str, Any]:
    return {"registryId": call.account, "repositoryCreationTemplate": template}


def _key(prefix: str) -> str:
    """ECR assumes a `/` after every prefix, so that `a` and `a/` are one."""
    return prefix.removesuffix("/")


def _prefix(call: Call) -> str:
    prefix = call.parameters.get("prefix")
    _check_prefix(prefix)
    return str(prefix)


def _check_prefix(prefix: object) -> None:
    if not isinstance(prefix, str):
        raise rules.refuse("prefix", "Member must not be null")
    rules.check_length("prefix", prefix, least=1, most=256)
    rules.check_pattern("prefix", prefix, PREFIX)


def _existing(call: Call) -> Template:
    prefix = _prefix(call)
    found = _templates.get((call.account, call.region), {}).get(_key(prefix))
    if found is None:
        raise Refused(
            "TemplateNotFoundException",
            f"The repository creation template with prefix '{prefix}' does not exist in the registry with id "
            f"'{call.account}'",
        )
    return found


def _settings(call: Call) -> Template:
    return {name: call.parameters[name] for name in _SETTINGS if call.parameters.get(name) is not None}


def _check(template: Template, call: Call) -> None:
    """Refuse settings with which no repository could be created."""
    _check_scenarios(template.get("appliedFor"))
    rules.check_length("description", template.get("description", ""), least=0, most=256)
    rules.check_mutability(template["imageTagMutability"], template.get("imageTagMutabilityExclusionFilters"))
    _check_encryption(template.get("encryptionConfiguration"), region=call.region)
    if template.get("lifecyclePolicy"):
        check_lifecycle_policy(template["lifecyclePolicy"])
    if template.get("repositoryPolicy"):
        check_repository_policy(template["repositoryPolicy"])
    rules.check_tags(template.get("resourceTags") or [])
    _check_role(template.get("customRoleArn"), account=call.account)


def _check_scenarios(scenarios: Any) -> None:
    if not scenarios:
        raise rules.refuse("appliedFor", "Member must not be empty")
    for scenario in scenarios:
        rules.check_member("appliedFor", scenario, set(SCENARIOS))


def _check_encryption(encryption: Mapping[str, str] | None, *, region: str) -> None:
    key = (encryption or {}).get("kmsKey")
    if encryption is not None and not key:
        encryption = {name: value for name, value in encryption.items() if name != "kmsKey"}
    elif key is not None:
        rules.check_pattern("kmsKey", key, KEY_ARN)
    rules.check_encryption(encryption, region=region)


def _check_role(arn: str | None, *, account: str) -> None:
    """The role is one of the registry's account; https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html."""
    if not arn:
        return
    rules.check_length("customRoleArn", arn, least=0, most=2048)
    match = re.fullmatch(ROLE_ARN, arn)
    if match is None or match["account"] != account:
        raise rules.refuse("customRoleArn", f"must be a role without a path in the account {account}")
