"""All checks of a config folder, as one list of problems: what `validate` prints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from deployer.organization import Organization
from deployer.settings.compiled import compile as compile_
from deployer.settings.config import Config, read
from deployer.settings.consistency import inconsistencies
from deployer.settings.layer_file import LayerFile
from deployer.settings.matching import Placement, match_files
from deployer.settings.native_checks import native_problems
from deployer.settings.problems import Problem, errors, in_order
from deployer.settings.rollout_checks import coverage_warnings, preference_warnings, unknown_wave_names
from deployer.settings.shadowing import shadowed_rules
from deployer.settings.views import View, views
from deployer.settings.yaml_source import key_text

ReadRegions = Callable[[Config], Collection[str] | None]
"""The regions that are enabled in the central account; None if the caller may not read them."""


def check_folder(
    directory: Path, organization: Organization | None = None, *, read_regions: ReadRegions | None = None
) -> tuple[Problem, ...]:
    """Problems of every file, in the order of files and lines; with an organization, mismatches with it, too.

    Merged settings are checked if none of the files that are merged has an error.
    """
    config, found = read(directory)
    placement = Placement() if organization is None else match_files(config, organization)
    problems = [*found, *placement.problems, *preference_warnings(config)]
    if organization is None:
        problems += _files_for_the_same_ou(config)
    else:
        problems += unknown_wave_names(config, organization)
    error_free = _ErrorFreeLayers(problems)
    all_views = tuple(views(config, organization, placement))
    checked = [view for view in all_views if all(map(error_free.has, view.layers))]
    for view in checked:
        problems += inconsistencies(view)
        problems += _ineffective_rules(view)
    problems += native_problems(config, checked, has_all=len(checked) == len(all_views))
    if organization is not None and not errors(problems):
        compiled = compile_(config, organization)
        problems += coverage_warnings(config, organization, compiled.regions_of)
        enabled = read_regions(config) if read_regions else None
        problems += [] if enabled is None else _disabled_regions(config, compiled.regions, enabled)
    return in_order(problems)


class _ErrorFreeLayers:
    """The layers that can be merged although some file has an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._broken: dict[str, set[str]] = {}
        for problem in errors(problems):
            self._broken.setdefault(problem.file, set()).add(problem.key)

    def has(self, layer: LayerFile) -> bool:
        """Whether no key of the layer has an error; in organization.yaml only `defaults` is a layer."""
        at = key_text(layer.at)
        return not any(
            not key or f"{key}.".startswith(f"{at}." if at else "") for key in self._broken.get(layer.file, ())
        )


def _disabled_regions(config: Config, covered: Iterable[str], enabled: Collection[str]) -> Iterator[Problem]:
    """Regions that are not enabled in the central account: StackSets need every region that they deploy to there."""
    account = config.central_account
    missing = {config.home_region, *covered} - set(enabled)
    message = f"not enabled in the central account {account}: enable it (Account settings), or remove it"
    if config.home_region in missing:
        yield config.source.problem(("central", "region"), message)
    for file in config.layer_files():
        for index, region in enumerate(file.layer.get("regions") or ()):
            if region in missing:
                yield file.problem(("regions", index), message)


def _ineffective_rules(view: View) -> Iterator[Problem]:
    for path, message in shadowed_rules(view.settings):
        yield view.problem(path, message)


def _files_for_the_same_ou(config: Config) -> Iterator[Problem]:
    """Two files that name the same path or id, as far as that shows without the organization."""
    seen: dict[tuple[str, str], str] = {}
    for file in config.ous:
        for key, value in (("ou", file.path), ("id", file.id)):
            if value is None:
                continue
            if (key, value) in seen:
                yield file.source.problem((key,), f"{seen[key, value]} configures this OU, too: keep one of them")
            else:
                seen[key, value] = file.file
