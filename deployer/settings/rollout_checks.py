"""What `rollout:` of organization.yaml says that does not come true: for `validate`, before anybody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator

from deployer.operation_preferences import cautions, standing_cautions
from deployer.organization import Organization
from deployer.settings.config import Config
from deployer.settings.messages import nearest
from deployer.settings.problems import Problem, Severity
from deployer.targets import Scope
from deployer.waves import EVERYTHING_ELSE, plan_waves, unknown_names, unnamed_accounts

_SHOWN = 3


def unsound(config: Config) -> Iterator[Problem]:
    """What shows without the organization."""
    for key, message in standing_cautions(config.rollout.preferences):
        yield _warning(config, (key,), message)
    waves = config.rollout.waves
    if any(EVERYTHING_ELSE in wave and len(wave) > 1 for wave in waves):
        yield _warning(config, ("waves",), "`*` is everything that no wave names: what stands beside it goes with it")


def misnamed(config: Config, organization: Organization) -> Iterator[Problem]:
    """Errors: waves that name what there is not."""
    for number, place, message in unknown_names(config.rollout.waves, organization):
        yield config.source.problem(("rollout", "waves", number, place), message)


def unsound_in(
    config: Config, organization: Organization, regions_of: Callable[[str], Collection[str]]
) -> Iterator[Problem]:
    """What shows once accounts are known; `regions_of` says where an account is covered."""
    waves = config.rollout.waves
    if left := unnamed_accounts(waves, organization):
        listed = ", ".join(left[:_SHOWN]) + (f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else "")
        yield _warning(config, ("waves",), f"no wave has `*`: {listed} go last, in a wave of their own")
    yield from _unused_regions(config, organization, regions_of)
    seen = {problem.key for problem in unsound(config)}
    for accounts in sorted(_operation_sizes(config, organization, regions_of), reverse=True):
        for key, message in cautions(config.rollout.preferences, accounts):
            problem = _warning(config, (key,), message)
            if problem.key not in seen:
                seen.add(problem.key)
                yield problem


def _unused_regions(
    config: Config, organization: Organization, regions_of: Callable[[str], Collection[str]]
) -> Iterator[Problem]:
    """Regions of the order in which nothing is rolled out: AWS is never told of them."""
    used = {region for account in organization.accounts for region in regions_of(account)}
    for place, region in enumerate(config.rollout.preferences.region_order):
        if region not in used:
            near = nearest(region, sorted(used))
            hint = f"; did you mean {near}?" if near else ""
            message = f"no OU or account is covered in {region}, so it has no place in the order{hint}"
            yield _warning(config, ("region_order", place), message)


def _operation_sizes(
    config: Config, organization: Organization, regions_of: Callable[[str], Collection[str]]
) -> set[int]:
    """How many accounts a first roll-out has in a region, for each wave."""
    waves = plan_waves(config.rollout.waves, organization, Scope.whole(organization))
    parts = [wave.accounts for wave in waves] or [frozenset(organization.accounts)]
    sizes: set[int] = set()
    for part in parts:
        regions: Counter[str] = Counter()
        for account in part:
            if organization.accounts[account].is_active and account != organization.management_account_id:
                regions.update(set(regions_of(account)))
        sizes.update(regions.values())
    return sizes


def _warning(config: Config, path: tuple[str | int, ...], message: str) -> Problem:
    return config.source.problem(("rollout", *path), message, severity=Severity.WARNING)
