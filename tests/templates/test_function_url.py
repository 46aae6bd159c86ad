"""Where function URLs exist, by the schemas of CloudFormation that cfn-lint has for each region."""

from __future__ import annotations

import json
from importlib import resources

from templates.function_url import REGIONS_WITHOUT, is_available


def test_the_regions_without_function_urls_are_those_whose_schemas_lack_the_type() -> None:
    providers = resources.files("cfnlint").joinpath("data/schemas/providers")
    types = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in providers.iterdir()}
    regions = {region: known for region, known in types.items() if "AWS::Lambda::Function" in known}
    assert {region for region, known in regions.items() if "AWS::Lambda::Url" not in known} == REGIONS_WITHOUT
    assert {region for region in regions if is_available(region)} == regions.keys() - REGIONS_WITHOUT
