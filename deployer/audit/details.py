"""The history of one decision: the request, the rule and file that decided, the steps, and the settings.

Pure. The current settings have two meanings, and both are reported: what the config files request today, and the
repository's actual settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from deployer.audit.adopted import ADOPTIONS, creation_time, known_tags
from deployer.audit.lifetimes import EMPTY, Lifetime
from deployer.settings import Compiled
from deployer.settings.inheritance import Origin
from deployer.settings.verdicts import LocatedRule, Verdict, constructed_call, for_any_principal, judge
from handler import tags
from handler.records import Record
from handler.requested import requested_settings

POLICIES = ("lifecycle_policy", "repository_policy")
_INSTALLATION = f"tags.{tags.INSTALLATION_TAG}"


class _Unknown:
    """Unknown, which differs from not set."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting at three times; UNKNOWN if it cannot be determined. `origin` is its location in today's files."""

    key: str
    recorded: object = UNKNOWN
    today: object = UNKNOWN
    actual: object = UNKNOWN
    origin: Origin | None = None

    @property
    def is_same(self) -> bool:
        """Whether all known values agree."""
        return (
            len({repr(_comparable(one)) for one in (self.recorded, self.today, self.actual) if one is not UNKNOWN}) <= 1
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The decision of today's config files about the same call."""

    verdict: Verdict
    settings: Mapping[str, object] | None
    """Of the repository that would be created; None if none would."""
    origins: Mapping[str, Origin | None] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDetails:
    """One decision, and its result."""

    record: Record
    history: tuple[Record, ...] = ()
    """Other decisions about the same repository, the newest first."""
    lifetime: Lifetime = EMPTY
    """The records of the repository that the decision is about, from the first refusal to its deletion."""
    pusher: str | None = None
    """Who pushed to a repository that ECR created, as far as the ledger knows."""
    today: Today | None = None
    actual: Mapping[str, object] | None = None
    """The repository's actual settings; None if they were not read or it does not exist."""
    is_gone: bool = False
    notes: tuple[str, ...] = ()
    """Why some of the details are missing."""

    @property
    def rules(self) -> tuple[LocatedRule, ...]:
        """The parts of the rule, with their locations in today's files if they still decide."""
        origins = {rule.text: rule.origin for rule in self.today.verdict.rules} if self.today else {}
        texts = (self.record.rule or "").split("; ") if self.record.rule else []
        return tuple(LocatedRule(text=text, origin=origins.get(text)) for text in texts)

    @property
    def still_decides(self) -> frozenset[str]:
        """The rules of the record that still decide today."""
        return frozenset(rule.text for rule in self.today.verdict.rules) if self.today else frozenset()

    @property
    def has_same_result(self) -> bool:
        """Whether the same call would end the same today, as far as the rules go."""
        is_decision = self.record.outcome in ("created", "refused") and self.record.engine is None
        if self.today is None or not is_decision:
            return True
        would = "created" if self.today.verdict.outcome == "create" else self.today.verdict.outcome
        return would == self.record.outcome and (would == "created" or self.today.verdict.reason == self.record.reason)

    @property
    def steps(self) -> Mapping[str, float]:
        """Milliseconds by step of the handler."""
        found: dict[str, float] = json.loads(self.record.steps) if self.record.steps else {}
        return found

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Recorded, requested today and actual, setting by setting."""
        recorded = _flat(json.loads(self.record.settings)) if self.record.settings else {}
        today = _flat(self.today.settings) if self.today and self.today.settings else {}
        actual = _flat(self.actual) if self.actual else {}
        origins = self.today.origins if self.today else {}
        return tuple(
            Setting(
                key=key,
                recorded=_value(recorded, key),
                today=_value(today, key),
                actual=UNKNOWN if _is_resolved(key, recorded, today) else _value(actual, key),
                origin=origins.get(key),
            )
            for key in dict.fromkeys([*recorded, *today, *actual])
        )


def judge_today(record: Record, compiled: Compiled) -> Today | None:
    """The files' decision on the record's call; None for an account that left, or a record without a repository.

    What others created is compared with the settings in the files, without the ownership tags, which only ours have.
    """
    chain = compiled.settings_file.last_known_chain(record.account)
    if chain is None or record.repository is None or record.region is None:
        return None
    pulls = record.event_name in ("BatchGetImage", "GetDownloadUrlForLayer")
    call = replace(
        constructed_call(
            account=record.account,
            region=record.region,
            repository=record.repository,
            principal=record.principal or "*",
            trigger="pull" if pulls else "push",
        ),
        event_time=creation_time(record),
        event_id=record.event_id,
        principal_account=record.principal_account,
    )
    provenance = compiled.provenance_for_account(record.account)
    settings_today = compiled.settings_for_account(record.account)
    if record.outcome in ADOPTIONS:
        settings_today = for_any_principal(settings_today)
    verdict = judge(call, settings_today, provenance, is_member=compiled.is_member)
    repository = settings_today.repository_for(record.repository) if record.outcome in ADOPTIONS else verdict.repository
    if repository is None:
        return Today(verdict=verdict, settings=None, digest=compiled.settings_file.digest)
    file = compiled.settings_file
    values = tags.placeholders(call, account_name=record.account_name or "", ou_path=file.path_of(chain))
    templates = known_tags(record, repository.tags)
    rendered = tags.render(templates, values, event_id=record.event_id, installation=file.installation)
    is_ours = record.outcome not in ("observed", "released")
    settings = requested_settings(
        repository,
        tags={key: value for key, value in rendered.items() if is_ours or key not in tags.OWN_TAGS},
        document=file.document,
        account=record.account,
        region=record.region,
    )
    origins = {key: provenance.of(("repository", *key.split(".", 1))) for key in _flat(settings)}
    return Today(verdict=verdict, settings=settings, origins=origins, digest=file.digest)


def _value(values: Mapping[str, object], key: str) -> object:
    """One setting; UNKNOWN if none were read, or for the tag that older versions did not set."""
    return UNKNOWN if not values or (key == _INSTALLATION and key not in values) else values.get(key)


def _is_resolved(key: str, recorded: Mapping[str, object], today: Mapping[str, object]) -> bool:
    """Whether AWS returns another name for the same value: the key behind an alias, or behind no key at all."""
    return key == "encryption.kms_key" and any(
        own and ":key/" not in str(own.get(key)) for own in (recorded, today) if own
    )


def _flat(values: Mapping[str, object]) -> dict[str, object]:
    """`encryption` and `tags` by their own keys."""
    return dict(_leaves(values))


def _leaves(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and key not in POLICIES:
            yield from ((f"{key}.{inner}", own) for inner, own in value.items())
        else:
            yield key, value


def _comparable(value: object) -> object:
    """A policy by its content, not by the name of its file."""
    return value["sha256"] if isinstance(value, Mapping) else value
