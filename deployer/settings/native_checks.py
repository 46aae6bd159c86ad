"""Checks of settings with `engine: native`: rules that ECR would bypass, names that it does not create."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployer.settings.config import Config
from deployer.settings.native import NativeCompilation, compile_native
from deployer.settings.native_rules import Violation
from deployer.settings.problems import Problem, Severity
from deployer.settings.views import View
from deployer.settings.yaml_source import KeyPath, key_text

_ENGINE: KeyPath = ("engine",)


def native_problems(config: Config, views: Iterable[View], *, has_all: bool = True) -> Iterator[Problem]:
    """Errors for bypassed rules, notes for names that stay with the handler, warnings for entries without effect.

    An entry of `native.unenforced` may be for files that inherit it, so no entry is called ineffective unless the views
    are all there are.
    """
    policies = config.policies
    without_effect: set[Problem] = set()
    with_effect: set[Problem] = set()
    for view in views:
        superfluous: frozenset[int] = frozenset()
        entries = frozenset(range(len(view.settings.native.unenforced)))
        if _is_known(view):
            compilation = compile_native(view.settings, policies)
            superfluous = entries if compilation is None else frozenset(compilation.superfluous)
            yield from () if compilation is None else _of_view(view, compilation, config)
        without_effect.update(_entries(view, superfluous))
        with_effect.update(_entries(view, entries - superfluous))
    yield from without_effect - with_effect if has_all else ()


def _is_known(view: View) -> bool:
    """Whether all that the settings inherit is known; those of an OU without a file are the defaults."""
    return view.is_complete or len(view.layers) == 1


def _of_view(view: View, compilation: NativeCompilation, config: Config) -> Iterator[Problem]:
    if not config.observe:
        message = f"needed by {_engine(view)}: what ECR creates would have no record, and lack what no template holds"
        yield config.source.problem(("ledger", "observe"), message)
    for violation in compilation.violations:
        yield _violation(view, violation)
    for entry in compilation.uncovered:
        message = f"{entry.glob} stays with the handler although engine is native: {entry.reason}"
        path = _located(view, ("create", "names", "allow", entry.index))
        yield view.problem(path, message, severity=Severity.NOTE)
    for over in compilation.over_denied:
        path = _located(view, ("create", "names", "deny", over.index))
        yield view.problem(path, f"with engine: native, {over.sentence}", severity=Severity.NOTE)
    if compilation.creation_templates is None:
        yield view.problem(_ENGINE, "native has no effect: creation templates can hold none of the allowed names")


def _violation(view: View, violation: Violation) -> Problem:
    path = _located(view, violation.rule)
    rule = f"{key_text(violation.rule)}: " if path == _ENGINE else ""
    message = f"{rule}bypassed by {_engine(view)}, since {violation.message}; {violation.next_step}"
    return view.problem(path, message, severity=Severity.ERROR)


def _engine(view: View) -> str:
    return f"engine: native ({view.provenance.of(_ENGINE)})"


def _located(view: View, path: KeyPath) -> KeyPath:
    """The key if a file sets it; a built-in default becomes a problem of the engine."""
    return path if view.provenance.of(path) is not None else _ENGINE


def _entries(view: View, indexes: Iterable[int]) -> Iterator[Problem]:
    for index in indexes:
        message = "has no effect: there is no such rule that creation templates bypass"
        yield view.problem(("native", "unenforced", index), message)
