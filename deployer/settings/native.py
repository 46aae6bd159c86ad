"""Compiles the settings of an OU or account with `engine: native` into ECR repository creation templates. Pure.

ECR applies the template with the longest prefix, after which a `/` is implied; `ROOT` is for all other names
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html). Templates are made only
from prefixes that `create.names.allow` allows as a whole, so no template creates a name that is not allowed, and the
role of the templates denies what `create.names.deny` refuses. All other names stay with the handler. A rule that ECR
would bypass for names of a template is a violation, unless `native.unenforced` lists it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deployer.settings.glob_sets import covers_arn, covers_name, names_overlap
from deployer.settings.native_names import (
    Uncovered,
    allowed_prefixes,
    begins_with,
    denying_glob,
    literal_prefix,
    names_of,
    nearest,
    uncovered_entries,
)
from deployer.settings.native_rules import (
    Violation,
    bypassed_namespace,
    bypassed_rules,
    listing_entry,
    oversized_denial,
)
from deployer.settings.native_values import Unsupported, template
from handler.settings import RepositorySettings, Settings, overlay
from templates.creation_templates import CreationTemplate, CreationTemplates
from templates.denied_names import denied_patterns, is_denied


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCompilation:
    """What settings with `engine: native` give: the templates, and what they cannot hold."""

    content: CreationTemplates
    """Without templates if no name can be held."""
    repositories: Mapping[str, RepositorySettings]
    """The settings that each template is made from, by its prefix."""
    uncovered: tuple[Uncovered, ...] = ()
    """Entries of `create.names.allow` whose names stay with the handler."""
    violations: tuple[Violation, ...] = ()
    """Rules that templates bypass and `native.unenforced` does not list: errors."""
    unenforced: tuple[Violation, ...] = ()
    """Rules that templates bypass and `native.unenforced` lists."""
    superfluous: tuple[int, ...] = ()
    """Entries of `native.unenforced` without a rule that templates bypass."""

    @property
    def creation_templates(self) -> CreationTemplates | None:
        """What a roll-out deploys; None if no name can be held."""
        return self.content if self.content.templates else None

    def is_denied(self, repository: str) -> bool:
        """Whether the role of the templates may not create a repository of this name."""
        return is_denied(denied_patterns(self.content.denied), repository)

    def template_for(self, repository: str) -> CreationTemplate | None:
        """The template by which ECR creates a repository of this name during the push; None: the handler creates it."""
        if self.is_denied(repository):
            return None
        prefix = nearest((one.prefix for one in self.content.templates), repository)
        return next((one for one in self.content.templates if one.prefix == prefix), None)


def compile_native(settings: Settings, policies: Mapping[str, str]) -> NativeCompilation | None:
    """The templates for settings, and the rules that they bypass; None with `engine: handler`, or if not enabled.

    `policies` has the JSON text of each policy file by its name in the settings.
    """
    if settings.engine != "native" or not settings.enabled:
        return None
    names = settings.create.names
    candidates = _Candidates(settings=settings, policies=policies)
    templates = tuple(sorted(_without_repetitions(candidates.templates), key=lambda one: one.prefix))
    covered = tuple(one.prefix for one in templates)
    denied = {glob for glob in names.deny if any(names_overlap(glob, names_of(prefix)) for prefix in covered)}
    content = CreationTemplates(templates=templates, denied=tuple(sorted(denied)))
    bypassed = tuple(_bypassed(settings, candidates, content)) if templates else ()
    return NativeCompilation(
        content=content,
        repositories={prefix: candidates.repository(prefix) for prefix in covered},
        uncovered=tuple(uncovered_entries(names, covered, candidates.unsupported)),
        violations=tuple(one for one in bypassed if listing_entry(one, settings.native.unenforced) is None),
        unenforced=tuple(one for one in bypassed if listing_entry(one, settings.native.unenforced) is not None),
        superfluous=_superfluous(settings, bypassed),
    )


@dataclass(slots=True, kw_only=True)
class _Candidates:
    """Prefixes that may get a template: those that are allowed, and those of namespaces below."""

    settings: Settings
    policies: Mapping[str, str]
    templates: dict[str, CreationTemplate] = field(init=False)
    unsupported: dict[str, str] = field(init=False, default_factory=dict)
    """Reasons why a prefix has settings that no template can hold."""

    def __post_init__(self) -> None:
        self.templates = {}
        for prefix in self._prefixes():
            found = self.template(prefix, self.repository(prefix))
            if isinstance(found, Unsupported):
                self.unsupported[prefix] = found.reason
            else:
                self.templates[prefix] = found

    def _prefixes(self) -> Iterator[str]:
        names = self.settings.create.names
        allowed = allowed_prefixes(names)
        yield from allowed
        for namespace in self.settings.namespaces:
            prefix = literal_prefix(namespace.match)
            below = prefix is not None and any(begins_with(one, prefix) for one in allowed)
            if prefix is not None and below and denying_glob(prefix, names.deny) is None:
                yield prefix

    def namespace_of(self, prefix: str) -> int | None:
        """The first namespace that matches every name below a prefix."""
        every = names_of(prefix)
        spaces = enumerate(self.settings.namespaces)
        return next((index for index, space in spaces if covers_name(space.match, every)), None)

    def repository(self, prefix: str) -> RepositorySettings:
        """The settings of the names below a prefix that match no other namespace before."""
        index = self.namespace_of(prefix)
        return self.settings.repository if index is None else self.overlaid(index)

    def overlaid(self, index: int) -> RepositorySettings:
        """The settings of names in a namespace."""
        return overlay(self.settings.repository, self.settings.namespaces[index].repository)

    def template(self, prefix: str, repository: RepositorySettings) -> CreationTemplate | Unsupported:
        return template(prefix, repository, self.policies)


def _without_repetitions(templates: Mapping[str, CreationTemplate]) -> Iterator[CreationTemplate]:
    """Without those that give what the next shorter prefix gives anyway."""
    for prefix, one in templates.items():
        parent = nearest(templates, prefix)
        if parent is None or replace(templates[parent], prefix=prefix) != one:
            yield one


def _bypassed(settings: Settings, candidates: _Candidates, content: CreationTemplates) -> Iterator[Violation]:
    yield from bypassed_rules(settings.create)
    if oversized := oversized_denial(content.denied):
        yield oversized
    for index, reason in sorted({**dict(_mixed(candidates, content)), **dict(_unsupported(candidates))}.items()):
        yield bypassed_namespace(index, settings.namespaces[index].match, reason)


def _unsupported(candidates: _Candidates) -> Iterator[tuple[int, str]]:
    """Namespaces that no template can hold, below a prefix that has one."""
    for prefix, reason in candidates.unsupported.items():
        index = candidates.namespace_of(prefix)
        if index is not None and nearest(candidates.templates, prefix) is not None:
            yield index, reason


def _mixed(candidates: _Candidates, content: CreationTemplates) -> Iterator[tuple[int, str]]:
    """Namespaces that match some of the names of a template, and would give them other settings."""
    denied = denied_patterns(content.denied)
    for prefix, one in candidates.templates.items():
        for index, space in enumerate(candidates.settings.namespaces[: candidates.namespace_of(prefix)]):
            if _is_denied(space.match, denied) or not _matches_some(space.match, prefix, candidates):
                continue
            if candidates.template(prefix, candidates.overlaid(index)) != one:
                yield index, "creation templates match names only by a prefix of whole parts, as team-a/** does"


def _is_denied(glob: str, denied: Sequence[str]) -> bool:
    """Whether every name that a glob matches is denied, and so left to the handler."""
    return all(any(covers_arn(pattern, own) for pattern in denied) for own in denied_patterns([glob]))


def _matches_some(glob: str, prefix: str, candidates: _Candidates) -> bool:
    """Whether a glob matches names below a prefix that belong to no longer candidate."""
    longer = [
        one for one in (*candidates.templates, *candidates.unsupported) if begins_with(prefix, one) and one != prefix
    ]
    literal = glob.partition("*")[0]
    is_elsewhere = any(literal.startswith(f"{one}/") for one in longer)
    return not is_elsewhere and names_overlap(glob, names_of(prefix))


def _superfluous(settings: Settings, bypassed: tuple[Violation, ...]) -> tuple[int, ...]:
    entries = settings.native.unenforced
    used = {listing_entry(one, entries) for one in bypassed}
    return tuple(index for index in range(len(entries)) if index not in used)
