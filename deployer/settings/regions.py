"""Checks of regions: whether they exist, are of one partition, and can be the home region."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from deployer.errors import ConfigurationError
from deployer.partitions import Partition, known_regions
from deployer.settings.layer_file import LayerFile
from deployer.settings.problems import Problem, Severity
from deployer.settings.yaml_source import KeyPath, YamlSource
from handler.regions import REGION

DELEGATED_ADMINISTRATOR_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "sa-east-1", "us-east-1",
        "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
    }
)  # fmt: skip
"""The regions in which AWS documents that a member account can be the delegated administrator of StackSets."""

_SHOWN = 5


def require_region(region: str, *, source: str) -> None:
    """Raise ConfigurationError for a region that does not exist; `said_by` is the option or question that named it."""
    if region not in known_regions():
        near = _nearest(region)
        next_step = f"Did you mean {near}?" if near else "Regions look like eu-west-1."
        raise ConfigurationError(f"{source} {region} is not a region that botocore knows", next_step=next_step)


def unknown_regions(home_region: str, organization: YamlSource, layers: Iterable[LayerFile]) -> Iterator[Problem]:
    """Regions that are in no partition, and regions of another partition than the home region's."""
    home = known_regions().get(home_region)
    if REGION.fullmatch(home_region):
        yield from _check(home_region, organization, ("central", "region"), home)
    for file in layers:
        yield from _check_layer(file, home)


def unsupported_home_region(home_region: str, organization: YamlSource) -> Iterator[Problem]:
    """Home regions from which StackSets cannot reach the organization's accounts, or not for every central account.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html and, for China,
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs.html
    """
    at: KeyPath = ("central", "region")
    home = known_regions().get(home_region)
    if home is not None and home.name == "aws-cn":
        message = (
            "in China, where AWS has no trusted access for StackSets with Organizations,"
            " so there is no way to roll out to an organization"
        )
        yield organization.problem(at, message)
    elif home is not None and home_region not in DELEGATED_ADMINISTRATOR_REGIONS:
        message = (
            "AWS does not list this region among those for delegated administrators of StackSets:"
            f" {_listed_instead(home_region, home)}make the management account the central account"
        )
        yield organization.problem(at, message, severity=Severity.WARNING)


def _listed_instead(home_region: str, partition: Partition) -> str:
    """Listed regions of the same partition, the same part of the world first; empty if it has none."""
    found = DELEGATED_ADMINISTRATOR_REGIONS & partition.regions
    listed = sorted(found, key=lambda region: (region[:3] != home_region[:3], region))
    return f"choose one that is ({', '.join(listed[:_SHOWN])}), or " if listed else ""


def _check_layer(file: LayerFile, home: Partition | None) -> Iterator[Problem]:
    listed = file.layer.get("regions")
    for index, region in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(region, str) and REGION.fullmatch(region):
            yield from _check(region, file.source, (*file.at, "regions", index), home)


def _check(region: str, source: YamlSource, at: KeyPath, home: Partition | None) -> Iterator[Problem]:
    partition = known_regions().get(region)
    if partition is None:
        near = _nearest(region)
        hint = f"; did you mean {near}?" if near else ""
        yield source.problem(at, f"not a region that botocore knows{hint} (for a new one: pip install -U botocore)")
    elif home is not None and partition != home:
        yield source.problem(
            at, f"of partition {partition.name}, but the home region is of {home.name}: they cannot be mixed"
        )


def _nearest(region: str) -> str | None:
    return next(iter(difflib.get_close_matches(region, known_regions(), n=1, cutoff=0.6)), None)
