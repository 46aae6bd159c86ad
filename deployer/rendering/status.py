"""Status as text and JSON: stacks, a matrix of OUs and regions for each StackSet, every instance on request. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from deployer.organization import Organization
from deployer.rendering.cautions import busy_text
from deployer.rendering.outcome import INOPERABLE, NO_REASON, place_lines
from deployer.rendering.plan_json import additions, place, under_way, unread
from deployer.rendering.scopes import scope_options, scope_text
from deployer.rendering.suspended import skipped_lines
from deployer.rendering.text import WIDTH, Line, Tone, table, wrapped
from deployer.rendering.unread import TO_REMOVE, removal_lines, unread_lines
from deployer.rollout.causes import Cause, Failure, by_cause, shortened
from deployer.rollout.status import IN_SYNC, STATES, UNCOUNTED, InstanceStatus, StackStatus, State, Status, matrix
from deployer.stack_sets import InstanceKey
from deployer.words import account_name, account_path, counted

_SHALLOW = "CloudFormation reports this. `deployer status --deep` also reads the resources in the accounts."
_CENTRAL = "`deployer doctor --probe ACCOUNT/REGION` tests that a push reaches the handler."


def status_lines(status: Status, organization: Organization, *, instances: bool) -> list[Line]:
    """Stacks first, then coverage; columns that would hold only zeros are left out."""
    lines = [Line("Stacks and StackSets", "heading")]
    for stack in status.stacks:
        differs = _difference(stack)
        wrong = stack.differs or stack.state == "missing"
        text = f"{stack.name} in {stack.region}: {stack.state}{differs if stack.state != 'missing' else ''}"
        lines += wrapped(text, indent=2, tone="bad" if wrong else "")
    lines += [line for busy in status.under_way for line in wrapped(f"! {busy_text(busy)}", indent=2, tone="change")]
    if status.url:
        lines += [Line("  function URL of the handler:"), Line(f"    {status.url}")]
    for name, cells in groupby(matrix(status, organization).items(), key=lambda item: item[0].stack_set):
        lines += [Line(""), Line(f"Instances of {name}", "heading")]
        lines += _matrix([(place.ou, place.region, counts) for place, counts in cells])
    lines += skipped_lines(organization, [InstanceKey(one.account, one.region) for one in status.instances
                                          if one.state == "skipped"])  # fmt: skip
    if instances:
        lines += [Line(""), Line("Instances", "heading")]
        lines += [line for one in status.instances for line in _instance(one, organization)]
    if groups := list(grouped(status)):
        lines += [Line(""), Line("Not in sync", "heading")]
        lines += [line for state, cause in groups for line in _cause(state, cause, organization)]
    if status.blocked:
        lines += [Line(""), Line(TO_REMOVE, "heading"), *removal_lines(status.blocked, organization)]
    lines += unread_lines(status.unread, organization)
    lines += [Line(""), *_verdict(status, organization)]
    if any(one.is_inoperable for one in status.instances):
        lines += wrapped(INOPERABLE, indent=0, tone="bad")
    return lines


def grouped(status: Status) -> Iterator[tuple[State, Cause]]:
    """Instances that are not in sync, by state and cause, the most frequent cause of each state first."""
    for state in STATES:
        if state not in IN_SYNC:
            failures = [one.failure for one in status.instances if one.state == state]
            yield from ((state, cause) for cause in by_cause(failures))


def _cause(state: State, cause: Cause, organization: Organization) -> Iterator[Line]:
    """One line with a count; what to do, if that is more than a roll-out; and the places."""
    accounts = sorted({failure.account for failure in cause.failures})
    reason = cause.reason or (NO_REASON if state == "failed" else "")
    text = f"{len(cause.failures):,} {state} in {counted(len(accounts), 'account')}"
    yield from wrapped(f"{text}: {reason}" if reason else text, indent=2, tone="bad")
    if step := _next_step(state, cause):
        yield from wrapped(step, indent=6)
    yield from place_lines(cause, organization, rest="`deployer status --instances` lists all")


def _next_step(state: State, cause: Cause | Failure) -> str | None:
    """None if the roll-out that the last line names suffices."""
    has_failed = state == "failed" or (cause.reason and state in {"outdated", "unexpected"})
    return cause.next_step() if has_failed else None


def _difference(stack: StackStatus) -> str:
    if stack.replaced_code:
        return f"; the code of {' and '.join(stack.replaced_code)} was replaced without CloudFormation"
    if stack.damage:
        return f"; changed without CloudFormation: {'; '.join(stack.damage)}"
    return "; the template or its properties differ from the config files" if stack.differs else ""


def _verdict(status: Status, organization: Organization) -> list[Line]:
    scope = scope_text(status.scope, organization)
    if status.blocked:
        text = f"Not all of {scope} is in sync: what somebody added has to be removed manually."
        return wrapped(text, indent=0, tone="bad")
    if status.unread and all(one.state in {"current", "skipped"} for one in status.instances):
        return wrapped(f"Not all of {scope} could be read, so it may not be in sync.", indent=0, tone="bad")
    if not status.is_in_sync:
        is_damaged = status.repairs or any(one.damage for one in status.stacks)
        options = scope_options(status.scope, organization) + (" --deep" if is_damaged else "")
        text = f"`deployer rollout {options}` brings {scope} in sync with the config files."
        if any(_next_step(state, cause) for state, cause in grouped(status)):
            text = f"After the next steps above, {text}"
        return wrapped(text, indent=0, tone="bad")
    what = "All that AWS reaches" if any(one.is_out_of_reach for one in status.instances) else "Everything"
    text = f"{what} in {scope} is in sync with the config files."
    return [*wrapped(text, indent=0, tone="add"), *wrapped(_CENTRAL if status.is_deep else _SHALLOW, indent=0)]


def _matrix(rows: list[tuple[str, str, Counter[State]]]) -> Iterator[Line]:
    used = [state for state in STATES if state == "current" or any(counts[state] for _, _, counts in rows)]
    body = [[ou, region, str(_desired(counts)), *(str(counts[state]) for state in used)] for ou, region, counts in rows]
    for line in table(["ou", "region", "desired", *used], body, width=WIDTH - 2):
        yield Line(f"  {line.text}", line.tone)


def _desired(counts: Counter[State]) -> int:
    return counts.total() - sum(counts[state] for state in UNCOUNTED)


def _instance(one: InstanceStatus, organization: Organization) -> list[Line]:
    where = f"{account_path(organization, one.account)}: {account_name(organization, one.account)} in {one.region}"
    reason = f": {shortened(one.reason)}" if one.reason else ""
    tone: Tone = "" if one.state in IN_SYNC else "bad"
    return wrapped(f"{one.state} {where} ({one.stack_set}){reason}", indent=2, tone=tone)


def status_document(status: Status, organization: Organization) -> dict[str, object]:
    """Everything, every instance included."""
    return {
        "organization": organization.id,
        "in_sync": status.is_in_sync,
        "url": status.url,
        "deep": status.is_deep,
        "unread": unread(status.unread, organization),
        "under_way": under_way(status.under_way),
        "stacks": [
            {
                "name": one.name,
                "region": one.region,
                "state": one.state,
                "differs": one.differs,
                "replaced_code": list(one.replaced_code),
                "damage": list(one.damage),
            }
            for one in status.stacks
        ],
        "additions": additions(status.blocked, organization),
        "coverage": [
            {
                "stack_set": cell.stack_set,
                "ou": cell.ou,
                "region": cell.region,
                "desired": _desired(counts),
                **{state: counts[state] for state in STATES},
            }
            for cell, counts in matrix(status, organization).items()
        ],
        "instances": [
            {
                **place(organization, one.account),
                "region": one.region,
                "stack_set": one.stack_set,
                "state": one.state,
                "reason": one.reason or None,
                "next_step": None if one.state in IN_SYNC else _next_step(one.state, one.failure),
            }
            for one in status.instances
        ],
        "causes": [
            {
                "state": state,
                "reason": cause.reason or None,
                "next_step": _next_step(state, cause),
                "instances": len(cause.failures),
                "accounts": len({failure.account for failure in cause.failures}),
            }
            for state, cause in grouped(status)
        ],
    }
