"""The handler's decision about a call, without AWS: for `explain` a constructed call, for `simulate` a recorded one.

Every decision is made by `handler.decision`, with settings that `handler.settings_file` merges; this module adds the
source locations of the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from deployer.principals import role_of
from deployer.settings.compiled import Compiled
from deployer.settings.creators import Creator, creator_of
from deployer.settings.explaining import Value, repository_values
from deployer.settings.inheritance import Origin, Provenance
from deployer.settings.yaml_source import KeyPath
from handler import globs, reasons, tags
from handler.creators import how_of
from handler.decision import (
    PER_HOUR,
    PRINCIPALS_ALLOW,
    Create,
    Ignored,
    Refused,
    contradiction,
    decide,
    permitting_rules,
    refused_repository,
    screen,
)
from handler.events import FailedCall, MalformedEvent, OtherEvent, parse
from handler.observed_calls import ObservedCall
from handler.observing import is_native
from handler.rules import Rule, listed, matched
from handler.settings import PrincipalRules, RepositorySettings, Settings, Trigger

VerdictOutcome = Literal["create", "created", "refused", "violation", "observed", "ignored", "failed"]
"""`create` is for calls that failed; the record of one that the handler carries out is `created`."""
NO_TIME = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedRule:
    """The text of a rule that decided, and the location that sets it; without `origin` it is a built-in default."""

    text: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision for people. `repository` and `tags` are what a new repository would get."""

    outcome: VerdictOutcome
    reason: str
    detail: str = ""
    rules: tuple[LocatedRule, ...] = ()
    per_hour: int | None = None
    repository: RepositorySettings | None = None
    values: tuple[Value, ...] = ()
    """`repository` value by value, each with its source location."""
    tags: Mapping[str, str] = field(default_factory=dict)
    call: FailedCall | ObservedCall | None = None
    creator: Creator | None = None
    """What creates the repository on a push or pull; None if nothing does."""
    engine: LocatedRule | None = None
    ou_path: str = ""
    account_name: str = ""

    @property
    def is_native(self) -> bool:
        """Whether ECR creates the repository, regardless of the principal and of a limit."""
        return self.creator is not None and self.creator.engine == "native"

    @property
    def sentence(self) -> str:
        """What the reason means."""
        if self.outcome == "create":
            return "The repository would be created."
        return reasons.sentence_of(self.outcome, self.reason) or self.reason


def judge(call: FailedCall, settings: Settings, provenance: Provenance, *, is_member: Callable[[str], bool]) -> Verdict:
    """The decision about a call under some settings; `is_member` is whether an account is in the organization."""
    match decide(call, settings, is_member=is_member):
        case Create() as create:
            return Verdict(
                outcome="create",
                reason=reasons.CREATED,
                rules=_located((*create.rules, *_further_rules(call, settings)), provenance),
                per_hour=create.per_hour,
                repository=create.repository,
                values=tuple(repository_values(settings, provenance, call.repository)),
                call=call,
            )
        case Refused() as refused:
            rules = _located([refused.rule], provenance)
            return Verdict(outcome="refused", reason=refused.reason, rules=rules, call=call)
        case Ignored() as ignored:
            rules = _located([listed(("create", "on"), settings.create.on, empty="nothing")], provenance)
            is_rule = call.trigger is not None and ignored.reason in {reasons.NOT_A_PUSH, reasons.NOT_A_PULL}
            return Verdict(
                outcome="ignored",
                reason=ignored.reason,
                detail=ignored.detail,
                rules=rules if is_rule else (),
                call=call,
            )


def _further_rules(call: FailedCall, settings: Settings) -> Iterator[Rule]:
    """The rules besides the name that allowed a call; none if every principal may, without a limit."""
    allow, per_hour = settings.create.principals.allow, settings.create.limit.per_hour
    if allow != PrincipalRules().allow and (allowed := globs.first_arn_match(allow, call.principals)):
        yield matched(PRINCIPALS_ALLOW, allow, allowed)
    if per_hour is not None:
        yield Rule(PER_HOUR, str(per_hour))


def with_creator(
    verdict: Verdict,
    settings: Settings,
    provenance: Provenance,
    *,
    policies: Mapping[str, str],
    has_failed: bool = False,
) -> Verdict:
    """The verdict with what creates the repository: ECR may create what the rules that it bypasses would refuse.

    `has_failed` is whether ECR has refused the call, so that only the handler is left.
    """
    call = verdict.call
    if (
        not isinstance(call, FailedCall)
        or call.trigger is None
        or not settings.enabled
        or call.region not in settings.regions
        or verdict.reason == reasons.NAME_INVALID
    ):
        return verdict
    creator = creator_of(settings, policies, call.repository, trigger=call.trigger)
    creator = creator.after_failure() if has_failed else creator
    if verdict.outcome != "create" and creator.engine == "handler":
        return verdict
    engine = LocatedRule(text=f"engine: {settings.engine}", origin=provenance.of(("engine",)))
    return replace(verdict, creator=creator, engine=engine)


def judge_event(event: object, compiled: Compiled) -> Verdict:
    """The decision about an event as EventBridge delivers it, in the organization as the snapshot has it."""
    match parse(event):
        case MalformedEvent() as malformed:
            return Verdict(outcome="failed", reason=reasons.MALFORMED_EVENT, detail=malformed.problem)
        case OtherEvent() as other:
            return Verdict(outcome="ignored", reason=reasons.OTHER_EVENT, detail=other.description)
        case ObservedCall() as observed:
            return _judge_observed(observed, compiled)
        case FailedCall() as call:
            return _judge_call(call, compiled)


def _judge_call(call: FailedCall, compiled: Compiled) -> Verdict:
    if screened := screen(call):
        return Verdict(outcome="ignored", reason=screened.reason, detail=screened.detail, call=call)
    if (settings := _settings(call, compiled)) is None:
        return Verdict(outcome="ignored", reason=reasons.NOT_IN_ORGANIZATION, detail=call.account, call=call)
    provenance = compiled.provenance_for_account(call.account)
    verdict = judge(call, settings, provenance, is_member=compiled.is_member)
    verdict = with_creator(verdict, settings, provenance, policies=compiled.config.policies, has_failed=True)
    return _with_names_and_tags(verdict, call, compiled)


def _judge_observed(call: ObservedCall, compiled: Compiled) -> Verdict:
    """The record of a creation or deletion; the handler completes and judges what ECR created by its templates."""
    if ignored := contradiction(call):
        return Verdict(outcome="ignored", reason=ignored.reason, detail=ignored.detail, call=call)
    if (settings := _settings(call, compiled)) is None:
        return Verdict(outcome="ignored", reason=reasons.NOT_IN_ORGANIZATION, detail=call.account, call=call)
    if not is_native(call, compiled.settings_file):
        how = how_of(call, compiled.settings_file.roles)
        if how == "deployer" and call.action == "created":
            return Verdict(outcome="ignored", reason=reasons.RECORDED_ALREADY, call=call)
        reason = reasons.REPOSITORY_CREATED if call.action == "created" else reasons.REPOSITORY_DELETED
        return _with_names_and_tags(
            Verdict(outcome="observed", reason=reason, detail=f"how: {how}", call=call), call, compiled
        )
    provenance = compiled.provenance_for_account(call.account)
    refused = refused_repository(call, settings)
    verdict = Verdict(
        outcome="violation" if refused else "created",
        reason=refused.reason if refused else reasons.CREATED_BY_TEMPLATE,
        rules=_located([refused.rule] if refused else permitting_rules(call.repository, settings), provenance),
        per_hour=settings.create.limit.per_hour,
        repository=settings.repository_for(call.repository),
        values=tuple(repository_values(settings, provenance, call.repository)),
        call=call,
    )
    return _with_names_and_tags(verdict, call, compiled)


def _settings(call: FailedCall | ObservedCall, compiled: Compiled) -> Settings | None:
    """The settings of the account, in its OU as the snapshot has it; None if it is not in the organization."""
    chain = compiled.settings_file.last_known_chain(call.account)
    return None if chain is None else compiled.settings_file.settings_for(call.account, chain)


def _with_names_and_tags(verdict: Verdict, call: FailedCall | ObservedCall, compiled: Compiled) -> Verdict:
    file = compiled.settings_file
    name, path = file.account_name(call.account), file.path_of(file.last_known_chain(call.account) or ())
    verdict = replace(verdict, account_name=name, ou_path=path)
    if verdict.repository is None:
        return verdict
    values = tags.placeholders(call, account_name=name, ou_path=path)
    rendered = tags.render(verdict.repository.tags, values, event_id=call.event_id, installation=file.installation)
    return replace(verdict, tags=rendered)


def constructed_call(*, account: str, region: str, repository: str, principal: str, trigger: Trigger) -> FailedCall:
    """A push or pull to evaluate; for an assumed-role session its role is derived, without its path."""
    return FailedCall(
        account=account,
        region=region,
        repository=repository,
        registry_id=account,
        recipient_account=account,
        event_region=region,
        event_name="InitiateLayerUpload" if trigger == "push" else "BatchGetImage",
        event_id="00000000-0000-0000-0000-000000000000",
        envelope_id="00000000-0000-0000-0000-000000000000",
        event_time=NO_TIME,
        principal=principal,
        role_arn=role_of(principal),
        is_service=principal.endswith(".amazonaws.com"),
        source_ip="",
        user_agent="",
    )


def for_any_principal(settings: Settings) -> Settings:
    """Settings that allow every principal, for calls without one."""
    return replace(settings, create=replace(settings.create, principals=PrincipalRules(outside_organization=True)))


def _located(rules: Iterable[Rule], provenance: Provenance) -> tuple[LocatedRule, ...]:
    return tuple(LocatedRule(text=str(rule), origin=provenance.of(_path(rule))) for rule in rules)


def _path(rule: Rule) -> KeyPath:
    return rule.key if rule.entry is None else (*rule.key, rule.entry)
