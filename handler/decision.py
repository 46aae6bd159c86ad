"""What a failed call deserves. Pure: the Lambda, `explain` and `simulate` all decide with this.

Two steps, because the first needs no settings and so no call to AWS: `screen` drops what is nobody's push or names an
account that is not its own, `decide` applies the settings of the account's OU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handler import globs, reasons, repository_names
from handler.events import FailedCall
from handler.rules import MOST_LISTED, Key, Rule, listed, matched
from handler.settings import CreateRules, RepositorySettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """The repository is to be there, with these settings; `per_hour` new ones are allowed in the account's hour."""

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
    """Nothing was asked of this tool."""

    reason: str
    detail: str = ""


Decision = Create | Refused | Ignored

NAMES_ALLOW = ("create", "names", "allow")
NAMES_DENY = ("create", "names", "deny")
PRINCIPALS_ALLOW = ("create", "principals", "allow")
PRINCIPALS_DENY = ("create", "principals", "deny")
PER_HOUR = ("create", "limit", "per_hour")


def screen(call: FailedCall) -> Ignored | None:
    """Why a call is nothing to decide about, before anything is looked up; None where it is."""
    if call.recipient_account != call.account:
        return Ignored(reason=reasons.ACCOUNT_MISMATCH, detail=f"recipientAccountId is {call.recipient_account}")
    if call.registry_id is not None and call.registry_id != call.account:
        return Ignored(reason=reasons.FOREIGN_REGISTRY, detail=f"registryId is {call.registry_id}")
    if call.event_region != call.region:
        return Ignored(reason=reasons.REGION_MISMATCH, detail=f"awsRegion is {call.event_region}")
    if call.trigger is None:
        return Ignored(reason=reasons.NOT_A_PUSH, detail=call.event_name)
    return None


def decide(call: FailedCall, settings: Settings, *, is_member: Callable[[str], bool]) -> Decision:
    """What the settings of the account's OU say about a call; screens it first.

    `is_member` tells whether an account is in the organization. It is asked last, and never about the account itself.
    """
    return screen(call) or _by_trigger(call, settings.create) or _by_settings(call, settings, is_member)


def _by_trigger(call: FailedCall, rules: CreateRules) -> Ignored | None:
    if call.trigger in rules.on:
        return None
    reason = reasons.NOT_A_PUSH if call.trigger == "pull" else reasons.NOT_A_PULL
    return Ignored(reason=reason, detail=call.event_name)


def _by_settings(call: FailedCall, settings: Settings, is_member: Callable[[str], bool]) -> Create | Refused:
    if not settings.enabled:
        return Refused(reason=reasons.OU_NOT_ENABLED, rule=Rule(("enabled",), "false"))
    if call.region not in settings.regions:
        return Refused(reason=reasons.REGION_NOT_ENABLED, rule=listed(("regions",), settings.regions, empty="none"))
    return (
        _refused_name(call.repository, settings.create)
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
    """A caller of no account that is known counts as one from outside, unless it is an AWS service."""
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
        rules=tuple(_permitting(call.repository, settings)),
        per_hour=settings.create.limit.per_hour,
    )


def _permitting(name: str, settings: Settings) -> Iterator[Rule]:
    """What lets a name through, and the namespace that it is in."""
    allow = settings.create.names.allow
    if allowed := globs.first_name_match(allow, name):
        yield matched(NAMES_ALLOW, allow, allowed)
    index = settings.namespace_for(name)
    if index is not None:
        yield Rule(("namespaces", index), settings.namespaces[index].match)


def _allowed(key: Key, patterns: tuple[str, ...]) -> Rule:
    """Patterns of which none matched; the whole list of a large OU would be too long for a record."""
    return listed(key, patterns, empty="nothing", most=MOST_LISTED)
