"""What a failed call deserves. Pure: the Lambda, `explain` and `simulate` all decide with this.

Two steps, because the first needs no settings and so no call to AWS: `screen` drops what is nobody's push or names an
account that is not its own, `decide` applies the settings of the account's OU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handler import globs, reasons, repository_names
from handler.events import FailedCall
from handler.settings import CreateRules, RepositorySettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """The repository is to be there, with these settings; `per_hour` new ones are allowed in the account's hour."""

    repository: RepositorySettings
    rule: str
    per_hour: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule says no; `rule` is the key that decided and the value that matched."""

    reason: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Nothing was asked of this tool."""

    reason: str
    detail: str = ""


Decision = Create | Refused | Ignored


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
        return Refused(reason=reasons.OU_NOT_ENABLED, rule="enabled: false")
    if call.region not in settings.regions:
        return Refused(reason=reasons.REGION_NOT_ENABLED, rule=f"regions: {', '.join(settings.regions) or 'none'}")
    return (
        _refused_name(call.repository, settings.create)
        or _refused_principal(call.principals, settings.create)
        or _refused_outsider(call, settings.create, is_member)
        or _create(call, settings)
    )


def _refused_name(name: str, rules: CreateRules) -> Refused | None:
    if not repository_names.is_valid(name):
        return Refused(reason=reasons.NAME_INVALID, rule="ECR's rules for repository names")
    if denied := globs.first_name_match(rules.names.deny, name):
        return Refused(reason=reasons.NAME_DENIED, rule=f"create.names.deny: {denied}")
    if not globs.first_name_match(rules.names.allow, name):
        return Refused(reason=reasons.NAME_NOT_ALLOWED, rule=f"create.names.allow: {_listed(rules.names.allow)}")
    return None


def _refused_principal(principals: tuple[str, ...], rules: CreateRules) -> Refused | None:
    if denied := globs.first_arn_match(rules.principals.deny, principals):
        return Refused(reason=reasons.PRINCIPAL_DENIED, rule=f"create.principals.deny: {denied}")
    if not globs.first_arn_match(rules.principals.allow, principals):
        allowed = _listed(rules.principals.allow)
        return Refused(reason=reasons.PRINCIPAL_NOT_ALLOWED, rule=f"create.principals.allow: {allowed}")
    return None


def _refused_outsider(call: FailedCall, rules: CreateRules, is_member: Callable[[str], bool]) -> Refused | None:
    """A caller of no account that is known counts as one from outside, unless it is an AWS service."""
    if rules.principals.outside_organization:
        return None
    accounts = call.caller_accounts
    is_known = bool(accounts) or call.is_service
    if is_known and all(is_member(account) for account in sorted(accounts - {call.account})):
        return None
    rule = "create.principals.outside_organization: false"
    return Refused(reason=reasons.PRINCIPAL_OUTSIDE_ORGANIZATION, rule=rule)


def _create(call: FailedCall, settings: Settings) -> Create:
    allowed = globs.first_name_match(settings.create.names.allow, call.repository)
    index = settings.namespace_for(call.repository)
    namespace = "" if index is None else f"; namespaces[{index}]: {settings.namespaces[index].match}"
    return Create(
        repository=settings.repository_for(call.repository),
        rule=f"create.names.allow: {allowed}{namespace}",
        per_hour=settings.create.limit.per_hour,
    )


def _listed(patterns: tuple[str, ...]) -> str:
    """Patterns for people; the whole list of a large OU would drown the record."""
    shown = ", ".join(patterns[:5]) or "nothing"
    return f"{shown} and {len(patterns) - 5} more" if len(patterns) > 5 else shown
