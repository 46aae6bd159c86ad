"""Functions that read synthesized templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Template

from handler.settings import Encryption, Scanning
from templates import access, artifacts, central, forwarding, registry_creation_templates, registry_scanning
from templates.creation_templates import ROOT, CreationTemplate, CreationTemplates
from templates.names import Names
from templates.notices import Notifications

DIGEST = "0123456789abcdef" * 4

SCANNING = Scanning(type="ENHANCED", frequency="CONTINUOUS_SCAN", filters=("prod-*", "team-a/*"))

CREATION_TEMPLATES = CreationTemplates(
    templates=(
        CreationTemplate(
            prefix=ROOT,
            image_tag_mutability="MUTABLE",
            mutability_exclusions=(),
            encryption=Encryption(),
            lifecycle_policy=None,
            repository_policy=None,
            tags=(),
        ),
        CreationTemplate(
            prefix="team-a",
            image_tag_mutability="IMMUTABLE",
            mutability_exclusions=("latest", "dev-*"),
            encryption=Encryption(type="KMS", kms_key="alias/{account}"),
            lifecycle_policy='{"rules":[{"action":{"type":"expire"},"rulePriority":1,"selection":{"countNumber":7,'
            '"countType":"sinceImagePushed","countUnit":"days","tagStatus":"untagged"}}]}',
            repository_policy='{"Statement":[{"Action":"ecr:BatchGetImage","Condition":{"StringEquals":'
            '{"aws:PrincipalOrgID":"o-exampleorg1"}},"Effect":"Allow","Principal":"*","Sid":"Pull"}],'
            '"Version":"2012-10-17"}',
            tags=(("env", "prod"), ("registry", "{account}-{region}")),
        ),
    ),
    denied=("**/tmp-*", "scratch/**"),
)

Templates = Mapping[str, Template]


def synthesize(names: Names) -> dict[str, Template]:
    """The templates with every option that adds to them."""
    return {
        "artifacts": artifacts.template(names),
        "central": central.template(
            names,
            handler_digest=DIGEST,
            options=central.Options(
                cleanup=True, notifications=Notifications(topic="create"), tracing=True, function_url=True
            ),
        ),
        "access": access.template(names, uses_kms=True, cleanup=True, answers_requests=True),
        "forwarding": forwarding.template(names),
        "registry-scanning": registry_scanning.template(names, SCANNING),
        "registry-creation-templates": registry_creation_templates.template(names, CREATION_TEMPLATES, "0123abcd"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStatement:
    """A policy statement and its location, such as `access.CreatorRole.AssumeRolePolicyDocument`."""

    place: str
    statement: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.place}#{self.statement['Sid']}"

    @property
    def actions(self) -> list[str]:
        return as_list(self.statement["Action"])

    @property
    def resources(self) -> list[str]:
        return [literal(resource) for resource in as_list(self.statement.get("Resource", []))]

    @property
    def conditions(self) -> dict[str, dict[str, Any]]:
        return dict(self.statement.get("Condition", {}))


def statements(templates: Templates) -> Iterator[PlacedStatement]:
    """Every policy statement of every template."""
    for name, template in templates.items():
        for logical_id, resource in resources(template).items():
            yield from _statements(f"{name}.{logical_id}", resource["Properties"])


def resources(template: Template) -> dict[str, Any]:
    """Resources as plain data, by logical id."""
    found: dict[str, Any] = _plain(template)["Resources"]
    return found


def _plain(template: Template) -> dict[str, Any]:
    """Kept with the template, which no test changes afterwards: troposphere's hash would write all of it."""
    kept = vars(template)
    if "plain" not in kept:
        kept["plain"] = template.to_dict()
    plain: dict[str, Any] = kept["plain"]
    return plain


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def literal(value: Any) -> str:
    """A resource as text; references to the same template are written as `${Name.Attribute}`."""
    if isinstance(value, str):
        return value
    if "Fn::Sub" in value:
        return str(value["Fn::Sub"])
    if "Fn::GetAtt" in value:
        return "${" + ".".join(value["Fn::GetAtt"]) + "}"
    return f"${{{value['Ref']}}}"


def _statements(place: str, properties: Any) -> Iterator[PlacedStatement]:
    if isinstance(properties, list):
        for item in properties:
            yield from _statements(place, item)
    elif isinstance(properties, dict):
        if {"Effect", "Action"} <= properties.keys():
            yield PlacedStatement(place=place, statement=properties)
        else:
            for key, value in properties.items():
                yield from _statements(f"{place}.{key}" if key.endswith("Document") else place, value)
