"""The desired state, from the compiled settings: templates, zip, and the targets of StackSets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployer.bundle import Bundle
from deployer.planning import per_ou
from deployer.planning.families import DesiredStackSet
from deployer.planning.opt_in import OptInRegion
from deployer.planning.states import DesiredState, StackKey
from deployer.planning.synthesis import function_url_of, synthesize
from deployer.settings import Compiled
from deployer.stack_sets import StackSetDefinition
from deployer.stacks import StackDefinition
from deployer.targets import Coverage, Regions, Scope
from handler.settings import Settings
from templates import access, forwarding
from templates.names import Names
from templates.parts import body


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The desired state, and the zip that it names."""

    desired: DesiredState
    bundle: Bundle
    names: Names


def deployment_for(
    compiled: Compiled,
    *,
    scope: Scope,
    partition: str,
    enabled_regions: Iterable[str] = (),
    opt_in_regions: tuple[OptInRegion, ...] = (),
) -> Deployment:
    """The desired state for the config files.

    In `enabled_regions`, and in those of the config files, a companion stack of earlier settings may be left.
    `opt_in_regions` are those of the config files that the management account must have enabled too.
    """
    organization, home = compiled.organization, compiled.config.home_region
    synthesis = synthesize(compiled, partition=partition)
    names, bundle = synthesis.names, synthesis.bundle
    covered = _coverage(compiled)
    bodies = {
        names.access_stack_set: body(synthesis.access),
        names.forwarding_stack_set: body(synthesis.forwarding),
    }
    is_management = compiled.config.central_account == organization.management_account_id
    desired = DesiredState(
        organization=organization,
        scope=scope,
        artifacts=StackDefinition(name=names.artifacts_stack, region=home, body=body(synthesis.artifacts)),
        bundle_key=bundle.key,
        settings_json=compiled.settings_json,
        central=StackDefinition(name=names.central_stack, region=home, body=body(synthesis.central)),
        stack_sets=(
            DesiredStackSet(
                definition=StackSetDefinition(
                    name=names.access_stack_set, description=access.DESCRIPTION, body=bodies[names.access_stack_set]
                ),
                coverage=_at_home(covered, home),
                follows=covered,
                loss=access.LOSS,
            ),
            DesiredStackSet(
                definition=StackSetDefinition(
                    name=names.forwarding_stack_set,
                    description=forwarding.DESCRIPTION,
                    body=bodies[names.forwarding_stack_set],
                    depends_on=(names.access_stack_set,),
                ),
                coverage=covered,
                loss=forwarding.LOSS,
            ),
            *per_ou.desired_stack_sets(synthesis.per_ou),
        ),
        families=per_ou.families(names),
        covered=covered,
        function_url=function_url_of(compiled),
        configured_url=compiled.config.function_url.text if compiled.config.function_url else None,
        companions=tuple(_companions(compiled, scope, names, bodies)) if is_management else (),
        former_companions=tuple(_former_companions(compiled, scope, names, enabled_regions)) if is_management else (),
        management_is_caller=is_management,
        opt_in_regions=opt_in_regions,
    )
    return Deployment(desired=desired, bundle=bundle, names=names)


def is_stack_set_of(names: Names, stack_set: str) -> bool:
    """Whether a desired state with these names has, or once had, a StackSet of that name."""
    families = per_ou.families(names)
    return stack_set in {names.access_stack_set, names.forwarding_stack_set} or any(
        family.has(stack_set) for family in families
    )


def _coverage(compiled: Compiled) -> Coverage:
    organization = compiled.organization
    return Coverage(
        organization=organization,
        ous={ou_id: _regions(compiled.settings_for_ou(ou_id)) for ou_id in organization.ous},
        accounts={
            account_id: _regions(compiled.settings_for_account(account_id)) for account_id in organization.accounts
        },
    )


def _regions(settings: Settings) -> Regions:
    return frozenset(settings.regions) if settings.enabled else frozenset()


def _at_home(covered: Coverage, home: str) -> Coverage:
    """IAM is global: an account that requires anything requires the roles once."""
    return Coverage(
        organization=covered.organization,
        ous={ou_id: frozenset({home}) if regions else regions for ou_id, regions in covered.ous.items()},
        accounts={
            account_id: frozenset({home}) if regions else regions for account_id, regions in covered.accounts.items()
        },
    )


def _companions(compiled: Compiled, scope: Scope, names: Names, bodies: Mapping[str, str]) -> Iterator[StackDefinition]:
    """The same templates as stacks, for the management account, which StackSets never deploy to."""
    if not _has_management(scope, compiled):
        return
    management = compiled.organization.management_account_id
    settings = compiled.settings_for_account(management)
    regions = sorted(_regions(settings) if scope.regions is None else _regions(settings) & scope.regions)
    every = {**bodies, **dict(per_ou.companion_bodies(compiled, management, names))}
    for key in _companion_keys(names, compiled.config.home_region, regions) if regions else ():
        if key.name in every:
            yield StackDefinition(name=key.name, region=key.region, body=every[key.name])


def _former_companions(
    compiled: Compiled, scope: Scope, names: Names, enabled_regions: Iterable[str]
) -> Iterator[StackKey]:
    """Roles serve every region, so they are only deleted if all regions are in the scope."""
    if not _has_management(scope, compiled):
        return
    home, known = compiled.config.home_region, {*compiled.regions, *enabled_regions}
    keys = _companion_keys(names, home, sorted(known if scope.regions is None else known & scope.regions))
    yield from (key for key in keys if scope.regions is None or key.name != names.access_stack_set)


def _has_management(scope: Scope, compiled: Compiled) -> bool:
    organization = compiled.organization
    return scope.has_account(organization, organization.management_account_id)


def _companion_keys(names: Names, home: str, regions: Iterable[str]) -> Iterator[StackKey]:
    yield StackKey(names.access_stack_set, home)
    for name in (names.forwarding_stack_set, *per_ou.companion_names(names)):
        yield from (StackKey(name, region) for region in regions)
