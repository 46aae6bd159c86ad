"""Events whose handling is disturbed, all at the same time, and the check of the six invariants afterwards.

Each trial has an account of its own, so that every call on its behalf can be distinguished by the account that
it acts in or names, and so that the handler knows nothing of the account when its event comes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aws_org_sandbox.calls import Call
from aws_org_sandbox.faults import Effect, Fault, Moment
from aws_org_sandbox.resources import clients
from aws_org_sandbox.resources.clients import acting_as
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from tests.handler.http_requests import body, http
from tests.handler.installation import CONFIG, REGION, Installed, by_handler, creation, push, template_creation

BYSTANDER = "team-a/bystander"
"""A repository that the handler did not create, in the account of every trial."""

BEFORE_THE_REPOSITORY = {
    "organizations:DescribeAccount",
    "organizations:ListParents",
    "sts:AssumeRole",
    "dynamodb:GetItem",
    "dynamodb:UpdateItem",
}
"""The look-ups of a cold start, the limit's counter, and for a late event the ledger: no other call may come first."""

OF_REQUESTS = {"ecr:DescribeRepositories", "iam:GetRole", "lambda:Invoke"}
"""What a request does besides: it looks whether there is anything to create, and hands its work over."""

REQUESTS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The effect on `times` calls of one operation, starting with the nth; on all further calls if None."""

    effect: Effect
    operation: str
    nth: int = 1
    times: int | None = 1
    moment: Moment = Moment.BEFORE

    def __str__(self) -> str:
        return f"{self.effect!r} {self.moment.value} {self.operation} number {self.nth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One event in one account; if `repository` is the bystander, it exists already, created by somebody else."""

    account: str
    disturbances: Sequence[Disturbance] = ()
    repository: str = "team-a/api"
    ago: timedelta = timedelta()
    is_request: bool = False
    """Whether it is a request to the function URL, not an event."""
    is_observed: bool = False
    """Whether it is the event of a repository that the handler created and did not record."""
    is_native: bool = False
    """Whether it is the event of a repository that ECR created by a creation template."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def event_id(self) -> str:
        return f"event-of-{self.account}"

    @property
    def event(self) -> Any:
        if self.is_observed:
            cause = f"lost-in-{self.account}"
            return creation(self.repository, event_id=self.event_id, account=self.account, caused_by=cause)
        if self.is_native:
            return template_creation(self.repository, event_id=self.event_id, account=self.account)
        return push(self.repository, event_id=self.event_id, account=self.account, ago=self.ago)

    def concerns(self, call: Call) -> bool:
        """Whether the handler made a call because of this trial's event."""
        return by_handler(call) and (call.account == self.account or self.account in str(call.parameters))

    def __str__(self) -> str:
        return ", then ".join(map(str, self.disturbances)) or "undisturbed"


@dataclass(frozen=True, slots=True)
class FinalState:
    """The state after all work ended."""

    installed: Installed
    records: Mapping[str, list[Record]]
    """By event id, as the messages."""
    messages: Mapping[str, list[Any]]
    calls: Sequence[Call]
    by_account: Mapping[str, Sequence[Call]]
    """The calls that act in an account or name it, in their parameters or in the name of their session."""

    @classmethod
    def of(cls, installed: Installed) -> FinalState:
        """Read the state of all accounts, and receive the messages of the failures queue."""
        records: dict[str, list[Record]] = {}
        for record in installed.records():
            records.setdefault(_trial_of(record.event_id), []).append(record)
        messages: dict[str, list[Any]] = {}
        for message in installed.failures():
            messages.setdefault(_trial_of(message["requestPayload"]["detail"]["eventID"]), []).append(message)
        calls = installed.calls()
        return cls(installed, records, messages, calls, _by_account(calls))

    def calls_of(self, trial: Trial) -> Sequence[Call]:
        """A superset of the calls that the handler made because of a trial's event, in order."""
        return self.by_account.get(trial.account, ())


def _by_account(calls: Iterable[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        for account in {call.account, *re.findall("[0-9]{12}", f"{call.parameters} {call.principal.session_name}")}:
            found.setdefault(account, []).append(call)
    return found


def _trial_of(event_id: str) -> str:
    """The id of the trial's event, from which the events of a request and of its repetition are derived."""
    found = re.match(r"event-of-[0-9]{12}", event_id)
    return found[0] if found else event_id


def prepare(installed: Installed, trials: Iterable[Trial]) -> None:
    """Create a bystander in each account, and inject the faults."""
    ecr = clients.client("ecr", REGION)
    for trial in trials:
        with acting_as(installed.sandbox.credentials(trial.account)):
            ecr.create_repository(repositoryName=BYSTANDER, tags=[{"Key": "owner", "Value": "somebody"}])
            if trial.is_native:
                _create_as_template(ecr, trial.repository)
        for said in trial.disturbances:
            fault = Fault(
                effect=said.effect,
                operation=said.operation,
                when=trial.concerns,
                first=said.nth,
                times=said.times,
                moment=said.moment,
            )
            trial.faults.append(installed.sandbox.faults.add(fault))


def _create_as_template(ecr: Any, name: str) -> None:
    """Create a repository with all settings that a template of config/ous/workloads/prod.yaml has."""
    exclusions = [{"filterType": "WILDCARD", "filter": "latest"}]
    ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=exclusions,
        tags=[{"Key": "env", "Value": "prod"}],
    )
    policies = CONFIG / "policies"
    lifecycle = (policies / "expire-untagged.json").read_text()
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
    policy = (policies / "pull-within-organization.json").read_text()
    ecr.set_repository_policy(repositoryName=name, policyText=policy)


def run(installed: Installed, trials: Sequence[Trial]) -> FinalState:
    """Send all events concurrently, wait for retries, and read the state."""
    prepare(installed, trials)
    installed.send(*(trial.event for trial in trials))
    return FinalState.of(installed)


def run_requests(installed: Installed, trials: Sequence[Trial]) -> FinalState:
    """Send all requests at once, repeat those without a response, as clients do, and read the state after all work."""
    prepare(installed, trials)

    def send(trial: Trial) -> None:
        caller = {"accountId": trial.account, "userArn": f"arn:aws:sts::{trial.account}:assumed-role/ci-build/4711"}
        content = body(trial.repository, account=trial.account)
        if installed.request(http(content, iam=caller, request_id=trial.event_id)) is None:
            again = installed.request(http(content, iam=caller, request_id=f"{trial.event_id}-again"))
            assert again is not None, trial

    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        list(pool.map(send, trials))
    installed.sandbox.settle(300)
    return FinalState.of(installed)


def redrive(installed: Installed, before: FinalState, trials: Iterable[Trial], *, ends: str) -> list[str]:
    """Repair the causes, redrive the failures queue, and return the remaining problems."""
    kept = [trial for trial in trials if before.messages.get(trial.event_id)]
    return problems(after_redrive(installed, before, kept), kept, ends=ends)


def after_redrive(installed: Installed, before: FinalState, trials: Iterable[Trial]) -> FinalState:
    """The state after the causes are repaired, and the messages of these trials redriven."""
    installed.sandbox.faults.clear()
    messages = (message for trial in trials for message in before.messages.get(trial.event_id, ()))
    installed.send(*(message["requestPayload"] for message in messages))
    return FinalState.of(installed)


def problems(final_state: FinalState, trials: Iterable[Trial], *, ends: str | None = None) -> list[str]:
    """Every broken invariant of every trial in a sentence; `ends` is the final outcome that each must have."""
    return [
        f"{trial}: {problem}"
        for trial in trials
        for problem in (*broken_invariants(final_state, trial), *_not_ended(final_state, trial, ends))
    ]


def broken_invariants(final_state: FinalState, trial: Trial) -> Iterator[str]:
    """The invariants that do not hold for one trial, by number."""
    records = final_state.records.get(trial.event_id, [])
    outcomes = Counter(record.outcome for record in records)
    found = final_state.installed.repository(trial.repository, account=trial.account)
    is_ours = found is not None and _trial_of(found["tags"].get(EVENT_ID_TAG, "")) == trial.event_id
    reported = outcomes["failed"] or final_state.messages.get(trial.event_id)
    if any(not fault.hits for fault in trial.faults):
        yield "0: a disturbance never took place"
    if outcomes["created"] > 1 or (outcomes["created"] and not is_ours):
        yield f"1: {outcomes} for a repository that is {'ours' if is_ours else 'not ours'}"
    if found is not None and is_ours and not outcomes["created"] and not reported:
        yield "2: a repository is unfinished, and nothing says so"
    if found is not None and outcomes["created"] and not _is_complete(found):
        yield f"2: a repository lacks settings: {found}"
    if _changed(final_state.installed, trial):
        yield "3: somebody else's repository was changed"
    yield from _calls_elsewhere(final_state.calls_of(trial), trial)
    if not records and not final_state.messages.get(trial.event_id):
        yield "5: the event is lost"
    yield from _too_early(final_state.calls_of(trial), trial)


def _not_ended(final_state: FinalState, trial: Trial, ends: str | None) -> Iterator[str]:
    outcomes: Counter[str] = Counter(record.outcome for record in final_state.records.get(trial.event_id, []))
    if ends is not None and outcomes[ends] != 1:
        yield f"ended as {dict(outcomes)}, not {ends}"


def _is_complete(found: Mapping[str, Any]) -> bool:
    """Whether a repository has all settings of config/ous/workloads/prod.yaml."""
    return bool(
        found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        and found["imageScanningConfiguration"]["scanOnPush"]
        and found["lifecycle"]
        and found["policy"]
        and found["tags"].get("env") == "prod"
    )


def _changed(installed: Installed, trial: Trial) -> bool:
    bystander = installed.repository(BYSTANDER, account=trial.account)
    assert bystander is not None
    return bool(
        bystander["tags"] != {"owner": "somebody"}
        or bystander["lifecycle"]
        or bystander["policy"]
        or bystander["imageTagMutability"] != "MUTABLE"
    )


def _calls_elsewhere(calls: Iterable[Call], trial: Trial) -> Iterator[str]:
    """Calls in the event's name, which is the name of the session, in another account or region."""
    for call in calls:
        is_ours = trial.event_id in (call.principal.session_name or "")
        region = call.region if call.service == "iam" else REGION  # which has none
        if is_ours and (call.account, call.region) != (trial.account, region):
            yield f"4: {call.name} in {call.account} {call.region}"


def _too_early(calls: Iterable[Call], trial: Trial) -> Iterator[str]:
    """Calls before CreateRepository in the same attempt that it need not wait for; a record ends an attempt."""
    begun: list[Call] = []
    for call in filter(trial.concerns, calls):
        if call.operation in {"ExecuteStatement", "PutEvents", "SendMessage"}:
            begun.clear()
        elif call.operation == "CreateRepository":
            expected = BEFORE_THE_REPOSITORY | (OF_REQUESTS if trial.is_request else set())
            yield from (f"6: {early.name} came before it" for early in begun if early.name not in expected)
            return
        else:
            begun.append(call)
