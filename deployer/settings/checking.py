"""Everything that can be said about a config folder, in one list: what `validate` prints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from deployer.organization import Organization
from deployer.settings.compiled import compile as compile_
from deployer.settings.config import Config, read
from deployer.settings.consistency import inconsistencies
from deployer.settings.layer_file import LayerFile
from deployer.settings.matching import Placement, place
from deployer.settings.problems import Problem, errors, in_order
from deployer.settings.rollout_checks import misnamed, unsound, unsound_in
from deployer.settings.shadowing import shadowed_rules
from deployer.settings.views import View, views
from deployer.settings.yaml_source import key_text

AskRegions = Callable[[Config], Collection[str] | None]
"""The regions that are enabled in the central account; None where the caller cannot know."""


def check_folder(
    directory: Path, organization: Organization | None = None, *, ask_regions: AskRegions | None = None
) -> tuple[Problem, ...]:
    """Problems of every file, in the order of files and lines; with an organization, of the files against it too.

    What follows from merging is looked at wherever the files that are merged are right, each by itself.
    """
    config, found = read(directory)
    placement = Placement() if organization is None else place(config, organization)
    problems = [*found, *placement.problems, *unsound(config)]
    if organization is None:
        problems += _same_ou_twice(config)
    else:
        problems += misnamed(config, organization)
    sound = _Soundness(problems)
    for view in views(config, organization, placement):
        if all(map(sound.is_sound, view.layers)):
            problems += inconsistencies(view)
            problems += _idle(view)
    if organization is not None and not errors(problems):
        compiled = compile_(config, organization)
        problems += unsound_in(config, organization, compiled.regions_of)
        enabled = ask_regions(config) if ask_regions else None
        problems += [] if enabled is None else _disabled_regions(config, compiled.regions, enabled)
    return in_order(problems)


class _Soundness:
    """Which layers can be merged although some file has an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._broken: dict[str, set[str]] = {}
        for problem in errors(problems):
            self._broken.setdefault(problem.file, set()).add(problem.key)

    def is_sound(self, layer: LayerFile) -> bool:
        """Whether nothing that the layer says is an error; in organization.yaml only `defaults` is a layer."""
        at = key_text(layer.at)
        return not any(
            not key or f"{key}.".startswith(f"{at}." if at else "") for key in self._broken.get(layer.file, ())
        )


def _disabled_regions(config: Config, covered: Iterable[str], enabled: Collection[str]) -> Iterator[Problem]:
    """Regions that are not enabled in the central account: StackSets need every region that they deploy to there."""
    account = config.central_account
    missing = {config.home_region, *covered} - set(enabled)
    message = f"not enabled in the central account {account}: enable it (Account settings), or take it out"
    if config.home_region in missing:
        yield config.source.problem(("central", "region"), message)
    for file in config.layer_files():
        for index, region in enumerate(file.layer.get("regions") or ()):
            if region in missing:
                yield file.problem(("regions", index), message)


def _idle(view: View) -> Iterator[Problem]:
    for path, message in shadowed_rules(view.settings):
        yield view.problem(path, message)


def _same_ou_twice(config: Config) -> Iterator[Problem]:
    """Without an organization two files for one OU can still be told by what they say."""
    seen: dict[tuple[str, str], str] = {}
    for file in config.ous:
        for key, said in (("ou", file.path), ("id", file.id)):
            if said is None:
                continue
            if (key, said) in seen:
                yield file.source.problem((key,), f"{seen[key, said]} is for this OU too; only one file can be")
            else:
                seen[key, said] = file.file
