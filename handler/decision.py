"""Decides what to do about a failed call. Pure: the Lambda, `explain` and `simulate` share this code.

There are two steps, because the first needs no settings and so no AWS call: `screen` drops calls that are not part of a
push or a pull, and events whose accounts or regions contradict each other; `decide` applies the settings of the OU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handler import globs, reasons, repository_names
from handler.events import FailedCall
from handler.observed_calls import ObservedCall
from handler.principals import role_name_of
from handler.rules import MAX_LISTED, Key, Rule, listed, matched
from handler.settings import CreateRules, RepositorySettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Create the repository with these settings, unless the account has reached its limit of `per_hour`."""

    repository: RepositorySettings
    rules: tuple[Rule, ...]
    per_hour: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule forbids the repository."""

    reason: str
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The event does not ask for a repository."""

    reason: str
    detail: str = ""


Decision = Create | Refused | Ignored

NAMES_ALLOW = ("create", "names", "allow")
NAMES_DENY = ("create", "names", "deny")
PRINCIPALS_ALLOW = ("create", "principals", "allow")
PRINCIPALS_DENY = ("create", "principals", "deny")
PER_HOUR = ("create", "limit", "per_hour")


def contradiction(call: FailedCall | ObservedCall) -> Ignored | None:
    """Why an event's accounts or regions do not agree; None if they do."""
    if call.recipient_account != call.account:
        return Ignored(reason=reasons.ACCOUNT_MISMATCH, detail=f"recipientAccountId is {call.recipient_account}")
    if call.registry_id is not None and call.registry_id != call.account:
        return Ignored(reason=reasons.FOREIGN_REGISTRY, detail=f"registryId is {call.registry_id}")
    if call.event_region != call.region:
        return Ignored(reason=reasons.REGION_MISMATCH, detail=f"awsRegion is {call.event_region}")
    return None


def screen(call: FailedCall) -> Ignored | None:
    """Why a call can be ignored without any look-up; None if it has to be decided."""
    if found := contradiction(call):
        return found
    return Ignored(reason=reasons.NOT_A_PUSH, detail=call.event_name) if call.trigger is None else None


def decide(call: FailedCall, settings: Settings, *, is_member: Callable[[str], bool]) -> Decision:
    """Screen a call, then apply the settings of the account's OU.

    `is_member` returns whether an account is in the organization. It is called last, and never for the account itself.
    """
    return screen(call) or _by_trigger(call, settings.create) or _by_settings(call, settings, is_member)


def lacks_role(call: FailedCall, settings: Settings, decision: Decision) -> bool:
    """Whether a decision can depend on the path of the caller's role, which a request lacks."""
    if not call.is_request or call.role_arn or role_name_of(call.principal) is None:
        return False
    rules = settings.create.principals
    has_rules = bool(rules.deny) or "*" not in rules.allow
    is_open = isinstance(decision, Create) or decision.reason == reasons.PRINCIPAL_NOT_ALLOWED
    return has_rules and is_open


def _by_trigger(call: FailedCall, rules: CreateRules) -> Ignored | None:
    if call.trigger in rules.on:
        return None
    reason = reasons.NOT_A_PUSH if call.trigger == "pull" else reasons.NOT_A_PULL
    return Ignored(reason=reason, detail=call.event_name)


def refused_repository(call: FailedCall | ObservedCall, settings: Settings) -> Refused | None:
    """The rule that forbids a repository of this name there, whoever the caller is."""
    if not settings.enabled:
        return Refused(reason=reasons.OU_NOT_ENABLED, rule=Rule(("enabled",), "false"))
    if call.region not in settings.regions:
        return Refused(reason=reasons.REGION_NOT_ENABLED, rule=listed(("regions",), settings.regions, empty="none"))
    return _refused_name(call.repository, settings.create)


def _by_settings(call: FailedCall, settings: Settings, is_member: Callable[[str], bool]) -> Create | Refused:
    return (
        refused_repository(call, settings)
        or _refused_principal(call.principals, settings.create)
        or _refused_outsider(call, settings.create, is_member)
        or _create(call, settings)
    )


def _refused_name(name: str, rules: CreateRules) -> Refused | None:
    if not repository_names.is_valid(name):
        return Refused(reason=reasons.NAME_INVALID, rule=Rule((), "ECR's rules for repository names"))
    if denied := globs.first_name_match(rules.names.deny, name):
        return Refused(reason=reasons.NAME_DENIED, rule=matched(NAMES_DENY, rules.names.deny, denied))
    if not globs.first_name_match(rules.names.allow, name):
        return Refused(reason=reasons.NAME_NOT_ALLOWED, rule=_allowed(NAMES_ALLOW, rules.names.allow))
    return None


def _refused_principal(principals: tuple[str, ...], rules: CreateRules) -> Refused | None:
    if denied := globs.first_arn_match(rules.principals.deny, principals):
        return Refused(reason=reasons.PRINCIPAL_DENIED, rule=matched(PRINCIPALS_DENY, rules.principals.deny, denied))
    if not globs.first_arn_match(rules.principals.allow, principals):
        rule = _allowed(PRINCIPALS_ALLOW, rules.principals.allow)
        return Refused(reason=reasons.PRINCIPAL_NOT_ALLOWED, rule=rule)
    return None


def _refused_outsider(call: FailedCall, rules: CreateRules, is_member: Callable[[str], bool]) -> Refused | None:
    """A caller whose account is unknown counts as outside the organization, unless it is an AWS service."""
    if rules.principals.outside_organization:
        return None
    accounts = call.caller_accounts
    is_known = bool(accounts) or call.is_service
    if is_known and all(is_member(account) for account in sorted(accounts - {call.account})):
        return None
    rule = Rule(("create", "principals", "outside_organization"), "false")
    return Refused(reason=reasons.PRINCIPAL_OUTSIDE_ORGANIZATION, rule=rule)


def _create(call: FailedCall, settings: Settings) -> Create:
    return Create(
        repository=settings.repository_for(call.repository),
        rules=permitting_rules(call.repository, settings),
        per_hour=settings.create.limit.per_hour,
    )


def permitting_rules(name: str, settings: Settings) -> tuple[Rule, ...]:
    """The rules by which a name is allowed, for its record."""
    return tuple(_permitting(name, settings))


def _permitting(name: str, settings: Settings) -> Iterator[Rule]:
    """The rule that allows a name, and the namespace that it matches."""
    allow = settings.create.names.allow
    if allowed := globs.first_name_match(allow, name):
        yield matched(NAMES_ALLOW, allow, allowed)
    index = settings.namespace_for(name)
    if index is not None:
        yield Rule(("namespaces", index), settings.namespaces[index].match)


def _allowed(key: Key, patterns: tuple[str, ...]) -> Rule:
    """Patterns of which none matched; the whole list of a large OU would be too long for a record."""
    return listed(key, patterns, empty="nothing", limit=MAX_LISTED)
