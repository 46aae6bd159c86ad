"""Rules of settings that repository creation templates bypass, for names that ECR creates during a push."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.settings.yaml_source import KeyPath
from handler.settings import CreateRules, UnenforcedRule
from templates.denied_names import denied_patterns

MOST_DENIED_CHARACTERS = 10_240 - 2_000
"""IAM's limit for the inline policies of a role, less what the other statements need.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
ARN_CHARACTERS = len('"arn:aws-us-gov:ecr:ap-southeast-1:000000000000:repository/",')


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


def oversized_denial(deny: Sequence[str]) -> Violation | None:
    """More denied names than the policy of a role can hold, which no entry of `native.unenforced` permits."""
    characters = sum(ARN_CHARACTERS + len(pattern) for pattern in denied_patterns(deny))
    if characters <= MOST_DENIED_CHARACTERS:
        return None
    message = (
        f"{len(deny)} globs need {characters:,} characters in the policy of the role that ECR uses, which holds "
        f"{MOST_DENIED_CHARACTERS:,}"
    )
    return Violation(rule=("create", "names", "deny"), message=message)


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
