# ruff: noqa: E501 - messages read best whole
"""What an OU may configure for its registries, in ECR's limits, and how it is inherited."""

from __future__ import annotations

import re

import pytest

from deployer.settings import compile as compile_settings
from deployer.settings import load
from deployer.settings.checking import check_folder
from deployer.settings.limits import scan_filter
from handler.settings import RegistrySettings, Scanning
from tests.deployer.settings.conftest import Write
from tests.example_organization import EXAMPLE

PROD = "ou: Workloads/Prod\nenabled: true\nregions: [eu-west-1]\n"
MOST = ", ".join(f'"a{number}"' for number in range(101))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "registry: {scanning: {type: basic}}",
            "4:29: registry.scanning.type: must be BASIC or ENHANCED",
            id="an unknown type",
        ),
        pytest.param(
            "registry: {scanning: {type: BASIC, frequency: CONTINUOUS_SCAN}}",
            "4:47: registry.scanning.frequency: ECR scans continuously only with type ENHANCED; BASIC supports SCAN_ON_PUSH and MANUAL",
            id="continuous basic scanning",
        ),
        pytest.param(
            "registry: {scanning: {type: ENHANCED, frequency: MANUAL}}",
            "4:50: registry.scanning.frequency: ECR has no manual scans with type ENHANCED; it supports SCAN_ON_PUSH and CONTINUOUS_SCAN",
            id="manual enhanced scanning",
        ),
        pytest.param(
            "registry: {scanning: {type: BASIC, filters: []}}",
            "4:45: registry.scanning.filters: an empty list scans nothing; use `frequency: MANUAL` for that",
            id="no filters",
        ),
        pytest.param(
            f"registry: {{scanning: {{type: BASIC, filters: [{MOST}]}}}}",
            "4:45: registry.scanning.filters: 101 scanning filters; ECR accepts at most 100",
            id="too many filters",
        ),
        pytest.param(
            "registry: {scanning: {type: BASIC, filters: [Prod]}}",
            "4:46: registry.scanning.filters[0]: ECR accepts a-z 0-9 * in a scanning filter, and . _ - / singly between them",
            id="a filter with an uppercase letter",
        ),
        pytest.param(
            "registry: {scanning: {type: BASIC, frequency: MANUAL, filters: [prod]}}",
            "4:64: warning: registry.scanning.filters: MANUAL scans nothing automatically, so filters have no effect",
            id="filters of manual scans",
        ),
        pytest.param(
            "registry: {scanning: {filters: [prod]}}",
            "4:32: warning: registry.scanning.filters: has no effect without a type, here or in a parent OU",
            id="filters without a type",
        ),
    ],
)
def test_invalid_scanning_settings_are_reported_with_their_position(write: Write, text: str, problem: str) -> None:
    folder = write("ous/prod.yaml", f"{PROD}{text}\n")
    found = [str(one).replace(f"{folder.as_posix()}/", "") for one in check_folder(folder, EXAMPLE)]
    assert any(problem in one for one in found), found
    assert len(found) == 1


@pytest.mark.parametrize("text", ["*", "prod", "prod-*", "team-a/*", "a", "**", "*prod*", "a.b_c-d/e", "0" * 255])
def test_filters_that_ecr_accepts(text: str) -> None:
    assert scan_filter.check(text) is None
    assert re.search(scan_filter.schema["pattern"], text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a b", "a:b", "0" * 256])
def test_filters_that_ecr_refuses(text: str) -> None:
    assert scan_filter.check(text)


def test_it_is_inherited_key_by_key_and_null_resets_it(write: Write) -> None:
    write(
        "ous/workloads.yaml",
        "ou: Workloads\nregistry: {scanning: {type: ENHANCED, frequency: CONTINUOUS_SCAN, filters: [prod]}}\n",
    )
    write("ous/prod.yaml", f"{PROD}registry: {{scanning: {{filters: ['*']}}}}\n")
    folder = write("ous/dev.yaml", "ou: Workloads/Dev\nregistry: {scanning: null}\n")
    compiled = compile_settings(load(folder), EXAMPLE)
    prod = compiled.settings_for_ou("ou-exam-prod0001").registry.scanning
    assert prod == Scanning(type="ENHANCED", frequency="CONTINUOUS_SCAN", filters=("*",))
    assert compiled.settings_for_account("400000000001").registry == RegistrySettings()
