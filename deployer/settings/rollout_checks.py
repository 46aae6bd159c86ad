"""Checks of `rollout:` in organization.yaml: unknown names, and values without the intended effect."""

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


def preference_warnings(config: Config) -> Iterator[Problem]:
    """Warnings that need no organization."""
    for key, message in standing_cautions(config.rollout.preferences):
        yield _warning(config, (key,), message)
    waves = config.rollout.waves
    if any(EVERYTHING_ELSE in wave and len(wave) > 1 for wave in waves):
        yield _warning(
            config, ("waves",), "`*` is everything that no wave names; other names beside it are in the same wave"
        )


def unknown_wave_names(config: Config, organization: Organization) -> Iterator[Problem]:
    """Errors: names in waves that do not exist."""
    for number, position, message in unknown_names(config.rollout.waves, organization):
        yield config.source.problem(("rollout", "waves", number, position), message)


def coverage_warnings(
    config: Config, organization: Organization, regions_of: Callable[[str], Collection[str]]
) -> Iterator[Problem]:
    """Warnings that depend on accounts; `regions_of` gives the regions in which an account is covered."""
    waves = config.rollout.waves
    if left := unnamed_accounts(waves, organization):
        listed = ", ".join(left[:_SHOWN]) + (f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else "")
        yield _warning(config, ("waves",), f"no wave has `*`: {listed} are in an additional last wave")
    yield from _unused_regions(config, organization, regions_of)
    seen = {problem.key for problem in preference_warnings(config)}
    for accounts in sorted(_operation_sizes(config, organization, regions_of), reverse=True):
        for key, message in cautions(config.rollout.preferences, accounts):
            problem = _warning(config, (key,), message)
            if problem.key not in seen:
                seen.add(problem.key)
                yield problem


def _unused_regions(
    config: Config, organization: Organization, regions_of: Callable[[str], Collection[str]]
) -> Iterator[Problem]:
    """Regions of the order in which nothing is deployed; they are not passed to AWS."""
    used = {region for account in organization.accounts for region in regions_of(account)}
    for position, region in enumerate(config.rollout.preferences.region_order):
        if region not in used:
            near = nearest(region, sorted(used))
            hint = f"; did you mean {near}?" if near else ""
            message = f"no OU or account is covered in {region}, so it has no effect in the order{hint}"
            yield _warning(config, ("region_order", position), message)


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
