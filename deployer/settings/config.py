"""A config folder as one value: the unmerged content of each file with its source locations.

`load` raises if any file has an error. `read` is for `validate`: it keeps the usable part of a broken folder, so that
it can be compared with the organization, too.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from deployer.function_url import FunctionUrl
from deployer.organization import normalized
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
_LOG = logging.getLogger(__name__)


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
    """The content of the config files. Layers are unmerged, since the handler merges them."""

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
    observe: bool
    """Whether the ledger observes repositories that others create or delete."""
    ensure_url: bool
    """Whether the handler has a URL for requests of `deployer ensure`."""
    function_url: FunctionUrl | None
    """That URL, if the files contain it."""
    defaults: LayerFile
    ous: tuple[OuFile, ...]
    accounts: tuple[AccountFile, ...]
    documents: Mapping[str, Document] = field(repr=False)
    source: YamlSource = field(repr=False)
    """`organization.yaml`."""
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    """SHA-256 of each file's text by path, whatever the line ends."""
    warnings: tuple[Problem, ...] = ()

    def names(self, *, partition: str | None = None, organization_id: str | None = None) -> Names:
        """All resource names; `partition` is that of the home region by default.

        If neither the argument nor a file gives the organization's id, names that contain it are incomplete.
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

    @property
    def policies(self) -> Mapping[str, str]:
        """The JSON text of each policy file, by its name in the settings."""
        return {name: document.text for name, document in self.documents.items()}

    def layer_files(self) -> Iterator[LayerFile]:
        """Every file with a layer of settings."""
        yield self.defaults
        yield from self.ous
        yield from self.accounts


def load(directory: Path) -> Config:
    """The config folder; raises ConfigurationError with every error of every file.

    Logs a warning for each file that is not read; without another handler, Python prints it to standard error.
    """
    files = read_files(directory)
    config, problems = _read(files)
    for warning in files.unread:
        _LOG.warning("%s", warning)
    if errors(problems):
        raise InvalidConfigurationError(errors(problems))
    return config


def read(directory: Path) -> tuple[Config, tuple[Problem, ...]]:
    """The config folder as far as it can be used, with all problems; only a missing folder raises."""
    return _read(read_files(directory))


def _read(files: ConfigFiles) -> tuple[Config, tuple[Problem, ...]]:
    problems = [*files.problems, *files.unread]
    organization = _organization(files, problems)
    content = organization.data if isinstance(organization.data, dict) else {}
    central = _map(content.get("central"))
    url = _map(content.get("ensure")).get("url")
    function_url = FunctionUrl.read(url) if isinstance(url, str) else None
    config = Config(
        directory=files.directory,
        organization_id=content.get("organization"),
        central_account=str(central.get("account", "")),
        home_region=str(central.get("region", "")),
        prefix=str(content.get("prefix") or DEFAULT_PREFIX),
        retention=_retention(_map(content.get("retention"))),
        rollout=Rollout() if errors(problems) else rollout_from(_map(content.get("rollout"))),
        cleanup=content.get("cleanup") is True,
        notifications=_notifications(_map(content.get("notifications"))),
        alarm_topic=_text(_map(content.get("alarms")).get("topic")),
        tracing=content.get("tracing") is True,
        reserved_concurrency=_integer(_map(content.get("handler")).get("reserved_concurrency")),
        observe=_map(content.get("ledger")).get("observe") is not False,
        ensure_url=url is True or function_url is not None,
        function_url=function_url,
        defaults=LayerFile(source=organization, layer=_map(content.get("defaults")), at=("defaults",)),
        ous=tuple(_ou_files(files.ous, problems)),
        accounts=tuple(_account_files(files.accounts, problems)),
        documents=documents.read(files.policies, problems),
        source=organization,
        digests=files.digests,
    )
    problems += _notification_topic_problems(config)
    all_read = not any(problem.is_error and not problem.key for problem in problems if problem.file.endswith(".yaml"))
    broken = {problem.file for problem in files.problems}
    problems += documents.check_references(
        config.layer_files(), config.documents, all_read=all_read, is_known=lambda path: files.shown(path) in broken
    )
    problems += unknown_regions(config.home_region, organization, config.layer_files())
    problems += unsupported_home_region(config.home_region, organization)
    problems += _alarm_topic_problems(config)
    problems += _function_url_problems(config)
    found = in_order(problems)
    return replace(config, warnings=tuple(problem for problem in found if not problem.is_error)), found


def _integer(value: object) -> int | None:
    """The value if it is an integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _retention(content: Mapping[str, object]) -> Retention:
    """The valid part of it; the rest is among the problems."""
    days = {key: value for key, value in content.items() if isinstance(value, int)}
    return build(Retention, days)


def _alarm_topic_problems(config: Config) -> Iterator[Problem]:
    """CloudWatch notifies topics of the alarm's own region only, in whichever account."""
    topic = TOPIC.fullmatch(config.alarm_topic or "")
    if topic and topic["region"] != config.home_region:
        message = (
            f"the topic is in {topic['region']}: alarms notify only topics in the home region {config.home_region}"
        )
        yield config.source.problem(("alarms", "topic"), message)


def _function_url_problems(config: Config) -> Iterator[Problem]:
    """The handler, whose URL it is, runs in the home region."""
    url = config.function_url
    if url and url.region != config.home_region:
        message = f"the URL is in {url.region}, but the handler's is in the home region {config.home_region}"
        yield config.source.problem(("ensure", "url"), message)


def _notifications(content: Mapping[str, object]) -> Notifications | None:
    """The valid part of it; the rest is among the problems."""
    sound = {key: value for key, value in content.items() if isinstance(value, list if key == "outcomes" else str)}
    return build(Notifications, sound) if isinstance(sound.get("topic"), str) else None


def _notification_topic_problems(config: Config) -> Iterator[Problem]:
    """EventBridge publishes to topics of the rule's own account and region."""
    topic = config.notifications.topic if config.notifications else CREATE
    parts = topic.split(":")
    if len(parts) == 6 and (parts[3], parts[4]) != (config.home_region, config.central_account):
        location = f"account {config.central_account} and region {config.home_region}"
        yield config.source.problem(("notifications", "topic"), f"the topic is not in the central {location}")


def _organization(files: ConfigFiles, problems: list[Problem]) -> YamlSource:
    if files.organization is None:
        shown = files.shown(ORGANIZATION_FILE)
        if not any(problem.is_error and problem.file == shown for problem in problems):
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
    found = tuple(_shape_problems(source, model))
    keys = frozenset(one.key for one in found if one.key)
    problems += [
        *(one for one in source.problems if one.is_error or not _is_inside(one, keys)),
        *found,
    ]
    return source


def _shape_problems(source: YamlSource, model: type[BaseModel]) -> Iterable[Problem]:
    if source.data is None:
        return [Problem(file=source.file, message="the file is empty: delete it, or add settings")]
    if not isinstance(source.data, dict):
        return [source.problem((), "the file does not contain a map of keys and values")]
    return check(source, model)


def _is_inside(problem: Problem, keys: Collection[str]) -> bool:
    """Whether it is about one of the keys, or something in it."""
    key = f"{problem.key}."
    return any(key[:end] in keys for end, character in enumerate(key) if character in ".[")


def _ou_files(texts: Iterable[TextFile], problems: list[Problem]) -> Iterator[OuFile]:
    for text in texts:
        source = _checked(text, schema.ou_file(), problems)
        content = _map(source.data)
        if not content:
            continue
        path, id_ = _text(content.get("ou")), _text(content.get("id"))
        path = path and normalized(path)
        if path is None and id_ is None:
            if "ou" not in content and "id" not in content:
                message = "names no OU: add `ou: Workloads/Prod` (a path of names) or `id: ou-…`"
                problems.append(source.problem((), message))
            continue
        if path is not None and OU_ID.fullmatch(path) and id_ is None:
            path, id_ = None, path
        yield OuFile(source=source, layer=_without(content, "ou", "id"), path=path, id=id_)


def _account_files(texts: Iterable[TextFile], problems: list[Problem]) -> Iterator[AccountFile]:
    seen: dict[str, str] = {}
    for text in texts:
        source = _checked(text, schema.account_file(), problems)
        content = _map(source.data)
        named = text.stem if ACCOUNT_ID.fullmatch(text.stem) else None
        account_id = _text(content.get("account")) or named
        if not content:
            continue
        if account_id is None:
            message = 'names no account: rename it to <id>.yaml, or add `account: "012345678901"`'
            problems.append(source.problem((), message))
        elif named and account_id != named:
            problems.append(
                source.problem(("account",), f"the file is named after account {named}: both must be equal")
            )
        elif account_id in seen:
            problems.append(
                source.problem(
                    ("account",), f"{seen[account_id]} configures account {account_id}, too: keep one of them"
                )
            )
        else:
            seen[account_id] = text.shown
            yield AccountFile(source=source, layer=_without(content, "account"), account_id=account_id)


def _map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _without(content: Mapping[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in content.items() if key not in keys}
