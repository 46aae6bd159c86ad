"""Regions that exist, as botocore's own list of partitions has them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from deployer.errors import ConfigurationError
from deployer.settings.layer_file import LayerFile
from deployer.settings.problems import Problem
from deployer.settings.yaml_source import KeyPath, YamlSource
from handler.regions import REGION

if TYPE_CHECKING:
    from deployer.settings.config import Config


@cache
def partitions() -> dict[str, str]:
    """Region -> partition (`aws`, `aws-cn`, …)."""
    text = resources.files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8")
    known = json.loads(text)["partitions"]
    return {
        region: partition["id"] for partition in known for region in partition["regions"] if REGION.fullmatch(region)
    }


def require_region(region: str, *, said_by: str) -> None:
    """Raise ConfigurationError for a region that there is not; `said_by` is the option or question that named it."""
    if region not in partitions():
        near = _nearest(region)
        next_step = f"Did you mean {near}?" if near else "They look like eu-west-1."
        raise ConfigurationError(f"{said_by} {region} is no region that botocore knows", next_step=next_step)


def unknown_regions(home_region: str, organization: YamlSource, layers: Iterable[LayerFile]) -> Iterator[Problem]:
    """Regions that no partition has, and regions of another partition than the home region's."""
    home = partitions().get(home_region)
    if REGION.fullmatch(home_region):
        yield from _check(home_region, organization, ("central", "region"), home)
    for file in layers:
        yield from _check_layer(file, home)


def disabled_regions(config: Config, covered: Iterable[str], enabled: Collection[str]) -> Iterator[Problem]:
    """Regions that the central account does not have, wherever they are listed: StackSets want all that are covered."""
    account = config.central_account
    missing = {config.home_region, *covered} - set(enabled)
    message = f"not enabled in the central account {account}: enable it (Account settings), or take it out"
    if config.home_region in missing:
        yield config.source.problem(("central", "region"), message)
    for file in config.layer_files():
        for index, region in enumerate(file.layer.get("regions") or ()):
            if region in missing:
                yield file.problem(("regions", index), message)


def _check_layer(file: LayerFile, home: str | None) -> Iterator[Problem]:
    listed = file.layer.get("regions")
    for index, region in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(region, str) and REGION.fullmatch(region):
            yield from _check(region, file.source, (*file.at, "regions", index), home)


def _check(region: str, source: YamlSource, at: KeyPath, home: str | None) -> Iterator[Problem]:
    partition = partitions().get(region)
    if partition is None:
        near = _nearest(region)
        hint = f"; did you mean {near}?" if near else ""
        yield source.problem(at, f"no region that botocore knows{hint} (for a new one: pip install -U botocore)")
    elif home is not None and partition != home:
        yield source.problem(at, f"of partition {partition}, but the home region is of {home}: they cannot be mixed")


def _nearest(region: str) -> str | None:
    return next(iter(difflib.get_close_matches(region, partitions(), n=1, cutoff=0.6)), None)
