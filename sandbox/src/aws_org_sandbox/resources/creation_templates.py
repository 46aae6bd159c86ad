"""AWS::ECR::RepositoryCreationTemplate: one for each prefix, account and region."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.ecr.creation_templates import SCENARIOS
from aws_org_sandbox.resources.resource import Properties, Resource, ResourceContext, unless_gone
from aws_org_sandbox.resources.shapes import Items, Text

_PREFIX = r"^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?|ROOT)$"
_ROLE = r"^arn:aws[-a-z0-9]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,-.@_]*$"
_FILTER = "ImageTagMutabilityExclusionFilter"
_REMOVED = {
    "Description": "",
    "CustomRoleArn": "",
    "EncryptionConfiguration": {"EncryptionType": "AES256"},
    "ImageTagMutability": "MUTABLE",
    "LifecyclePolicy": "",
    "RepositoryPolicy": "",
    "ResourceTags": [],
}
"""The values of properties that an update removes: ECR keeps what a request leaves out."""


class RepositoryCreationTemplate(Resource):
    """A template; `Ref` is its prefix. Its schema is that of CloudFormation's registry."""

    type_name = "AWS::ECR::RepositoryCreationTemplate"
    shape = {
        "AppliedFor!": Items(Text(values=SCENARIOS), unique=True),
        "CustomRoleArn": Text(most=2048, pattern=_ROLE),
        "Description": Text(most=256),
        "EncryptionConfiguration": {
            "EncryptionType!": Text(values=("AES256", "KMS", "KMS_DSSE")),
            "KmsKey": Text(least=1, most=2048),
        },
        "ImageTagMutability": Text(
            values=("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
        ),
        "ImageTagMutabilityExclusionFilters": Items(
            {
                f"{_FILTER}Type!": Text(values=("WILDCARD",)),
                f"{_FILTER}Value!": Text(least=1, most=128, pattern="^[0-9a-zA-Z._*-]{1,128}"),
            },
            least=1,
            most=5,
        ),
        "LifecyclePolicy": Text(least=100, most=30_720),
        "Prefix!": Text(least=1, most=256, pattern=_PREFIX),
        "RepositoryPolicy": Text(most=10_240),
        "ResourceTags": Items({"Key!": Text(least=1, most=128), "Value!": Text(most=256)}, most=50, unique=True),
    }
    replaced_by = ("Prefix",)
    name_property = "Prefix"
    attribute_names = ("CreatedAt", "UpdatedAt")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        made = context.client("ecr").create_repository_creation_template(**_request(properties))
        return str(made["repositoryCreationTemplate"]["prefix"])

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        removed = {name: value for name, value in _REMOVED.items() if name in old and name not in new}
        context.client("ecr").update_repository_creation_template(**_request({**new, **removed}))

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        client = context.client("ecr")
        unless_gone(lambda: client.delete_repository_creation_template(prefix=physical_id), "TemplateNotFoundException")

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return bool(_described(context, physical_id))

    def read(self, context: ResourceContext, physical_id: str) -> None:
        _described(context, physical_id)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        (found,) = _described(context, physical_id)
        return {"CreatedAt": found["createdAt"].isoformat(), "UpdatedAt": found["updatedAt"].isoformat()}


def _described(context: ResourceContext, prefix: str) -> list[dict[str, Any]]:
    answer = context.client("ecr").describe_repository_creation_templates(prefixes=[prefix])
    found: list[dict[str, Any]] = answer["repositoryCreationTemplates"]
    return found


def _request(properties: Properties) -> dict[str, Any]:
    """The properties as ECR's API names them; tags have the same names in both."""
    request = {name[0].lower() + name[1:]: value for name, value in properties.items()}
    if "encryptionConfiguration" in request:
        request["encryptionConfiguration"] = {
            name[0].lower() + name[1:]: value for name, value in request["encryptionConfiguration"].items()
        }
    if "imageTagMutabilityExclusionFilters" in request:
        request["imageTagMutabilityExclusionFilters"] = [
            {"filterType": item[f"{_FILTER}Type"], "filter": item[f"{_FILTER}Value"]}
            for item in request["imageTagMutabilityExclusionFilters"]
        ]
    return request


def actual(context: ResourceContext, prefix: str) -> dict[str, Any] | None:
    """The properties of a template as its type names them; None if it does not exist."""
    found = next(iter(_described(context, prefix)), None)
    if found is None:
        return None
    properties = _capitalized(found)
    if "EncryptionConfiguration" in properties:
        properties["EncryptionConfiguration"] = _capitalized(properties["EncryptionConfiguration"])
    if "ImageTagMutabilityExclusionFilters" in properties:
        properties["ImageTagMutabilityExclusionFilters"] = [
            {f"{_FILTER}Type": item["filterType"], f"{_FILTER}Value": item["filter"]}
            for item in properties["ImageTagMutabilityExclusionFilters"]
        ]
    return properties


def _capitalized(values: Properties) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: value for name, value in values.items()}
