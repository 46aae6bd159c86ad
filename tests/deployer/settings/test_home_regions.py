"""Home regions from which StackSets cannot reach an organization: an error or a warning, with the reason."""

from __future__ import annotations

import pytest

from deployer.partitions import known_regions
from deployer.settings import read
from deployer.settings.problems import Severity
from deployer.settings.regions import DELEGATED_ADMINISTRATOR_REGIONS
from tests.deployer.settings.conftest import Write


def problems_of(write: Write, region: str) -> list[tuple[Severity, str]]:
    """The problems that `validate` reports about a home region."""
    folder = write("organization.yaml", f'central: {{account: "200000000001", region: {region}}}\n')
    _, problems = read(folder)
    assert {problem.key for problem in problems} <= {"central.region"}
    return [(problem.severity, problem.message) for problem in problems]


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1"])
def test_china_is_refused(write: Write, region: str) -> None:
    [(severity, message)] = problems_of(write, region)
    assert severity is Severity.ERROR
    assert "no trusted access for StackSets" in message


@pytest.mark.parametrize(
    ("region", "instead"),
    [
        pytest.param("eu-south-2", "(eu-central-1, eu-north-1, eu-west-1, eu-west-2, eu-west-3), or", id="Europe"),
        pytest.param("af-south-1", "(ap-northeast-1, ", id="without another region of the continent"),
        pytest.param("eusc-de-east-1", ": make the management account", id="European Sovereign Cloud"),
        pytest.param("us-iso-east-1", ": make the management account", id="isolated"),
    ],
)
def test_a_region_without_delegated_administrators_is_a_warning(write: Write, region: str, instead: str) -> None:
    [(severity, message)] = problems_of(write, region)
    assert severity is Severity.WARNING
    assert "delegated administrators of StackSets" in message
    assert instead in message
    assert "make the management account the central account" in message


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_names_and_urls_are_those_of_the_home_regions_partition(
    write: Write, region: str, partition: str, suffix: str
) -> None:
    folder = write("organization.yaml", f'central: {{account: "200000000001", region: {region}}}\n')
    names = read(folder)[0].names()
    assert names.event_bus_arn == f"arn:{partition}:events:{region}:200000000001:event-bus/deployer-events"
    assert names.dns_suffix == suffix


@pytest.mark.parametrize("region", sorted(DELEGATED_ADMINISTRATOR_REGIONS))
def test_a_region_that_aws_lists_is_accepted(write: Write, region: str) -> None:
    assert region in known_regions()
    assert problems_of(write, region) == []
