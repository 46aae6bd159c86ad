"""Rules of settings that repository creation templates bypass, for names that ECR creates during a push."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.settings.yaml_source import KeyPath
from handler.settings import CreateRules, UnenforcedRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that templates bypass: its key, what happens instead, and what permits or prevents that."""

    rule: KeyPath
    message: str
    entries: tuple[UnenforcedRule, ...] = ()
    """Entries of `native.unenforced` that list the rule, the widest first; none if it cannot be listed."""

    @property
    def next_step(self) -> str:
        """What makes the settings valid."""
        listing = f"list {self.entries[-1]} in native.unenforced" if self.entries else "use fewer or shorter globs"
        return f"{listing}, or use engine: handler"


def bypassed_rules(create: CreateRules) -> Iterator[Violation]:
    """Rules about who pushes, how often, and why: ECR creates for every principal that may push."""
    principals = create.principals
    if "push" not in create.on:
        yield _bypassed(("create", "on"), "ECR creates repositories on pushes", "create.on")
    if "*" not in principals.allow:
        yield _of_principals("allow", "ECR creates repositories for every principal that may push")
    if principals.deny:
        yield _of_principals("deny", "ECR creates repositories for every principal that may push")
    if not principals.outside_organization:
        message = "ECR creates repositories for callers outside the organization, too, if they may push"
        yield _of_principals("outside_organization", message)
    if create.limit.per_hour is not None:
        yield _bypassed(("create", "limit", "per_hour"), "ECR creates any number of repositories", "create.limit")


def bypassed_namespace(index: int, match: str, reason: str) -> Violation:
    """A namespace whose settings no template gives, although ECR creates such names."""
    message = f"ECR creates names that match {match} with other settings: {reason}"
    return _bypassed(("namespaces", index, "match"), message, "namespaces")


def listing_entry(violation: Violation, unenforced: Sequence[UnenforcedRule]) -> int | None:
    """The index of the entry that lists a rule, the widest if several do."""
    return next((unenforced.index(entry) for entry in violation.entries if entry in unenforced), None)


def _of_principals(key: str, message: str) -> Violation:
    entries: dict[str, UnenforcedRule] = {
        "allow": "create.principals.allow",
        "deny": "create.principals.deny",
        "outside_organization": "create.principals.outside_organization",
    }
    return _bypassed(("create", "principals", key), message, "create.principals", entries[key])


def _bypassed(rule: KeyPath, message: str, *entries: UnenforcedRule) -> Violation:
    return Violation(rule=rule, message=message, entries=entries)
