"""A config folder as one value: what each file says, unmerged and with its places; `load` is all or nothing.

`read` is for `validate`: it keeps what can be used of a broken folder, so that the organization can be compared too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from deployer.partitions import partition_named, partition_of
from deployer.settings import documents, schema
from deployer.settings.documents import Document
from deployer.settings.files import ORGANIZATION_FILE, ConfigFiles, TextFile, read_files
from deployer.settings.layer_file import LayerFile
from deployer.settings.limits import ACCOUNT_ID, OU_ID, TOPIC
from deployer.settings.messages import check
from deployer.settings.problems import InvalidConfigurationError, Problem, errors, in_order
from deployer.settings.regions import unknown_regions, unsupported_home_region
from deployer.settings.rollout import Rollout, rollout_from
from deployer.settings.yaml_source import YamlSource, parse
from handler.settings import Retention, build
from templates.names import Names
from templates.notices import CREATE, Notifications

DEFAULT_PREFIX = "deployer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OuFile(LayerFile):
    """One OU's file, which names its OU by path, id or both."""

    path: str | None
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFile(LayerFile):
    """One account's file."""

    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the config files say. Layers are unmerged, since the handler merges them."""

    directory: Path
    organization_id: str | None
    central_account: str
    home_region: str
    prefix: str
    retention: Retention
    rollout: Rollout
    cleanup: bool
    notifications: Notifications | None
    alarm_topic: str | None
    tracing: bool
    reserved_concurrency: int | None
    ensure_url: bool
    """Whether the handler has a URL for requests of `deployer ensure`."""
    defaults: LayerFile
    ous: tuple[OuFile, ...]
    accounts: tuple[AccountFile, ...]
    documents: Mapping[str, Document] = field(repr=False)
    source: YamlSource = field(repr=False)
    """`organization.yaml`."""
    warnings: tuple[Problem, ...] = ()

    def names(self, *, partition: str | None = None, organization_id: str | None = None) -> Names:
        """Every name that deployer gives; the partition is the home region's unless the caller's own is known.

        Without the organization's id, and where no file says it, only names that have nothing of it are right.
        """
        found = partition_named(partition) if partition else partition_of(self.home_region)
        return Names(
            prefix=self.prefix,
            organization_id=organization_id or self.organization_id or "",
            central_account=self.central_account,
            central_region=self.home_region,
            partition=partition or found.name,
            dns_suffix=found.dns_suffix,
        )

    def layer_files(self) -> Iterator[LayerFile]:
        """Every file that says a layer."""
        yield self.defaults
        yield from self.ous
        yield from self.accounts


def load(directory: Path) -> Config:
    """The config folder; raises ConfigurationError with every error of every file."""
    config, problems = read(directory)
    if errors(problems):
        raise InvalidConfigurationError(errors(problems))
    return config


def read(directory: Path) -> tuple[Config, tuple[Problem, ...]]:
    """The config folder as far as it can be used, with all problems; only a missing folder raises."""
    files = read_files(directory)
    problems = list(files.problems)
    organization = _organization(files, problems)
    said = organization.data if isinstance(organization.data, dict) else {}
    central = _map(said.get("central"))
    config = Config(
        directory=directory,
        organization_id=said.get("organization"),
        central_account=str(central.get("account", "")),
        home_region=str(central.get("region", "")),
        prefix=str(said.get("prefix") or DEFAULT_PREFIX),
        retention=_retention(_map(said.get("retention"))),
        rollout=Rollout() if errors(problems) else rollout_from(_map(said.get("rollout"))),
        cleanup=said.get("cleanup") is True,
        notifications=_notifications(_map(said.get("notifications"))),
        alarm_topic=_text(_map(said.get("alarms")).get("topic")),
        tracing=said.get("tracing") is True,
        reserved_concurrency=_whole(_map(said.get("handler")).get("reserved_concurrency")),
        ensure_url=_map(said.get("ensure")).get("url") is True,
        defaults=LayerFile(source=organization, layer=_map(said.get("defaults")), at=("defaults",)),
        ous=tuple(_ou_files(files.ous, problems)),
        accounts=tuple(_account_files(files.accounts, problems)),
        documents=documents.read(files.policies, problems),
        source=organization,
    )
    problems += _misplaced_topic(config)
    all_read = not any(problem.is_error and not problem.key for problem in problems if problem.file.endswith(".yaml"))
    problems += documents.check_references(config.layer_files(), config.documents, all_read=all_read)
    problems += unknown_regions(config.home_region, organization, config.layer_files())
    problems += unsupported_home_region(config.home_region, organization)
    problems += _topic_elsewhere(config)
    found = in_order(problems)
    return replace(config, warnings=tuple(problem for problem in found if not problem.is_error)), found


def _whole(value: object) -> int | None:
    """A whole number, as far as it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _retention(said: Mapping[str, Any]) -> Retention:
    """As far as it is sound: what is not is among the problems."""
    days = {key: value for key, value in said.items() if isinstance(value, int)}
    return build(Retention, days)


def _topic_elsewhere(config: Config) -> Iterator[Problem]:
    """CloudWatch notifies topics of the alarm's own region only, in whichever account."""
    topic = TOPIC.fullmatch(config.alarm_topic or "")
    if topic and topic["region"] != config.home_region:
        message = f"a topic in {topic['region']}: alarms are in {config.home_region} and notify topics there only"
        yield config.source.problem(("alarms", "topic"), message)


def _notifications(said: Mapping[str, Any]) -> Notifications | None:
    """As far as it is sound, like retention."""
    sound = {key: value for key, value in said.items() if isinstance(value, list if key == "outcomes" else str)}
    return build(Notifications, sound) if isinstance(sound.get("topic"), str) else None


def _misplaced_topic(config: Config) -> Iterator[Problem]:
    """EventBridge publishes to topics of the rule's own account and region."""
    topic = config.notifications.topic if config.notifications else CREATE
    parts = topic.split(":")
    if len(parts) == 6 and (parts[3], parts[4]) != (config.home_region, config.central_account):
        where = f"account {config.central_account} and region {config.home_region}"
        yield config.source.problem(("notifications", "topic"), f"the topic is not in the central {where}")


def _organization(files: ConfigFiles, problems: list[Problem]) -> YamlSource:
    if files.organization is None:
        shown = files.shown(ORGANIZATION_FILE)
        if not any(problem.file.startswith(shown.removesuffix("yaml")) for problem in problems):
            message = "missing: it names the central account and region (`deployer init` writes one)"
            problems.append(Problem(file=shown, message=message))
        return YamlSource(file=shown)
    return _checked(files.organization, schema.organization_file(), problems)


def _checked(file: TextFile, model: type[BaseModel], problems: list[Problem]) -> YamlSource:
    """A file's data, with what is wrong with it added to `problems`."""
    source = parse(file.text, file.shown)
    if errors(source.problems) and source.data is None:
        problems += source.problems
        return source
    found = tuple(_misshapen(source, model))
    problems += [*(said for said in source.problems if said.is_error or not _is_inside(said, found)), *found]
    return source


def _misshapen(source: YamlSource, model: type[BaseModel]) -> Iterable[Problem]:
    if source.data is None:
        return [Problem(file=source.file, message="the file is empty: delete it, or say what it is for")]
    if not isinstance(source.data, dict):
        return [source.problem((), "the file holds no map of keys and values")]
    return check(source, model)


def _is_inside(problem: Problem, others: Iterable[Problem]) -> bool:
    """Whether it is about a key, or something in it, that another problem is about."""
    return any(f"{problem.key}.".startswith((f"{other.key}.", f"{other.key}[")) for other in others if other.key)


def _ou_files(texts: Iterable[TextFile], problems: list[Problem]) -> Iterator[OuFile]:
    for text in texts:
        source = _checked(text, schema.ou_file(), problems)
        said = _map(source.data)
        if not said:
            continue
        path, id_ = _text(said.get("ou")), _text(said.get("id"))
        if path is None and id_ is None:
            if "ou" not in said and "id" not in said:
                message = "says no OU: add `ou: Workloads/Prod` (a path of names) or `id: ou-…`"
                problems.append(source.problem((), message))
            continue
        if path is not None and OU_ID.fullmatch(path) and id_ is None:
            path, id_ = None, path
        yield OuFile(source=source, layer=_without(said, "ou", "id"), path=path, id=id_)


def _account_files(texts: Iterable[TextFile], problems: list[Problem]) -> Iterator[AccountFile]:
    seen: dict[str, str] = {}
    for text in texts:
        source = _checked(text, schema.account_file(), problems)
        said = _map(source.data)
        named = text.stem if ACCOUNT_ID.fullmatch(text.stem) else None
        account_id = _text(said.get("account")) or named
        if not said:
            continue
        if account_id is None:
            message = 'says no account: name it <id>.yaml or add `account: "012345678901"`'
            problems.append(source.problem((), message))
        elif named and account_id != named:
            problems.append(source.problem(("account",), f"the file's name says {named}: they must agree"))
        elif account_id in seen:
            problems.append(source.problem(("account",), f"{seen[account_id]} is for account {account_id} too"))
        else:
            seen[account_id] = text.shown
            yield AccountFile(source=source, layer=_without(said, "account"), account_id=account_id)


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _without(said: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in keys}
