"""How a registry scans images, one StackSet for each distinct content: it replaces whatever the registry has.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-registryscanningconfiguration.html
"""

from __future__ import annotations

from dataclasses import replace

from troposphere import Template, ecr

from handler.settings import Scanning, Settings
from templates.names import Names
from templates.parts import compose

NAME = "registry-scanning"
SHOWN = 200
"""Characters of filters that a description has room for."""
AFTERWARDS = "ECR's default, basic scanning started by hand; where it was ENHANCED, Amazon Inspector is switched off"
"""What CloudFormation leaves when it deletes the resource
(https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2516)."""


def content(settings: Settings) -> Scanning | None:
    """What is asked for, if anything is; what has the same effect is equal."""
    scanning = settings.registry.scanning
    if scanning.type is None:
        return None
    is_manual = scanning.frequency == "MANUAL"
    return replace(scanning, filters=() if is_manual else tuple(sorted(set(scanning.filters))))


def description(scanning: Scanning) -> str:
    """Type, frequency and filters, as far as they fit."""
    filters = " ".join(scanning.filters)
    shown = filters if len(filters) <= SHOWN else f"{len(scanning.filters)} filters"
    return f"deployer: ECR scans images {scanning.type} {scanning.frequency} {shown}".rstrip()


def template(names: Names, scanning: Scanning) -> Template:
    """The registry's one configuration. To scan by hand only is to have no rules: CloudFormation knows no MANUAL."""
    del names
    filters = [ecr.RepositoryFilter(Filter=text, FilterType="WILDCARD") for text in scanning.filters]
    rules = [ecr.ScanningRule(RepositoryFilters=filters, ScanFrequency=scanning.frequency)] if filters else []
    configuration = ecr.RegistryScanningConfiguration("RegistryScanning", ScanType=scanning.type, Rules=rules)
    return compose(description(scanning), [configuration])
