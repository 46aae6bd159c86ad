"""AWS::Lambda::Url."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import Properties, Resource, ResourceContext, unless_gone
from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, STRING

MISSING = "ResourceNotFoundException"


class FunctionUrl(Resource):
    """The HTTPS endpoint of a function; `Ref` is the function's ARN."""

    type_name = "AWS::Lambda::Url"
    shape = {
        "AuthType!": STRING,
        "Cors": {
            "AllowCredentials": BOOLEAN,
            "AllowHeaders": [STRING],
            "AllowMethods": [STRING],
            "AllowOrigins": [STRING],
            "ExposeHeaders": [STRING],
            "MaxAge": INTEGER,
        },
        "InvokeMode": STRING,
        "Qualifier": STRING,
        "TargetFunctionArn!": STRING,
    }
    replaced_by = ("Qualifier", "TargetFunctionArn")
    attribute_names = ("FunctionArn", "FunctionUrl")
    absent_from = frozenset(
        {
            "ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
            "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1",
            "mx-central-1", "us-gov-east-1", "us-gov-west-1",
        }
    )  # fmt: skip

    def create(self, context: ResourceContext, properties: Properties) -> str:
        made = context.client("lambda").create_function_url_config(**_target(properties), **_settings(properties))
        return str(made["FunctionArn"])

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        settings = {"InvokeMode": "BUFFERED", "Cors": {}, **_settings(new)}
        if not new.get("Cors") and not old.get("Cors"):
            del settings["Cors"]
        context.client("lambda").update_function_url_config(**_target(new), **settings)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("lambda").delete_function_url_config(**_target(properties)), MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        found = context.client("lambda").get_function_url_config(**_target(properties))
        return {name: found[name] for name in self.attribute_names}


def _target(properties: Properties) -> dict[str, Any]:
    qualifier = {"Qualifier": properties["Qualifier"]} if "Qualifier" in properties else {}
    return {"FunctionName": properties["TargetFunctionArn"], **qualifier}


def _settings(properties: Properties) -> dict[str, Any]:
    return {name: properties[name] for name in ("AuthType", "Cors", "InvokeMode") if name in properties}
