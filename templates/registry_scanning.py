"""How a registry scans images, one StackSet for each distinct content. It replaces the registry's configuration.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-registryscanningconfiguration.html
"""

from __future__ import annotations

from dataclasses import replace

from troposphere import Template, ecr

from handler.settings import Scanning, Settings
from templates.names import Names
from templates.parts import compose

NAME = "registry-scanning"
MAX_FILTERS_LENGTH = 200
"""Maximum length of the filters in a description."""
AFTERWARDS = "ECR's default, manual basic scanning; if scanning was ENHANCED, Amazon Inspector is switched off"
"""The configuration after CloudFormation deleted the resource
(https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2516)."""


def content(settings: Settings) -> Scanning | None:
    """The configured scanning, or None; configurations of the same effect are equal."""
    scanning = settings.registry.scanning
    if scanning.type is None:
        return None
    is_manual = scanning.frequency == "MANUAL"
    return replace(scanning, filters=() if is_manual else tuple(sorted(set(scanning.filters))))


def description(scanning: Scanning) -> str:
    """Type, frequency and filters, as far as they fit."""
    filters = " ".join(scanning.filters)
    shown = filters if len(filters) <= MAX_FILTERS_LENGTH else f"{len(scanning.filters)} filters"
    return f"deployer: ECR scans images {scanning.type} {scanning.frequency} {shown}".rstrip()


def template(names: Names, scanning: Scanning) -> Template:
    """The registry's configuration. CloudFormation has no MANUAL frequency: manual scanning means no rules."""
    del names
    filters = [ecr.RepositoryFilter(Filter=text, FilterType="WILDCARD") for text in scanning.filters]
    rules = [ecr.ScanningRule(RepositoryFilters=filters, ScanFrequency=scanning.frequency)] if filters else []
    configuration = ecr.RegistryScanningConfiguration("RegistryScanning", ScanType=scanning.type, Rules=rules)
    return compose(description(scanning), [configuration])
