"""Where function URLs exist, by cfn-lint's schemas of CloudFormation for each region and Lambda's documentation."""

from __future__ import annotations

import json
from importlib import resources

from templates.function_url import REGIONS_WITHOUT, is_available

DOCUMENTED_WITHOUT = {
    "ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1",
    "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1",
}  # fmt: skip
"""https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html, and for China
https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html"""


def test_the_regions_without_function_urls_are_those_that_schemas_or_documentation_name() -> None:
    providers = resources.files("cfnlint").joinpath("data/schemas/providers")
    types = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in providers.iterdir()}
    regions = {region: known for region, known in types.items() if "AWS::Lambda::Function" in known}
    without = {region for region, known in regions.items() if "AWS::Lambda::Url" not in known}
    assert without | DOCUMENTED_WITHOUT == REGIONS_WITHOUT
    assert {region for region in regions if is_available(region)} == regions.keys() - REGIONS_WITHOUT
