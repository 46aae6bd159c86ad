"""Where function URLs exist, by cfn-lint's schemas of CloudFormation for each region and Lambda's documentation."""

from __future__ import annotations

from deployer.partitions import partition_of, partitions
from sandbox.tests import provider_schemas
from templates.function_url import REGIONS_WITHOUT, is_available

DOCUMENTED_WITHOUT = {
    "ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1",
    "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1",
}  # fmt: skip
"""https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html, and for China
https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html"""

WITH_UNPUBLISHED_HOSTS = {"aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}
"""Partitions whose schemas have AWS::Lambda::Url; Lambda's documentation gives no host but that in on.aws."""


def test_the_regions_without_function_urls_are_those_of_the_schemas_and_the_documentation() -> None:
    types = {region: provider_schemas.types(region) for region in provider_schemas.regions()}
    regions = {region: known for region, known in types.items() if "AWS::Lambda::Function" in known}
    without = {region for region, known in regions.items() if "AWS::Lambda::Url" not in known}
    assert without | DOCUMENTED_WITHOUT == REGIONS_WITHOUT
    unpublished = {region for region in regions if partition_of(region).name in WITH_UNPUBLISHED_HOSTS}
    assert unpublished >= {"eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1"}
    available = {region for region in regions if is_available(region)}
    assert available == regions.keys() - REGIONS_WITHOUT - unpublished
    assert {partition_of(region).name for region in available} == {"aws"}


def test_future_regions_of_a_partition_without_published_hosts_get_no_url() -> None:
    found = {region: partition.name for partition in partitions().values() for region in partition.regions}
    future = {"eusc-de-west-2": "aws-eusc", "us-iso-south-9": "aws-iso", "eu-isoe-north-2": "aws-iso-e"}
    for region, name in {**found, **future}.items():
        assert is_available(region) == (name not in WITH_UNPUBLISHED_HOSTS and region not in REGIONS_WITHOUT), region
    assert set(found.values()) - {"aws", "aws-cn", "aws-us-gov"} == WITH_UNPUBLISHED_HOSTS
