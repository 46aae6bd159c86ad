"""Puts `deployer doctor` together: config files, and the actual state that AWS reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from troposphere import Template

from deployer import settings
from deployer.aws.doctor import names as name_reads
from deployer.aws.doctor import organization as reads
from deployer.aws.doctor import quotas as quota_reads
from deployer.aws.doctor import sdk
from deployer.aws.doctor import trails as trail_reads
from deployer.aws.doctor.attempts import attempt
from deployer.aws.doctor.quotas import Added
from deployer.aws.installations import InstallationFinder
from deployer.aws.opt_in_regions import NEEDS_NO_OPT_IN
from deployer.aws.preconditions import call_as_of
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import stack_set_reader
from deployer.clock import Clock
from deployer.composition.installation import Installation
from deployer.doctor.actual_state import ActualState, Caller, Coverage, Existing, OrganizationSummary, Quota, Unread
from deployer.doctor.resource_names import IAM_ROLE, STACK, STACK_SET, ResourceName, names_in, stack_sets_held
from deployer.organization import Organization
from deployer.planning import per_ou
from deployer.planning.other_installations import FoundInstallation
from deployer.planning.synthesis import Synthesis, synthesize
from deployer.settings import Compiled, Config
from templates import function_url, registry_creation_templates
from templates.lambdas import RUNTIME
from templates.names import Names

CENTRAL_SERVICES = (
    "cloudformation", "cloudtrail", "cloudwatch", "dynamodb", "ecr", "events", "lambda", "logs", "s3", "sns", "sqs",
    "sts",
)  # fmt: skip
"""Services that the central stacks use, in the home region."""

MEMBER_SERVICES = ("cloudformation", "cloudtrail", "ecr", "events", "sqs", "sts")
"""Services that are used in every covered region."""


def gather(config_directory: Path, *, profile: str | None, clock: Clock) -> ActualState:
    """Read all that the checks judge. Only broken config files raise; what AWS refuses becomes `Unread`."""
    installation = Installation.connect(config_directory, profile=profile)
    config, session = installation.config, installation.session
    home = config.home_region
    caller = reads.caller(session)
    summary = reads.summary(session, caller)
    organization = reads.tree(session, caller)
    compiled, problems = _compile(config, organization)
    names = _names(config, session, caller, summary)
    coverage = _coverage(compiled, organization, names)
    central_regions = reads.central_regions(session, caller, region=home)
    stack_sets = _stack_sets(session, caller, organization, clock=clock)
    installations, unread_regions = _installations(session, caller, organization, names, central_regions, clock=clock)
    return ActualState(
        names=names,
        organization_id=config.organization_id,
        runtime=RUNTIME,
        known_runtimes=sdk.known_runtimes(),
        missing_endpoints=sdk.missing_endpoints(
            _needed_services(names, () if isinstance(coverage, Unread) else coverage.all_regions),
            partition=names.partition,
        ),
        caller=caller,
        summary=summary,
        organization=organization,
        trusted_access=reads.trusted_access(session, organization, region=home),
        delegated=reads.delegated(session, caller),
        config_problems=problems,
        coverage=coverage,
        central_regions=central_regions,
        opt_in_regions=reads.opt_in_regions(
            session,
            _opt_in(names, summary, coverage, central_regions),
            management=None if isinstance(summary, Unread) else summary.management_account,
        ),
        trails=trail_reads.trails(session, caller, region=home),
        policies=reads.policies(session, caller),
        quotas=_quotas(session, caller, stack_sets, compiled, coverage),
        existing=_existing(session, caller, compiled, names, coverage, stack_sets),
        installations=installations,
        unread_regions=unread_regions,
        creation_templates={} if isinstance(compiled, Unread) else _creation_templates(compiled, names),
        has_function_url=config.ensure_url and function_url.is_available(home),
    )


def _compile(config: Config, organization: Organization | Unread) -> tuple[Compiled | Unread, tuple[str, ...]]:
    """The settings, and what does not fit the organization."""
    if isinstance(organization, Unread):
        return organization, ()
    try:
        return settings.compile(config, organization), ()
    except settings.InvalidConfigurationError as error:
        reason = "the config files do not match the organization"
        return Unread(action="", reason=reason), tuple(str(problem) for problem in error.problems)


def _names(config: Config, session: Session, caller: Caller | Unread, summary: OrganizationSummary | Unread) -> Names:
    return config.names(
        partition=None if isinstance(caller, Unread) else session.identity.partition,
        organization_id=None if isinstance(summary, Unread) else summary.id,
    )


def _coverage(compiled: Compiled | Unread, organization: Organization | Unread, names: Names) -> Coverage | Unread:
    """Accounts that a roll-out reaches; the management account only if `deployer` runs there."""
    if isinstance(compiled, Unread) or isinstance(organization, Unread):
        return compiled if isinstance(compiled, Unread) else Unread(action="", reason="the organization is not known")
    management = organization.management_account_id
    accounts = [
        account.id
        for account in organization.accounts.values()
        if account.is_active and (account.id != management or compiled.config.central_account == management)
    ]
    regions = {account: covered for account in accounts if (covered := compiled.regions_of(account))}
    pulls = any("pull" in compiled.settings_for_account(account).create.on for account in regions)
    digests = {
        account: variant.digest
        for variant in _template_variants(compiled, names)
        for account in variant.coverage.accounts
    }
    templates = {account: digest for account, digest in digests.items() if account in regions}
    return Coverage(regions=regions, handles_pulls=pulls, creation_templates=templates)


def _opt_in(
    names: Names,
    summary: OrganizationSummary | Unread,
    coverage: Coverage | Unread,
    central_regions: Mapping[str, str] | Unread,
) -> dict[str, tuple[str, ...]]:
    """Opt-in regions to ask about, by account: all of them for the management account, their own for members."""
    if isinstance(coverage, Unread) or isinstance(central_regions, Unread):
        return {}
    opt_in = {region for region, status in central_regions.items() if status != NEEDS_NO_OPT_IN}
    every = tuple(sorted(opt_in & {*coverage.all_regions, names.central_region}))
    asked = {account: tuple(sorted(opt_in.intersection(regions))) for account, regions in coverage.regions.items()}
    if not isinstance(summary, Unread):
        asked = {summary.management_account: every} | asked
    asked.pop(names.central_account, None)  # DescribeRegions has those
    return {account: regions for account, regions in asked.items() if regions}


def _stack_sets(
    session: Session, caller: Caller | Unread, organization: Organization | Unread, *, clock: Clock
) -> Mapping[str, str] | Unread:
    """Descriptions of all StackSets, by name."""
    if isinstance(organization, Unread):
        return organization
    reader = stack_set_reader(
        session,
        call_as=call_as_of(session.identity.account, organization),
        clock=clock,
    )
    return quota_reads.stack_sets(reader, caller)


def _installations(  # noqa: PLR0913 - all that was read before
    session: Session,
    caller: Caller | Unread,
    organization: Organization | Unread,
    names: Names,
    central_regions: Mapping[str, str] | Unread,
    *,
    clock: Clock,
) -> tuple[tuple[FoundInstallation, ...] | Unread, Mapping[str, str]]:
    """All installations in the organization, and the regions that could not be read."""
    if isinstance(caller, Unread):
        return caller, {}
    if isinstance(organization, Unread):
        return organization, {}
    if isinstance(central_regions, Unread):
        return central_regions, {}
    finder = InstallationFinder(
        session=session,
        call_as=call_as_of(session.identity.account, organization),
        names=names,
        regions=[region for region, status in central_regions.items() if status != "not-opted-in"],
        clock=clock,
    )
    here = attempt("cloudformation:ListStackSets", finder.here)
    if isinstance(here, Unread):
        return here, {}
    elsewhere, unread = finder.elsewhere()
    return (*here, *elsewhere), unread


def _quotas(
    session: Session,
    caller: Caller | Unread,
    stack_sets: Mapping[str, str] | Unread,
    compiled: Compiled | Unread,
    coverage: Coverage | Unread,
) -> tuple[Quota, ...]:
    if isinstance(compiled, Unread) or isinstance(coverage, Unread):
        return ()
    made = synthesize(compiled)
    stack_set_names = {made.names.access_stack_set, made.names.forwarding_stack_set}
    stack_set_names |= {one.definition.name for one in per_ou.desired_stack_sets(made.per_ou)}
    is_rolled_out = not isinstance(stack_sets, Unread) and made.names.access_stack_set in stack_sets
    roles = [one for one in _templates_names(made, coverage) if one.type == IAM_ROLE]
    added = Added(
        stack_sets=frozenset(stack_set_names),
        instances=sum(len(regions) for regions in coverage.regions.values()),
        roles=0 if is_rolled_out else len(roles),
    )
    return quota_reads.quotas(session, caller, stack_sets, added)


def _creation_templates(compiled: Compiled, names: Names) -> dict[str, int]:
    """How many creation templates each native OU or account requires in each of its registries."""
    organization = compiled.organization
    return {
        owner: sum(
            one.resource_type == registry_creation_templates.TEMPLATE_TYPE
            for one in variant.template.resources.values()
        )
        for variant in _template_variants(compiled, names)
        for owner in (*map(organization.path, variant.coverage.ous), *variant.coverage.accounts)
    }


def _template_variants(compiled: Compiled, names: Names) -> Iterator[per_ou.Variant]:
    """Every distinct content of creation templates."""
    return (one for one in per_ou.variants(compiled, names) if one.resource == registry_creation_templates.NAME)


def _existing(  # noqa: PLR0913, PLR0917 - all that was read before
    session: Session,
    caller: Caller | Unread,
    compiled: Compiled | Unread,
    names: Names,
    coverage: Coverage | Unread,
    stack_sets: Mapping[str, str] | Unread,
) -> tuple[Existing, ...] | Unread:
    if isinstance(caller, Unread):
        return caller
    if caller.account != names.central_account:
        return Unread(action="", reason=f"the credentials are of account {caller.account}")
    if isinstance(compiled, Unread) or isinstance(coverage, Unread):
        return compiled if isinstance(compiled, Unread) else Unread(action="", reason="nothing is covered")
    made = synthesize(compiled, partition=names.partition)
    stacks = (
        ResourceName(type=STACK, name=name, region=names.central_region, description=_description(template))
        for name, template in ((names.artifacts_stack, made.artifacts), (names.central_stack, made.central))
    )
    found = name_reads.existing(session, names, (*stacks, *_templates_names(made, coverage)))
    return (*found, *stack_sets_held(_stack_set_names(made), stack_sets))


def _stack_set_names(made: Synthesis) -> Iterator[ResourceName]:
    """The StackSets of a roll-out, each with the start of its description."""
    of_all = ((made.names.access_stack_set, made.access), (made.names.forwarding_stack_set, made.forwarding))
    for name, template in (*of_all, *((one.stack_set, one.template) for one in made.per_ou)):
        yield ResourceName(
            type=STACK_SET, name=name, region=made.names.central_region, description=_description(template)
        )


def _templates_names(made: Synthesis, coverage: Coverage) -> Iterator[ResourceName]:
    """What all templates name in the central account, which may be covered as a member itself."""
    names = made.names
    for template in (made.artifacts, made.central):
        yield from names_in(template.to_dict(), region=names.central_region)
    for region in coverage.regions.get(names.central_account, ()):
        yield from names_in(made.forwarding.to_dict(), region=region)
    if names.central_account in coverage.regions:
        yield from names_in(made.access.to_dict(), region=names.central_region)


def _description(template: Template) -> str:
    """What the descriptions of all of deployer's templates begin with."""
    return str(template.to_dict()["Description"]).split(":", maxsplit=1)[0] + ":"


def _needed_services(names: Names, covered: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Services that deployer uses, by region."""
    return dict.fromkeys(covered, MEMBER_SERVICES) | {names.central_region: CENTRAL_SERVICES}
