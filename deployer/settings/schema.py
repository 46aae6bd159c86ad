"""The shape of each config file, made from the handler's dataclasses, so that the schema is written once.

A file is a partial layer: every key may be missing, and null resets it. Limits of single values come from limits.py,
keyed by class and field of the dataclass that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Union, cast, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)
from pydantic_core import ErrorDetails, InitErrorDetails

from deployer.settings import limits
from deployer.settings import rollout as rollout_settings
from deployer.settings.limits import Rule
from deployer.settings.rollout import Rollout
from handler.settings import (
    Encryption,
    Limit,
    NameRules,
    Namespace,
    PrincipalRules,
    RepositorySettings,
    Retention,
    Scanning,
    Settings,
)
from templates.notices import Notifications

_CENTRAL = "The account that deployer runs in and that has the central stack, and its home region."

STRICT = ConfigDict(extra="forbid", strict=True)

WHOLE: Mapping[tuple[type, str], Rule] = {
    (Limit, "per_hour"): limits.per_hour,
    (Encryption, "kms_key"): limits.kms_key,
    (RepositorySettings, "mutability_exclusions"): limits.exclusions,
    (RepositorySettings, "lifecycle_policy"): limits.policy_file,
    (RepositorySettings, "repository_policy"): limits.policy_file,
    (RepositorySettings, "tags"): limits.tags,
    (Namespace, "match"): limits.name_glob,
    (Scanning, "filters"): limits.scan_filters,
    (Retention, "expiring_records"): limits.days,
    (Retention, "event_archive"): limits.days,
    (Retention, "refused"): limits.days,
    (Retention, "observed"): limits.days,
    (Retention, "logs"): limits.log_days,
    (Notifications, "topic"): limits.notice_topic,
    (Notifications, "outcomes"): limits.outcomes,
    **rollout_settings.WHOLE,
}
"""Limits of a field's value."""

EACH: Mapping[tuple[type, str], Rule] = {
    (NameRules, "allow"): limits.name_glob,
    (NameRules, "deny"): limits.name_glob,
    (PrincipalRules, "allow"): limits.principal_glob,
    (PrincipalRules, "deny"): limits.principal_glob,
    (RepositorySettings, "mutability_exclusions"): limits.exclusion,
    (RepositorySettings, "tags"): limits.tag_value,
    (Scanning, "filters"): limits.scan_filter,
    (Settings, "regions"): limits.region,
    **rollout_settings.EACH,
}
"""Limits of each item of a list, or of each value of a map."""

KEYS: Mapping[tuple[type, str], Rule] = {(RepositorySettings, "tags"): limits.tag_key}
"""Limits of each key of a map."""


NEVER_NULL = frozenset({(Namespace, "repository")})
"""Keys at which null would be ambiguous: nothing set here, or all inherited values reset."""


def limited(kind: type, rule: Rule | None) -> type:
    """A type with a rule on its values."""
    if rule is None:
        return kind
    validator = WrapValidator(_counting(rule)) if rule.is_count else AfterValidator(_validator(rule))
    return cast("type", Annotated[kind, validator, Field(json_schema_extra=dict(rule.schema))])


def _counting(rule: Rule) -> Callable[[object, ValidatorFunctionWrapHandler], object]:
    """Checks the number of parts in addition to the parts, so that all problems are reported at once."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        message = rule.check(value) if isinstance(value, list | dict) else None
        try:
            checked = handler(value)
        except ValidationError as invalid:
            if message is None:
                raise
            lines = [_line(one) for one in invalid.errors(include_url=False)]
            count = InitErrorDetails(type="value_error", loc=(), input=value, ctx={"error": ValueError(message)})
            raise ValidationError.from_exception_data(invalid.title, [*lines, count]) from invalid
        if message is not None:
            raise ValueError(message)
        return checked

    return validate


def _line(error: ErrorDetails) -> InitErrorDetails:
    """One of pydantic's errors, to be raised again."""
    return InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"], ctx=error.get("ctx", {}))


def _validator(rule: Rule) -> Callable[[object], object]:
    def validate(value: object) -> object:
        if value is not None and (message := rule.check(value)):
            raise ValueError(message)
        return value

    return validate


@cache
def partial(kind: type) -> type[BaseModel]:
    """A model of a layer of `kind`: nothing required but a namespace's `match`, and null allowed nearly everywhere."""
    hints = get_type_hints(kind)
    definitions: dict[str, tuple[type, object]] = {}
    for item in fields(kind):
        value = limited(_layer_type(kind, item.name, hints[item.name]), WHOLE.get((kind, item.name)))
        is_required = item.default is MISSING and item.default_factory is MISSING
        examples = [item.metadata["example"]] if "example" in item.metadata else None
        if (kind, item.name) not in NEVER_NULL and not is_required:
            value = optional(value)
        default = ... if is_required else None
        about: object = Field(default=default, description=item.metadata["doc"], examples=examples)
        definitions[item.name] = (value, about)
    model: type[BaseModel] = create_model(  # type: ignore[call-overload]
        kind.__name__, __config__=STRICT, __doc__=kind.__doc__, **definitions
    )
    return model


def _layer_type(kind: type, name: str, hint: object) -> type:
    if (kind, name) == (Namespace, "repository"):
        return partial(RepositorySettings)
    if (kind, name) == (RepositorySettings, "tags"):
        key, value = limited(str, KEYS[kind, name]), optional(limited(str, EACH[kind, name]))
        return cast("type", dict[key, value])  # type: ignore[valid-type]
    if hint == int | str:  # the rule decides which: a union would report each of its members
        return object
    if is_dataclass(hint) and isinstance(hint, type):
        return partial(hint)
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        inner = _layer_type(kind, name, inner) if get_origin(inner) is tuple else inner
        inner = partial(inner) if is_dataclass(inner) and isinstance(inner, type) else inner
        item = limited(inner, EACH.get((kind, name)))
        return cast("type", list[item])  # type: ignore[valid-type]
    return without_none(hint)


def optional(kind: type) -> type:
    """The type of a key that null resets."""
    return cast("type", kind | None)


def without_none(hint: object) -> type:
    """`str` of `str | None`: null is allowed anyway, since it resets a key."""
    kinds = [argument for argument in get_args(hint) if argument is not type(None)]
    return cast("type", kinds[0] if get_origin(hint) in {Union, UnionType} and len(kinds) == 1 else hint)


def _key(kind: type, description: str) -> tuple[type, object]:
    """A key that may be left out, and that null resets."""
    return optional(kind), Field(default=None, description=description)


@cache
def organization_file() -> type[BaseModel]:
    """Shape of `organization.yaml`."""
    central = create_model(
        "Central",
        __config__=STRICT,
        __doc__=_CENTRAL,
        account=(limited(str, limits.account_id), Field(description="Id of the central account, in quotes.")),
        region=(
            limited(str, limits.region),
            Field(description="Home region, of the central stack and the access StackSet."),
        ),
    )
    alarms = create_model(
        "Alarms",
        __config__=STRICT,
        __doc__="Who is notified when an alarm starts and ends.",
        topic=_key(
            limited(str, limits.topic),
            "SNS topic that the alarms notify; see `deployer docs operations`.",
        ),
    )
    handler = create_model(
        "Handler",
        __config__=STRICT,
        __doc__="How the handler runs.",
        reserved_concurrency=_key(
            limited(int, limits.reserved_concurrency),
            "Reserved and maximum concurrency of the handler, taken from the account's in that region. Other events "
            "wait up to six hours.",
        ),
    )
    ensure = create_model(
        "Ensure",
        __config__=STRICT,
        __doc__="How requests of `deployer ensure` reach the handler.",
        url=_key(
            limited(object, limits.function_url),
            "Whether the handler has a function URL, a public endpoint that answers only calls signed by principals "
            "of this organization. The address that `deployer rollout` prints means true, and `ensure` and `push` use "
            "it.",
        ),
    )
    ledger = create_model(
        "Ledger",
        __config__=STRICT,
        __doc__="What the ledger records besides decisions.",
        observe=_key(
            bool,
            "Whether the ledger also records repositories that others create or delete in covered accounts.",
        ),
    )
    return create_model(
        "OrganizationFile",
        __config__=STRICT,
        __doc__="`organization.yaml`: the central account, and defaults for every OU.",
        organization=_key(
            limited(str, limits.organization_id),
            "Id; a roll-out to any other organization is refused.",
        ),
        central=(central, Field(description=_CENTRAL)),
        prefix=_key(limited(str, limits.prefix), "First part of the name of every resource."),
        retention=_key(partial(Retention), "How long records, logs and archived events are kept, in days."),
        rollout=_key(partial(Rollout), "Speed, failure tolerance and order of roll-outs."),
        notifications=_key(partial(Notifications), "Notifications about decisions; none without it."),
        cleanup=_key(
            bool,
            "Whether `audit repair --delete-blank` may delete repositories without an image.",
        ),
        alarms=_key(alarms, "Who is notified when an alarm starts and ends."),
        tracing=_key(
            bool,
            "Whether AWS X-Ray traces how long events waited and the handler ran.",
        ),
        handler=_key(handler, "How the handler runs."),
        ledger=_key(ledger, "What the ledger records besides decisions."),
        ensure=_key(ensure, "How requests of `deployer ensure` reach the handler."),
        defaults=_key(partial(Settings), "Settings for every OU and account, before their own files."),
    )


@cache
def ou_file() -> type[BaseModel]:
    """Shape of `ous/**/*.yaml`."""
    return create_model(
        "OrganizationalUnitFile",
        __base__=partial(Settings),
        __doc__="One OU's file: the settings of the accounts in it and in the OUs below, if they differ.",
        ou=_key(str, "Path of names, as in `Workloads/Prod`, or an id; the root is `Root`."),
        id=_key(limited(str, limits.ou_id), "Id of the OU; if `ou` is set too, both must be the same OU."),
    )


@cache
def account_file() -> type[BaseModel]:
    """Shape of `accounts/*.yaml`."""
    return create_model(
        "AccountFile",
        __base__=partial(Settings),
        __doc__="One account's file: exceptions to the settings of its OU.",
        account=_key(
            limited(str, limits.account_id),
            "Id of the account, in quotes; needed unless it is the name of the file.",
        ),
    )
