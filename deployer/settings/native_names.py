"""Which names repository creation templates can hold: prefixes of `create.names.allow`, and the template of a name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.settings.glob_lists import GlobList
from deployer.settings.glob_sets import covers_name
from handler.repository_names import is_valid
from handler.settings import NameRules
from templates.creation_templates import ROOT
from templates.denied_names import denied_patterns, is_denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """An entry of `create.names.allow` whose names stay with the handler, and why."""

    index: int
    glob: str
    reason: str


def literal_prefix(glob: str) -> str | None:
    """The prefix whose template creates exactly the names that a glob matches; None if there is no such prefix.

    `a/b` for `a/b/**`, and ROOT for `**`. The prefix itself is not among its names, since ECR implies a `/` after it.
    """
    before = glob.partition("*")[0]
    prefix = before.removesuffix("/") or ROOT
    if before and (prefix == before or not is_valid(f"{prefix}/a")):
        return None
    every = names_of(prefix)
    return prefix if glob == every or covers_name(glob, every) else None


def names_of(prefix: str) -> str:
    """The glob for all names below a prefix."""
    return "**" if prefix == ROOT else f"{prefix}/**"


def nearest(prefixes: Collection[str], text: str) -> str | None:
    """The longest prefix that applies to a name or to a longer prefix; ROOT only if no other does."""
    return next((prefix for prefix in above(text) if prefix in prefixes), None)


def above(text: str) -> Iterator[str]:
    """Every prefix that applies to a name or to a longer prefix, the longest first."""
    end = len(text)
    while (end := text.rfind("/", 0, end)) > 0:
        yield text[:end]
    if text != ROOT:
        yield ROOT


def widest(prefixes: Collection[str]) -> tuple[str, ...]:
    """Those below no other."""
    return tuple(prefix for prefix in prefixes if nearest(prefixes, prefix) is None)


def denied_by(names: NameRules, name: str) -> str | None:
    """The glob of `create.names.deny` whose IAM patterns deny a name, also if the glob itself does not match it."""
    return next((glob for glob in names.deny if is_denied(denied_patterns([glob]), name)), None)


class DenyingGlobs:
    """`create.names.deny` as the IAM patterns of the role that ECR uses."""

    def __init__(self, deny: Sequence[str]) -> None:
        self._by_pattern = {pattern: glob for glob in reversed(deny) for pattern in denied_patterns([glob])}
        self._order = {glob: index for index, glob in reversed(list(enumerate(deny)))}
        self._patterns = GlobList(tuple(self._by_pattern), are_arns=True, complete=True)

    def of(self, prefix: str) -> str | None:
        """The first glob whose IAM patterns deny every name below a prefix."""
        covering = self._patterns.all_covering("*" if prefix == ROOT else f"{prefix}/*")
        return min((self._by_pattern[pattern] for pattern in covering), key=self._order.__getitem__, default=None)


def allowed_prefixes(names: NameRules, denying: DenyingGlobs) -> tuple[str, ...]:
    """Prefixes that are allowed as a whole, and not denied as a whole."""
    prefixes = dict.fromkeys(prefix for glob in names.allow if (prefix := literal_prefix(glob)) is not None)
    return tuple(prefix for prefix in prefixes if denying.of(prefix) is None)


def uncovered_entries(
    names: NameRules, covered: Collection[str], unsupported: Mapping[str, str]
) -> Iterator[Uncovered]:
    """Entries of `create.names.allow` that no covered prefix contains; `unsupported` has reasons by prefix."""
    deny, denying = GlobList(tuple(names.deny), complete=True), DenyingGlobs(names.deny)
    for index, glob in enumerate(names.allow):
        if not _is_covered(glob, covered) and deny.covering(glob) is None:
            yield Uncovered(index=index, glob=glob, reason=_reason(glob, denying, unsupported))


def _is_covered(glob: str, covered: Collection[str]) -> bool:
    prefix = literal_prefix(glob)
    if prefix is not None:
        return prefix in covered or nearest(covered, prefix) is not None
    return nearest(covered, glob.partition("*")[0]) is not None


def _reason(glob: str, denying: DenyingGlobs, unsupported: Mapping[str, str]) -> str:
    prefix = literal_prefix(glob)
    if prefix is None:
        return "creation templates match names only by a prefix of whole parts, as team-a/** does"
    if denied := denying.of(prefix):
        return f"the IAM policy for create.names.deny {denied} denies all of it, since a * of IAM crosses /"
    return unsupported[prefix]
