"""AWS::Lambda::Function, Permission and EventInvokeConfig."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    ResourceError,
    already_exists,
    changed,
    exists,
    sync_tags,
    tag_map,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, STRING, TAGS, TEXT_MAP

MISSING = "ResourceNotFoundException"

_CONFIGURATION: Mapping[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Handler": "",
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Role": "",
    "Runtime": "",
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
"""Parameters of UpdateFunctionConfiguration, and their defaults for omitted properties."""


class Function(Resource):
    """A function with its code in S3; `Ref` is its name."""

    type_name = "AWS::Lambda::Function"
    shape = {
        "Architectures": [STRING],
        "Code!": {"S3Bucket": STRING, "S3Key": STRING, "S3ObjectVersion": STRING, "ZipFile": STRING},
        "Description": STRING,
        "Environment": {"Variables": TEXT_MAP},
        "EphemeralStorage": {"Size!": INTEGER},
        "FunctionName": STRING,
        "Handler": STRING,
        "LoggingConfig": {
            "ApplicationLogLevel": STRING,
            "LogFormat": STRING,
            "LogGroup": STRING,
            "SystemLogLevel": STRING,
        },
        "MemorySize": INTEGER,
        "ReservedConcurrentExecutions": INTEGER,
        "Role!": STRING,
        "Runtime": STRING,
        "Tags": TAGS,
        "Timeout": INTEGER,
        "TracingConfig": {"Mode": STRING},
    }
    replaced_by = ("FunctionName",)
    name_property = "FunctionName"
    tagged = True
    attribute_names = ("Arn",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        client = context.client("lambda")
        name = str(properties.get("FunctionName") or context.generated_name())
        request = {key: properties[key] for key in (*_CONFIGURATION, "Architectures") if key in properties}
        if tags := tag_map(properties):
            request["Tags"] = tags
        client.create_function(FunctionName=name, Code=_code(properties), PackageType="Zip", **request)
        return name

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _sync_concurrency(context.client("lambda"), physical_id, {}, properties)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        client = context.client("lambda")
        if desired := changed(old, new, _CONFIGURATION):
            client.update_function_configuration(FunctionName=physical_id, **desired)
        if any(old.get(key) != new.get(key) for key in ("Code", "Architectures")):
            architectures = new.get("Architectures", ["x86_64"])
            client.update_function_code(FunctionName=physical_id, Architectures=architectures, **_code(new))
        _sync_concurrency(client, physical_id, old, new)
        arn = context.arn("lambda", f"function:{physical_id}")
        sync_tags(
            old,
            new,
            tag=lambda tags: client.tag_resource(Resource=arn, Tags=tags),
            untag=lambda keys: client.untag_resource(Resource=arn, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("lambda").delete_function(FunctionName=physical_id), MISSING)

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return exists(lambda: context.client("lambda").get_function(FunctionName=physical_id), MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": context.arn("lambda", f"function:{physical_id}")}


def _code(properties: Properties) -> dict[str, Any]:
    """The code as the API takes it: CloudFormation makes a file `index.py` of source in the template."""
    code: dict[str, Any] = dict(properties["Code"])
    if ("ZipFile" in code) == ("S3Bucket" in code and "S3Key" in code):
        raise ResourceError("Please provide a source for function code.")
    if "ZipFile" not in code:
        return code
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("index.py"), code["ZipFile"])
    return {"ZipFile": archive.getvalue()}


def _sync_concurrency(client: Any, name: str, old: Properties, new: Properties) -> None:
    key = "ReservedConcurrentExecutions"
    if key in new and old.get(key) != new[key]:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=new[key])
    elif key in old and key not in new:
        client.delete_function_concurrency(FunctionName=name)


class Permission(Resource):
    """One statement of a function's policy. Any change creates a new one, since Lambda cannot change a statement."""

    type_name = "AWS::Lambda::Permission"
    shape = {
        "Action!": STRING,
        "EventSourceToken": STRING,
        "FunctionName!": STRING,
        "FunctionUrlAuthType": STRING,
        "InvokedViaFunctionUrl": BOOLEAN,
        "Principal!": STRING,
        "PrincipalOrgID": STRING,
        "SourceAccount": STRING,
        "SourceArn": STRING,
    }
    replaced_by = tuple(name.rstrip("!") for name in shape)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        statement = context.generated_name(100)
        context.client("lambda").add_permission(StatementId=statement, **properties)
        return statement

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        raise AssertionError("every property change replaces a permission")

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        client, function = context.client("lambda"), properties["FunctionName"]
        unless_gone(lambda: client.remove_permission(FunctionName=function, StatementId=physical_id), MISSING)


class EventInvokeConfig(Resource):
    """Retries of a function's asynchronous invocations, and the destination of failed ones."""

    type_name = "AWS::Lambda::EventInvokeConfig"
    shape = {
        "DestinationConfig": {"OnFailure": {"Destination!": STRING}, "OnSuccess": {"Destination!": STRING}},
        "FunctionName!": STRING,
        "MaximumEventAgeInSeconds": INTEGER,
        "MaximumRetryAttempts": INTEGER,
        "Qualifier!": STRING,
    }
    replaced_by = ("FunctionName", "Qualifier")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        client = context.client("lambda")
        identifier = self.identifier(context, properties)
        if exists(lambda: client.get_function_event_invoke_config(**_function(properties)), MISSING):
            raise already_exists(self.type_name, identifier)
        client.put_function_event_invoke_config(**properties)
        return identifier

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        context.client("lambda").put_function_event_invoke_config(**new)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        client = context.client("lambda")
        unless_gone(lambda: client.delete_function_event_invoke_config(**_function(properties)), MISSING)

    def identifier(self, context: ResourceContext, properties: Properties) -> str:
        return f"{properties['FunctionName']}|{properties['Qualifier']}"


def _function(properties: Properties) -> dict[str, str]:
    return {key: properties[key] for key in ("FunctionName", "Qualifier")}
