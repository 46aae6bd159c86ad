"""Registry settings of OUs: a StackSet for each distinct content, desired in the OUs that have that content. Pure.

Another registry setting needs a module like `templates.registry_scanning` and an entry in RESOURCES.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from troposphere import Template

from deployer.planning.families import DesiredStackSet, Family
from deployer.settings import Compiled
from deployer.settings.native import compile_native
from deployer.stack_sets import StackSetDefinition
from deployer.targets import Coverage, Regions
from handler.settings import Settings
from templates import registry_creation_templates, registry_scanning
from templates.creation_templates import CreationTemplates
from templates.names import Names
from templates.parts import body
from templates.per_ou import Content, PerOuResource


def _creation_templates(settings: Settings, policies: Mapping[str, str]) -> CreationTemplates | None:
    compilation = compile_native(settings, policies)
    return compilation.creation_templates if compilation else None


RESOURCES: tuple[PerOuResource[Any], ...] = (
    PerOuResource(
        name=registry_scanning.NAME,
        content=lambda settings, _: registry_scanning.content(settings),
        description=registry_scanning.description,
        template=lambda names, content, _: registry_scanning.template(names, content),
        afterwards=registry_scanning.AFTERWARDS,
    ),
    PerOuResource(
        name=registry_creation_templates.NAME,
        content=_creation_templates,
        description=registry_creation_templates.description,
        template=registry_creation_templates.template,
        afterwards=registry_creation_templates.AFTERWARDS,
        after_forwarding=True,  # so that every creation is recorded
    ),
)
"""Each with a content of its own type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A per-OU resource with one content, and the OUs and accounts that require it."""

    resource: str
    """Its name, as in `registry-scanning`."""
    family: Family
    stack_set: str
    description: str
    template: Template = field(repr=False)
    coverage: Coverage
    depends_on: tuple[str, ...] = ()
    """StackSets that AWS deploys to a new account before this one."""

    @property
    def file_name(self) -> str:
        """Its StackSet's name without the prefix, as other templates are filed."""
        return f"{self.resource}-{self.digest}"

    @property
    def digest(self) -> str:
        """Of its content, as its StackSet is named."""
        return self.stack_set.rpartition("-")[2]


def families(names: Names) -> tuple[Family, ...]:
    """One for each per-OU resource, whether any settings require it now or not."""
    return tuple(_family(one, names) for one in RESOURCES)


def variants(compiled: Compiled, names: Names) -> tuple[Variant, ...]:
    """Every distinct content of every per-OU resource, by the name of its StackSet."""
    found = (variant for resource in RESOURCES for variant in _variants(resource, compiled, names))
    return tuple(sorted(found, key=lambda one: one.stack_set))


def desired_stack_sets(found: tuple[Variant, ...]) -> Iterator[DesiredStackSet]:
    """The variants as StackSets, unless only the management account requires it, which gets a stack of its own."""
    for variant in found:
        coverage = variant.coverage
        if not coverage.ous and coverage.accounts.keys() <= {coverage.organization.management_account_id}:
            continue
        yield DesiredStackSet(
            definition=StackSetDefinition(
                name=variant.stack_set,
                description=variant.description,
                body=body(variant.template),
                depends_on=variant.depends_on,
            ),
            coverage=coverage,
            family=variant.family,
        )


def companion_bodies(compiled: Compiled, account_id: str, names: Names) -> Iterator[tuple[str, str]]:
    """Stacks for an account that StackSets do not deploy to: name and template of each resource that it requires."""
    for resource in RESOURCES:
        content = _Contents(resource, compiled).of(compiled.settings_for_account(account_id))
        if content is not None:
            yield resource.stack(names), body(resource.build(names, content))


def companion_names(names: Names) -> tuple[str, ...]:
    """Every stack that `companion_bodies` may name."""
    return tuple(resource.stack(names) for resource in RESOURCES)


def _family(resource: PerOuResource[Content], names: Names) -> Family:
    return Family(
        prefix=resource.stack_set_prefix(names),
        afterwards=resource.afterwards,
        before_central=resource.after_forwarding,
    )


def _variants(resource: PerOuResource[Content], compiled: Compiled, names: Names) -> Iterator[Variant]:
    organization, contents = compiled.organization, _Contents(resource, compiled)
    ous = contents.regions_by_content((id_, compiled.settings_for_ou(id_)) for id_ in organization.ous)
    accounts = contents.regions_by_content((id_, compiled.settings_for_account(id_)) for id_ in organization.accounts)
    for content in {**ous, **accounts}:
        yield Variant(
            resource=resource.name,
            family=_family(resource, names),
            stack_set=resource.stack_set(names, content),
            description=resource.description(content),
            template=resource.build(names, content),
            coverage=Coverage(organization=organization, ous=ous.get(content, {}), accounts=accounts.get(content, {})),
            depends_on=resource.depends_on(names),
        )


class _Contents(Generic[Content]):
    """The contents of a resource. Most accounts share the settings of their OU, whose content is compiled once."""

    def __init__(self, resource: PerOuResource[Content], compiled: Compiled) -> None:
        self._resource = resource
        self._policies = {name: document.text for name, document in compiled.config.documents.items()}
        self._compiled: dict[int, tuple[Settings, Content | None]] = {}

    def of(self, settings: Settings) -> Content | None:
        """None if the settings require nothing."""
        if not settings.enabled:
            return None
        if id(settings) not in self._compiled:
            self._compiled[id(settings)] = settings, self._resource.content(settings, self._policies)
        return self._compiled[id(settings)][1]

    def regions_by_content(self, every: Iterable[tuple[str, Settings]]) -> dict[Content, dict[str, Regions]]:
        """Ids of OUs or accounts and their regions, for each content that they require."""
        found: dict[Content, dict[str, Regions]] = defaultdict(dict)
        for id_, settings in every:
            if (content := self.of(settings)) is not None:
                found[content][id_] = frozenset(settings.regions)
        return found
