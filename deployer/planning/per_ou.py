"""Registry settings of OUs: a StackSet for each distinct content, desired in the OUs that have that content. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from troposphere import Template

from deployer.planning.families import DesiredStackSet, Family
from deployer.settings import Compiled
from deployer.stack_sets import StackSetDefinition
from deployer.targets import Coverage, Regions
from handler.settings import Settings
from templates.names import Names
from templates.parts import body
from templates.per_ou import RESOURCES, Content, PerOuResource


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

    @property
    def file_name(self) -> str:
        """Its StackSet's name without the prefix, as other templates are filed."""
        return f"{self.resource}-{self.stack_set.rpartition('-')[2]}"


def families(names: Names) -> tuple[Family, ...]:
    """One for each per-OU resource, whether any settings require it now or not."""
    return tuple(_family(one, names) for one in RESOURCES)


def variants(compiled: Compiled, names: Names) -> tuple[Variant, ...]:
    """Every distinct content of every per-OU resource, by the name of its StackSet."""
    found = (variant for resource in RESOURCES for variant in _variants(resource, compiled, names))
    return tuple(sorted(found, key=lambda one: one.stack_set))


def desired_stack_sets(found: tuple[Variant, ...]) -> Iterator[DesiredStackSet]:
    """The variants as StackSets."""
    for variant in found:
        yield DesiredStackSet(
            definition=StackSetDefinition(
                name=variant.stack_set, description=variant.description, body=body(variant.template)
            ),
            coverage=variant.coverage,
            family=variant.family,
        )


def companion_bodies(settings: Settings, names: Names) -> Iterator[tuple[str, str]]:
    """Stacks for an account that StackSets do not deploy to: name and template of each resource that it requires."""
    for resource in RESOURCES:
        if settings.enabled and (content := resource.content(settings)) is not None:
            yield resource.stack(names), body(resource.template(names, content))


def companion_names(names: Names) -> tuple[str, ...]:
    """Every stack that `companion_bodies` may name."""
    return tuple(resource.stack(names) for resource in RESOURCES)


def _family(resource: PerOuResource[Content], names: Names) -> Family:
    return Family(prefix=resource.stack_set_prefix(names), afterwards=resource.afterwards)


def _variants(resource: PerOuResource[Content], compiled: Compiled, names: Names) -> Iterator[Variant]:
    organization = compiled.organization
    ous: dict[Content, dict[str, Regions]] = defaultdict(dict)
    accounts: dict[Content, dict[str, Regions]] = defaultdict(dict)
    for ou_id in organization.ous:
        _sort_in(ous, ou_id, compiled.settings_for_ou(ou_id), resource)
    for account_id in organization.accounts:
        _sort_in(accounts, account_id, compiled.settings_for_account(account_id), resource)
    for content in {**ous, **accounts}:
        yield Variant(
            resource=resource.name,
            family=_family(resource, names),
            stack_set=resource.stack_set(names, content),
            description=resource.description(content),
            template=resource.template(names, content),
            coverage=Coverage(organization=organization, ous=ous[content], accounts=accounts[content]),
        )


def _sort_in(
    found: dict[Content, dict[str, Regions]], id_: str, settings: Settings, resource: PerOuResource[Content]
) -> None:
    if settings.enabled and (content := resource.content(settings)) is not None:
        found[content][id_] = frozenset(settings.regions)
