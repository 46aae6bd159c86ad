"""Status as text and JSON: stacks, a matrix of OUs and regions for each StackSet, every instance on request. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from deployer.organization import Organization
from deployer.rendering.outcome import INOPERABLE
from deployer.rendering.plan_json import additions, place
from deployer.rendering.scopes import scope_text
from deployer.rendering.suspended import skipped_lines
from deployer.rendering.text import WIDTH, Line, table, wrapped
from deployer.rendering.unread import removal_lines, unread_lines
from deployer.rollout.causes import shortened
from deployer.rollout.status import STATES, UNCOUNTED, InstanceStatus, StackStatus, Status, matrix
from deployer.stack_sets import InstanceKey
from deployer.words import account_name, account_path


def status_lines(status: Status, organization: Organization, *, instances: bool) -> list[Line]:
    """Stacks first, then coverage; columns that would hold only zeros are left out."""
    lines = [Line("Stacks and StackSets", "heading")]
    for stack in status.stacks:
        differs = _difference(stack)
        wrong = stack.differs or stack.state == "missing"
        text = f"{stack.name} in {stack.region}: {stack.state}{differs if stack.state != 'missing' else ''}"
        lines += wrapped(text, indent=2, tone="bad" if wrong else "")
    if status.url:
        lines += [Line("  function URL of the handler:"), Line(f"    {status.url}")]
    for name, cells in groupby(matrix(status, organization).items(), key=lambda item: item[0].stack_set):
        lines += [Line(""), Line(f"Instances of {name}", "heading")]
        lines += _matrix([(place.ou, place.region, counts) for place, counts in cells])
    lines += skipped_lines(organization, [InstanceKey(one.account, one.region) for one in status.instances
                                          if one.state == "skipped"])  # fmt: skip
    wrong_ones = [one for one in status.instances if one.state not in {"current", "skipped"}]
    shown = status.instances if instances else wrong_ones
    if shown:
        lines += [Line(""), Line("Instances" if instances else "Not in sync", "heading")]
        lines += [line for one in shown for line in _instance(one, organization)]
    if status.blocked:
        lines += [Line(""), Line("To remove by hand", "heading"), *removal_lines(status.blocked, organization)]
    lines += unread_lines(status.unread, organization)
    lines += [Line(""), *_verdict(status, organization)]
    if any(one.is_inoperable for one in status.instances):
        lines += wrapped(INOPERABLE, indent=0, tone="bad")
    return lines


def _difference(stack: StackStatus) -> str:
    if stack.replaced_code:
        return f"; the code of {' and '.join(stack.replaced_code)} was replaced without CloudFormation"
    if stack.damage:
        return f"; changed without CloudFormation: {'; '.join(stack.damage)}"
    return "; the template or its properties differ from the config files" if stack.differs else ""


def _verdict(status: Status, organization: Organization) -> list[Line]:
    scope = scope_text(status.scope, organization)
    deep = " --deep" if status.repairs else ""
    if status.blocked:
        return wrapped(f"{scope} is not in sync until what was added is removed by hand.", indent=0, tone="bad")
    if status.unread and all(one.state in {"current", "skipped"} for one in status.instances):
        return wrapped(f"Not all of {scope} could be read, so it may not be in sync.", indent=0, tone="bad")
    if not status.is_in_sync:
        return wrapped(f"`deployer rollout{deep}` brings {scope} in sync with the config files.", indent=0, tone="bad")
    what = "All that AWS reaches" if any(one.is_out_of_reach for one in status.instances) else "Everything"
    return wrapped(f"{what} in {scope} is in sync with the config files.", indent=0, tone="add")


def _matrix(rows: list[tuple[str, str, Counter[Any]]]) -> Iterator[Line]:
    used = [state for state in STATES if state == "current" or any(counts[state] for _, _, counts in rows)]
    body = [[ou, region, str(_desired(counts)), *(str(counts[state]) for state in used)] for ou, region, counts in rows]
    for line in table(["ou", "region", "desired", *used], body, width=WIDTH - 2):
        yield Line(f"  {line.text}", line.tone)


def _desired(counts: Counter[Any]) -> int:
    return counts.total() - sum(counts[state] for state in UNCOUNTED)


def _instance(one: InstanceStatus, organization: Organization) -> list[Line]:
    where = f"{account_path(organization, one.account)}: {account_name(organization, one.account)} in {one.region}"
    reason = f": {shortened(one.reason)}" if one.reason else ""
    tone = "" if one.state in {"current", "skipped"} else "bad"
    return wrapped(f"{one.state} {where} ({one.stack_set}){reason}", indent=2, tone="bad" if tone else "")


def status_document(status: Status, organization: Organization) -> dict[str, Any]:
    """Everything, every instance included."""
    return {
        "organization": organization.id,
        "as_wanted": status.is_in_sync,
        "url": status.url,
        "deep": status.is_deep,
        "unread": [
            {**place(organization, key.account), "region": key.region, "reason": reason}
            for key, reason in sorted(status.unread.items())
        ],
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
                "wanted": _desired(counts),
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
            }
            for one in status.instances
        ],
    }
