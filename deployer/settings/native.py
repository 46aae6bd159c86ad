"""Compiles the settings of an OU or account with `engine: native` into ECR repository creation templates. Pure.

ECR applies the template with the longest prefix, after which a `/` is implied; `ROOT` is for all other names
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html). Templates are made only
from prefixes that `create.names.allow` allows as a whole, so no template creates a name that is not allowed, and the
role of the templates denies what `create.names.deny` refuses. All other names stay with the handler. A rule that ECR
would bypass for names of a template is a violation, unless `native.unenforced` lists it. Templates of
others with longer prefixes are not known here (assumption A34).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.settings.glob_lists import GlobList
from deployer.settings.native_candidates import Candidates
from deployer.settings.native_denied import OverDenied, over_denied_entries
from deployer.settings.native_limits import exceeded_limits
from deployer.settings.native_names import Uncovered, names_of, nearest, uncovered_entries, widest
from deployer.settings.native_rules import Violation, bypassed_namespace, bypassed_rules, listing_entry
from handler.settings import RepositorySettings, Settings
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
    over_denied: tuple[OverDenied, ...] = ()
    """Entries of `create.names.deny` whose IAM patterns deny more names; these stay with the handler, too."""
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
        by_prefix = {one.prefix: one for one in self.content.templates}
        prefix = nearest(by_prefix, repository)
        return None if prefix is None else by_prefix[prefix]


def compile_native(settings: Settings, policies: Mapping[str, str]) -> NativeCompilation | None:
    """The templates for settings, and the rules that they bypass; None with `engine: handler`, or if not enabled.

    `policies` has the JSON text of each policy file by its name in the settings.
    """
    if settings.engine != "native" or not settings.enabled:
        return None
    names = settings.create.names
    candidates = Candidates(settings=settings, policies=policies)
    templates = tuple(sorted(candidates.without_repetitions(), key=lambda one: one.prefix))
    covered = {one.prefix for one in templates}
    regions = GlobList(tuple(map(names_of, widest(covered))), complete=True)
    denied = {glob for glob in names.deny if regions.overlap(glob)}
    content = CreationTemplates(templates=templates, denied=tuple(sorted(denied)))
    bypassed = tuple(_bypassed(settings, candidates, content)) if templates else ()
    return NativeCompilation(
        content=content,
        repositories={prefix: candidates.repository(prefix) for prefix in covered},
        uncovered=tuple(uncovered_entries(names, covered, candidates.unsupported)),
        over_denied=tuple(over_denied_entries(names.deny, denied, covered)),
        violations=tuple(one for one in bypassed if listing_entry(one, settings.native.unenforced) is None),
        unenforced=tuple(one for one in bypassed if listing_entry(one, settings.native.unenforced) is not None),
        superfluous=_superfluous(settings, bypassed),
    )


def _bypassed(settings: Settings, candidates: Candidates, content: CreationTemplates) -> Iterator[Violation]:
    yield from bypassed_rules(settings.create)
    yield from exceeded_limits(content)
    reasons = {**dict(candidates.mixed(content.denied)), **dict(candidates.without_template())}
    for index, reason in sorted(reasons.items()):
        yield bypassed_namespace(index, settings.namespaces[index].match, reason)


def _superfluous(settings: Settings, bypassed: tuple[Violation, ...]) -> tuple[int, ...]:
    entries = settings.native.unenforced
    used = {listing_entry(one, entries) for one in bypassed}
    return tuple(index for index in range(len(entries)) if index not in used)
