"""AWS::ECR::RegistryScanningConfiguration: one for each account and region; it replaces any existing configuration."""

from __future__ import annotations

from aws_org_sandbox.resources.resource import Properties, Resource, ResourceContext, ResourceError
from aws_org_sandbox.resources.shapes import STRING

FREQUENCIES = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")
"""ECR's own API also supports MANUAL; CloudFormation does not."""


class RegistryScanningConfiguration(Resource):
    """The registry's scanning; deleting it restores AWS's default, basic scanning without rules."""

    type_name = "AWS::ECR::RegistryScanningConfiguration"
    shape = {
        "Rules!": [{"RepositoryFilters!": [{"Filter!": STRING, "FilterType!": STRING}], "ScanFrequency!": STRING}],
        "ScanType!": STRING,
    }
    attribute_names = ("RegistryId",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        for index, rule in enumerate(properties["Rules"]):
            if (frequency := rule["ScanFrequency"]) not in FREQUENCIES:
                message = f"#/Rules/{index}/ScanFrequency: {frequency} is not a valid enum value"
                raise ResourceError(message, code="InvalidRequest")
        rules = [
            {
                "scanFrequency": rule["ScanFrequency"],
                "repositoryFilters": [
                    {"filter": item["Filter"], "filterType": item["FilterType"]} for item in rule["RepositoryFilters"]
                ],
            }
            for rule in properties["Rules"]
        ]
        context.client("ecr").put_registry_scanning_configuration(scanType=properties["ScanType"], rules=rules)
        return context.account

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        self.create(context, new)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        context.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[])

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"RegistryId": physical_id}

    def identifier(self, context: ResourceContext, properties: Properties) -> str | None:
        return context.account
