"""Prefixes that may get a creation template, with their settings, and namespaces that no template can serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deployer.settings.glob_lists import GlobList
from deployer.settings.glob_sets import names_overlap, some_name_matches
from deployer.settings.native_names import DenyingGlobs, above, allowed_prefixes, literal_prefix, names_of, nearest
from deployer.settings.native_values import Unsupported, template
from handler.globs import matches_beginning
from handler.repository_names import is_valid
from handler.settings import RepositorySettings, Settings, overlay
from templates.creation_templates import ROOT, CreationTemplate
from templates.denied_names import denied_patterns, is_denied

Found = Iterator[tuple[int, str]]
"""Indexes of namespaces, and the reasons."""


@dataclass(slots=True, kw_only=True)
class Candidates:
    """Prefixes that are allowed as a whole, and those of namespaces below them."""

    settings: Settings
    policies: Mapping[str, str]
    templates: dict[str, CreationTemplate] = field(init=False, default_factory=dict)
    unsupported: dict[str, str] = field(init=False, default_factory=dict)
    """Reasons why a prefix has settings that no template can hold."""
    _with_prefix: dict[str, int] = field(init=False, default_factory=dict)
    """The first namespace of each prefix."""
    _without_prefix: dict[int, str] = field(init=False, default_factory=dict)
    """Globs of the other namespaces."""
    _globs: GlobList = field(init=False)
    """Those globs."""
    _first: dict[str, int | None] = field(init=False, default_factory=dict)
    _contents: dict[int, CreationTemplate | Unsupported] = field(init=False, default_factory=dict)
    """What a template would hold of each of those, as far as it was needed."""

    def __post_init__(self) -> None:
        for index, namespace in enumerate(self.settings.namespaces):
            prefix = literal_prefix(namespace.match)
            if prefix is None:
                self._without_prefix[index] = namespace.match
            else:
                self._with_prefix.setdefault(prefix, index)
        self._globs = GlobList(tuple(self._without_prefix.values()), complete=True)
        for prefix in self._prefixes():
            found = template(prefix, self.repository(prefix), self.policies)
            if isinstance(found, Unsupported):
                self.unsupported[prefix] = found.reason
            else:
                self.templates[prefix] = found

    def _prefixes(self) -> Iterator[str]:
        names = self.settings.create.names
        denying = DenyingGlobs(names.deny)
        allowed = dict.fromkeys(allowed_prefixes(names, denying))
        yield from allowed
        for prefix in self._with_prefix:
            is_below = prefix not in allowed and nearest(allowed, prefix) is not None
            if is_below and denying.of(prefix) is None:
                yield prefix

    def _first_namespace(self, prefix: str) -> int | None:
        """The first namespace that matches every name below a prefix."""
        if prefix not in self._first:
            indexes = [self._with_prefix[one] for one in (prefix, *above(prefix)) if one in self._with_prefix]
            if (glob := self._globs.covering(names_of(prefix))) is not None:
                indexes.append(tuple(self._without_prefix)[self._globs.first[glob]])
            self._first[prefix] = min(indexes, default=None)
        return self._first[prefix]

    def repository(self, prefix: str) -> RepositorySettings:
        """The settings of the names below a prefix that match no other namespace before."""
        index = self._first_namespace(prefix)
        return self.settings.repository if index is None else self._of_namespace(index)

    def _of_namespace(self, index: int) -> RepositorySettings:
        return overlay(self.settings.repository, self.settings.namespaces[index].repository)

    def _gives_the_same(self, prefix: str, index: int) -> bool:
        """Whether the template of a prefix gives what a namespace would."""
        if index not in self._contents:
            self._contents[index] = template(ROOT, self._of_namespace(index), self.policies)
        return replace(self.templates[prefix], prefix=ROOT) == self._contents[index]

    def without_repetitions(self) -> Iterator[CreationTemplate]:
        """The templates without those that give what the next shorter prefix gives anyway."""
        for prefix, one in self.templates.items():
            parent = nearest(self.templates, prefix)
            if parent is None or replace(self.templates[parent], prefix=prefix) != one:
                yield one

    def without_template(self) -> Found:
        """Namespaces that no template can hold, below a prefix that has one."""
        for prefix, reason in self.unsupported.items():
            index = self._first_namespace(prefix)
            if index is not None and nearest(self.templates, prefix) is not None:
                yield index, reason

    def mixed(self, denied: Sequence[str]) -> Found:
        """Namespaces that match some of the names of a template, and would give them other settings."""
        patterns = denied_patterns(denied)
        for index in self._without_prefix:
            if any(self._is_bypassed(index, prefix, patterns) for prefix in self.templates):
                yield index, "creation templates match names only by a prefix of whole parts, as team-a/** does"

    def _is_bypassed(self, index: int, prefix: str, patterns: Sequence[str]) -> bool:
        """Whether the template of a prefix gives some name other settings than a namespace would."""
        glob = self.settings.namespaces[index].match
        if not _overlaps(glob, prefix) or self._gives_the_same(prefix, index):
            return False
        if any(self._is_first(index, name, prefix, patterns) for name in _samples(glob, prefix)):
            return True
        earlier = (space.match for space in self.settings.namespaces[:index])
        longer = (names_of(one) for one in (*self.templates, *self.unsupported) if prefix in above(one))
        others = [other for other in (*earlier, *longer) if names_overlap(glob, other)]
        return some_name_matches([glob, names_of(prefix)], none_of=others, no_pattern_of=patterns)

    def _is_first(self, index: int, name: str, prefix: str, patterns: Sequence[str]) -> bool:
        """Whether a namespace is the first to match a name that ECR creates by the template of a prefix."""
        candidates = (one for one in above(name) if one in self.templates or one in self.unsupported)
        is_created = is_valid(name) and next(candidates, None) == prefix and not is_denied(patterns, name)
        return is_created and self.settings.namespace_for(name) == index


def _overlaps(glob: str, prefix: str) -> bool:
    """Whether a glob matches some text below a prefix."""
    return prefix == ROOT or matches_beginning(glob, f"{prefix}/")


def _samples(glob: str, prefix: str) -> Iterator[str]:
    """Names that a glob most likely matches, below a prefix: they decide nearly every question without automata."""
    for parents in ("x9/y8/", "", f"{prefix}/"):
        yield glob.replace("**/", parents, 1).replace("**", "x9/y8").replace("*", "z7")
