"""AWS::ECR::RegistryScanningConfiguration: one for each account and region; it replaces any existing configuration."""

from __future__ import annotations

from aws_org_sandbox.resources.resource import Place, Properties, Resource, ResourceError
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

    def create(self, place: Place, properties: Properties) -> str:
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
        place.client("ecr").put_registry_scanning_configuration(scanType=properties["ScanType"], rules=rules)
        return place.account

    def update(self, place: Place, physical_id: str, *, old: Properties, new: Properties) -> None:
        self.create(place, new)

    def delete(self, place: Place, physical_id: str, properties: Properties) -> None:
        place.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[])

    def attributes(self, place: Place, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"RegistryId": physical_id}

    def identifier(self, place: Place, properties: Properties) -> str | None:
        return place.account
