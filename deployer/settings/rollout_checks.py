"""What `rollout:` of organization.yaml says that does not come true: for `validate`, before anybody waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator

from deployer.operation_preferences import cautions, standing_cautions
from deployer.organization import Organization
from deployer.settings.config import Config
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
    seen = {problem.key for problem in unsound(config)}
    for accounts in sorted(_operation_sizes(config, organization, regions_of), reverse=True):
        for key, message in cautions(config.rollout.preferences, accounts):
            problem = _warning(config, (key,), message)
            if problem.key not in seen:
                seen.add(problem.key)
                yield problem


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


def _warning(config: Config, path: tuple[str, ...], message: str) -> Problem:
    return config.source.problem(("rollout", *path), message, severity=Severity.WARNING)
