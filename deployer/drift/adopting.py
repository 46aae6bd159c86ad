"""Which repositories of others can be adopted, and their adoption: the record first, then the ownership tags. Pure.

An adoption changes nothing else: `audit repair` applies the settings, with a plan and a confirmation of its own. A run
that stops between record and tags leaves a repository that lost its tags, which the next run completes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from deployer.drift.comparison import Difference
from deployer.drift.findings import Unread
from deployer.drift.ports import RepositoryGoneError, is_same_creation_time
from deployer.drift.repairing import PutTags, Repairer
from deployer.errors import DeployerError, GuardError, PermissionDeniedError
from handler.adoption_requests import Action, AdoptionRequest
from handler.globs import matches_name
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG, MAX_TAGS, OWN_TAGS

AT_ONCE = 8
"""Repositories in parallel: each is an invocation of the handler, which also serves pushes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedName:
    """The rule by which a push to a new repository of this name would be refused there, whoever pushes."""

    reason: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A repository that can be adopted, or released if it is to be."""

    account: str
    region: str
    name: str
    arn: str
    created_at: datetime
    event_id: str
    is_recorded: bool = False
    """Whether an earlier run wrote the record, so that only tags are missing."""
    tags: Mapping[str, str]
    """The ownership tags that are missing."""
    last: datetime | None = None
    """Of the last record of this adoption, if it was released."""
    refused: RefusedName | None = None
    differences: tuple[Difference, ...] = ()
    """What `audit repair` would then change; it cannot change encryption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdoptable:
    """A repository that is left alone, and why; `is_ours` if it was created or adopted by this installation."""

    account: str
    region: str
    name: str
    problem: str
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPlan:
    """What a run would do, printed first."""

    action: Action
    adoptions: tuple[Adoption, ...]
    others: tuple[NotAdoptable, ...] = ()
    names: tuple[str, ...] = ()
    """Names and globs that select repositories."""
    unread: frozenset[str] = frozenset()
    """Names of repositories that exist and could not be read."""

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Those that select none in the scope."""
        found = {*(one.name for one in self.adoptions), *(one.name for one in self.others), *self.unread}
        return tuple(glob for glob in self.names if not any(matches_name(glob, name) for name in found))

    @property
    def missing(self) -> tuple[str, ...]:
        """Names among them, of which each is one repository: probably mistyped."""
        return tuple(name for name in self.unmatched if "*" not in name)


AdoptionStatus = Literal["adopted", "released", "left alone", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionResult:
    """The result for one repository."""

    adoption: Adoption
    status: AdoptionStatus
    problem: str = ""


Ask = Callable[[AdoptionRequest], str]
"""Sends a request to the handler; returns why it recorded nothing, empty if it did. Raises DeployerError."""


class OutdatedHandlerError(GuardError):
    """The deployed handler is of a version without adoptions: it takes each request for a broken event."""


def problem_in(answer: Mapping[str, object]) -> str:
    """Why the handler recorded nothing; empty if it did. Raises OutdatedHandlerError."""
    match answer.get("outcome"):
        case "adopted" | "released":
            return ""
        case "not-done":
            return str(answer.get("detail"))
    raise OutdatedHandlerError(
        "Nothing was recorded: the deployed handler is older than adoptions",
        next_step="Run `deployer rollout --org`, which deploys this version, then the same command again.",
    )


def obstacle(tags: Mapping[str, str], desired: Mapping[str, str], *, event_id: str, installation: str) -> str:
    """Why a repository with these tags cannot be adopted as an event; empty if it can.

    `desired` are all tags that it would have then, by the settings of today too.
    """
    owner = tags.get(INSTALLATION_TAG, installation)
    if owner != installation:
        return f"it has the tag {INSTALLATION_TAG} of the installation {owner}; delete both tags to adopt it"
    if tags.get(EVENT_ID_TAG, event_id) != event_id:
        return f"it has the tag {EVENT_ID_TAG} of {tags[EVENT_ID_TAG]}; delete the tag to adopt it"
    number = len({*tags, *desired})
    if number > MAX_TAGS:
        return f"it would have {number} tags, and ECR allows {MAX_TAGS}"
    return ""


def missing_tags(tags: Mapping[str, str], desired: Mapping[str, str]) -> Mapping[str, str]:
    """The ownership tags to set; a missing tag for the installation alone is no difference."""
    if EVENT_ID_TAG in tags:
        return {}
    return {key: desired[key] for key in OWN_TAGS if key in desired and key not in tags}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRequests:
    """Makes the request for each repository when its turn comes: the handler accepts none that is minutes old."""

    action: Action
    principal: str
    """ARN of the person."""
    now: Callable[[], datetime]

    def of(self, one: Adoption) -> AdoptionRequest:
        """The request; it is later than the last one, so that its record has another key."""
        time = self.now().replace(microsecond=0)
        return AdoptionRequest(
            action=self.action,
            account=one.account,
            region=one.region,
            repository=one.name,
            event_id=one.event_id,
            time=max(time, one.last + timedelta(seconds=1)) if one.last else time,
            principal=self.principal,
        )


def carry_out(
    adoptions: Sequence[Adoption],
    requests: AdoptionRequests,
    open_registry: Callable[[str, str], Repairer],
    ask: Ask,
    *,
    report: Callable[[AdoptionResult], None],
) -> list[AdoptionResult]:
    """Adopt or release all; one that fails does not stop the others, and a repeated run completes it.

    The first is carried out alone, so that an older handler receives a single request. Raises OutdatedHandlerError.
    """
    done: list[AdoptionResult] = []

    def add(result: AdoptionResult) -> None:
        done.append(result)
        report(result)

    for one in adoptions[:1]:
        add(_carried_out(one, requests, open_registry, ask))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for result in pool.map(lambda one: _carried_out(one, requests, open_registry, ask), adoptions[1:]):
            add(result)
    return done


def _carried_out(
    one: Adoption, requests: AdoptionRequests, open_registry: Callable[[str, str], Repairer], ask: Ask
) -> AdoptionResult:
    try:
        registry = open_registry(one.account, one.region) if one.tags else None
        problem = "" if one.is_recorded else ask(requests.of(one))
        problem = problem or (_tag(one, registry) if registry else "")
        status: AdoptionStatus = "adopted" if requests.action == "adopt" else "released"
        return AdoptionResult(adoption=one, status="left alone" if problem else status, problem=problem)
    except RepositoryGoneError:
        return AdoptionResult(adoption=one, status="left alone", problem="it no longer exists")
    except OutdatedHandlerError:
        raise
    except DeployerError as error:
        advice = f". {error.next_step}" if isinstance(error, PermissionDeniedError) and error.next_step else ""
        return AdoptionResult(adoption=one, status="failed", problem=f"{error.message}{advice}")


def _tag(one: Adoption, registry: Repairer) -> str:
    """Set the missing tags, unless it is another repository now; returns why not."""
    creator = registry.creator(one.name)
    if creator not in (None, one.event_id):
        return f"it has the tag {EVENT_ID_TAG} of {creator} now"
    if not is_same_creation_time(registry.created_at(one.name), one.created_at):
        return "it was replaced by another repository"
    if creator is None:
        registry.change(one.name, PutTags(one.tags))
    return ""


def plan_of(
    action: Action,
    found: Sequence[Adoption | NotAdoptable],
    *,
    names: Sequence[str] = (),
    unread: Iterable[Unread] = (),
) -> AdoptionPlan:
    """The plan for what was found, by account, region and name."""
    ordered = sorted(found, key=lambda one: (one.account, one.region, one.name))
    return AdoptionPlan(
        action=action,
        adoptions=tuple(one for one in ordered if isinstance(one, Adoption)),
        others=tuple(one for one in ordered if isinstance(one, NotAdoptable)),
        names=tuple(dict.fromkeys(names)),
        unread=frozenset(one.repository for one in unread if one.repository),
    )
