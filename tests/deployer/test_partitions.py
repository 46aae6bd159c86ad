"""A region of any partition is accepted wherever regions are read: events, config files, hosts, ARNs, arguments.

The regions are those that botocore lists, and those that its patterns foresee: AWS adds regions more often than
anybody updates botocore.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_org_sandbox.registry.hosts import host_of
from deployer.aws.refusals import TABLE
from deployer.partitions import known_regions, partition_named, partition_of
from deployer.principals import role_of
from deployer.pushing.images import parse_image, parse_registry
from deployer.reporting.consoles import repository_link
from deployer.settings import limits
from deployer.settings.regions import require_region
from handler.clients import Clients
from handler.events import FailedCall, parse
from handler.regions import PATTERN
from tests.handler.events import load

ACCOUNT = "300000000001"
KNOWN: list[dict[str, Any]] = json.loads(
    resources.files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8")
)["partitions"]
_PLACES = "(north|south|east|west|central|northeast|southeast|northwest|southwest)"


def regions_like(pattern: str) -> st.SearchStrategy[str]:
    """Regions of one of botocore's patterns, with the words and numbers that AWS uses."""
    return st.from_regex(pattern.replace(r"\w+", _PLACES).replace(r"\d+", "[1-9][0-9]?"), fullmatch=True)


def in_partitions() -> st.SearchStrategy[tuple[dict[str, Any], str]]:
    """A partition as botocore describes it, and a region in it that botocore lists or that matches its pattern."""
    return st.sampled_from(KNOWN).flatmap(
        lambda one: st.tuples(
            st.just(one),
            st.sampled_from([name for name in one["regions"] if "global" not in name])
            | regions_like(one["regionRegex"]),
        )
    )


@pytest.mark.parametrize("region", sorted(known_regions()))
def test_a_region_is_in_the_partition_that_lists_it(region: str) -> None:
    assert partition_of(region) == known_regions()[region]
    require_region(region, source="--region")


def test_config_files_and_arguments_accept_every_region_of_botocore() -> None:
    listed = {region for one in KNOWN for region in one["regions"] if "global" not in region}
    assert listed == set(known_regions())
    assert "eusc-de-east-1" in listed


@given(in_partitions())
def test_every_region_parses_everywhere(found: tuple[dict[str, Any], str]) -> None:
    botocore, region = found
    partition, suffix = partition_of(region), botocore["outputs"]["dnsSuffix"]
    assert (partition.name, partition.dns_suffix) == (botocore["id"], suffix)
    assert partition_named(botocore["id"]) == partition
    _parses_in_events(region)
    _parses_in_config(region, arn=f"arn:{partition.name}")
    _parses_in_hosts(region, suffix=suffix)
    table = TABLE.match(f"arn:{partition.name}:dynamodb:{region}:{ACCOUNT}:table/deployer-ledger")
    assert table is not None
    assert table["region"] == region


def _parses_in_events(region: str) -> None:
    parsed = parse(load(changes={"region": region, "detail.awsRegion": region}))
    assert isinstance(parsed, FailedCall)
    assert (parsed.region, parsed.event_region) == (region, region)


def _parses_in_config(region: str, *, arn: str) -> None:
    assert limits.region.check(region) is None
    assert limits.kms_key.check(f"{arn}:kms:{region}:{ACCOUNT}:alias/ecr") is None
    assert limits.topic.check(f"{arn}:sns:{region}:{ACCOUNT}:on-call") is None
    assert limits.notice_topic.check(f"{arn}:sns:{region}:{ACCOUNT}:notices") is None
    assert limits.principal_glob.check(f"{arn}:iam::{ACCOUNT}:role/ci-*") is None
    assert role_of(f"{arn}:sts::{ACCOUNT}:assumed-role/ci/run") == f"{arn}:iam::{ACCOUNT}:role/ci"


def _parses_in_hosts(region: str, *, suffix: str) -> None:
    host = host_of(ACCOUNT, region)
    assert host == f"{ACCOUNT}.dkr.ecr.{region}.{suffix}"
    registry = parse_registry(host)
    assert registry is not None
    assert (registry.account, registry.region) == (ACCOUNT, region)
    image = parse_image(f"{host}/team-a/api:1")
    assert image is not None
    assert image.repository_arn == f"arn:{registry.partition}:ecr:{region}:{ACCOUNT}:repository/team-a/api"
    dual_stack, console = partition_of(region).dual_stack_registries, partition_of(region).console
    if dual_stack:
        both = parse_registry(f"{ACCOUNT}.dkr-ecr.{region}.{dual_stack}")
        assert both is not None
        assert both.is_dual_stack
    link = repository_link(ACCOUNT, region, "team-a/api")
    assert link is None if console is None else str(link).startswith(f"https://{region}.{console}/ecr/")


@given(region=in_partitions().map(lambda found: found[1]), other=st.sampled_from(KNOWN))
def test_a_registry_with_the_domain_of_another_partition_is_refused(region: str, other: dict[str, Any]) -> None:
    suffix = other["outputs"]["dnsSuffix"]
    registry = parse_registry(f"{ACCOUNT}.dkr.ecr.{region}.{suffix}")
    assert (registry is not None) == (suffix == partition_of(region).dns_suffix)


@pytest.mark.parametrize("partition", KNOWN, ids=lambda one: one["id"])
def test_the_handler_calls_each_partition_by_its_name(partition: dict[str, Any]) -> None:
    region = partition["outputs"]["implicitGlobalRegion"]
    clients = Clients(region=region)
    assert clients.partition == partition["id"]
    assert clients.own("sts").meta.endpoint_url == f"https://sts.{region}.{partition['outputs']['dnsSuffix']}"


@given(in_partitions())
def test_the_report_links_to_the_same_consoles(found: tuple[dict[str, Any], str]) -> None:
    script = (Path(__file__).parents[2] / "deployer/reporting/assets/report.js").read_text(encoding="utf-8")
    assert f"const REGION = /^{PATTERN}$/" in script
    table = re.search(r"const CONSOLES = \[(.*?)\n\]", script, re.DOTALL)
    assert table is not None
    rows = re.findall(r"\['([a-z-]*)', (?:null|'([a-z.-]+)')\]", table[1])
    domain = next(domain for start, domain in rows if found[1].startswith(start))
    assert (domain or None) == partition_of(found[1]).console
