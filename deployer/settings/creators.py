"""Which engine creates a repository: ECR during the push, by a template, or the handler after the push failed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.settings.compiled import Compiled
from deployer.settings.explaining import leaves
from deployer.settings.native import NativeCompilation, compile_native
from deployer.settings.native_names import denied_by
from deployer.settings.native_values import held, put_afterwards
from deployer.settings.yaml_source import key_text
from handler import globs
from handler.settings import Engine, RepositorySettings, Settings, Trigger
from templates.creation_templates import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """What creates a repository of one name."""

    engine: Engine
    template: str | None = None
    """The prefix of the repository creation template, or ROOT."""
    put_afterwards: tuple[str, ...] = ()
    """Keys of settings that ECR's template cannot hold, and that the handler puts after ECR created the repository."""
    bypassed: tuple[str, ...] = ()
    """Keys of rules that do not hold for this repository, since `native.unenforced` lists them."""
    created_with: tuple[tuple[str, object], ...] = ()
    """Settings that the template gives instead of those of a bypassed namespace: key and value."""
    reason: str = ""
    """Why the handler creates it although `engine` is native."""

    @property
    def template_text(self) -> str:
        """`the creation template for team-a/`, or ROOT."""
        return (
            f"the creation template {ROOT}" if self.template == ROOT else f"the creation template for {self.template}/"
        )

    def after_failure(self) -> Creator:
        """What creates the repository after ECR refused a call: the handler, whatever its name."""
        if self.engine == "handler":
            return self
        return Creator(engine="handler", reason=f"ECR refused the call although {self.template_text} matches the name")


def creator_of(settings: Settings, policies: Mapping[str, str], repository: str, *, trigger: Trigger) -> Creator:
    """What creates a repository of this name in a covered region; `policies` has the texts of policy files."""
    compilation = compile_native(settings, policies)
    if compilation is None:
        return Creator(engine="handler")
    template = compilation.template_for(repository)
    if template is None or trigger == "pull":
        return Creator(engine="handler", reason=_reason(compilation, settings, repository, trigger=trigger))
    desired, given = settings.repository_for(repository), compilation.repositories[template.prefix]
    return Creator(
        engine="native",
        template=template.prefix,
        put_afterwards=tuple(put_afterwards(desired, dict(template.tags))),
        bypassed=tuple(_bypassed(compilation, settings, repository)),
        created_with=tuple(_differences(given, desired)),
    )


def creator_in(compiled: Compiled, repository: str, *, account: str, region: str) -> Creator | None:
    """What creates a repository when it is pushed to; None if the files cover no such account and region."""
    if not compiled.is_member(account) or region not in compiled.regions_of(account):
        return None
    settings = compiled.settings_for_account(account)
    return creator_of(settings, compiled.config.policies, repository, trigger="push")


def _reason(compilation: NativeCompilation, settings: Settings, repository: str, *, trigger: Trigger) -> str:
    if trigger == "pull":
        return "creation templates apply to pushes only"
    names = settings.create.names
    if compilation.is_denied(repository) and (denied := denied_by(names, repository)):
        return f"the IAM policy for create.names.deny {denied} denies this name, too, since a * of IAM crosses /"
    matching = (one for one in compilation.uncovered if globs.matches_name(one.glob, repository))
    return next(
        (f"{one.reason} (create.names.allow: {one.glob})" for one in matching), "no creation template matches it"
    )


def _bypassed(compilation: NativeCompilation, settings: Settings, repository: str) -> Iterator[str]:
    for one in compilation.unenforced:
        if one.rule[0] != "namespaces" or one.rule[1] == settings.namespace_for(repository):
            yield key_text(one.rule)


def _differences(given: RepositorySettings, desired: RepositorySettings) -> Iterator[tuple[str, object]]:
    """What a template gives and the handler leaves, as far as it is not desired; tags with other values are put."""
    others = {key: value for key, value in held(given.tags).items() if key not in desired.tags}
    other_values = dict(leaves(replace(desired, tags={}, scan_on_push=False), ()))
    for path, value in leaves(replace(given, tags=others, scan_on_push=False), ()):
        if path not in other_values or other_values[path] != value:
            yield key_text(("repository", *path)), value
