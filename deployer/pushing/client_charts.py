"""The repository of a Helm chart: its registry, and the name in the archive's Chart.yaml."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import Final

import yaml

from deployer.pushing.client_destinations import InChart

_CHART_FILE: Final = re.compile(r"(?:\./)?[^/]+/Chart\.yaml")
_CHART_BYTES: Final = 1_048_576
_FILE_NAME: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*?)-v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?\.tgz", re.ASCII)
"""https://helm.sh/docs/helm/helm_package/: the name and the version."""


def chart_reference(chart: InChart) -> str | None:
    """Where a chart is pushed to; None if neither its archive nor the archive's name has the chart's name."""
    name = _name_in(Path(chart.archive)) or _name_of(chart.archive)
    return f"{chart.registry.rstrip('/')}/{name}" if name else None


def _name_in(path: Path) -> str | None:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if _CHART_FILE.fullmatch(member.name) else None
                if file is not None:
                    document = yaml.safe_load(file.read(_CHART_BYTES))
                    return str(document["name"])
    except (OSError, EOFError, tarfile.TarError, yaml.YAMLError, KeyError, TypeError, ValueError):
        pass
    return None


def _name_of(path: str) -> str | None:
    match = _FILE_NAME.fullmatch(Path(path).name)
    return match["name"] if match else None
