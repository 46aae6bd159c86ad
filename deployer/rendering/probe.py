"""Results of probes: an account and region each, with the time of each step. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployer.doctor.probe import Outcome
from deployer.organization import Organization
from deployer.rendering.text import Line, Tone, wrapped
from deployer.words import account_name, counted
from handler.reasons import SENTENCES

_WORDS: dict[str, str] = {
    "created": "created, recorded and deleted again",
    "refused": "refused and recorded: events come through, creating is not proven",
    "failed": "failed",
    "timed-out": "nothing came through",
    "not-asked": "could not be asked for",
    "unrecorded": "created, but not recorded",
}


def outcome_lines(outcome: Outcome, organization: Organization, repository: str) -> list[Line]:
    """The account, region and result, then why, the duration of each step, and the next step."""
    tone: Tone = "" if outcome.is_proven else "bad"
    where = f"{account_name(organization, outcome.target.account)} in {outcome.target.region}"
    words = _WORDS[outcome.state]
    if outcome.state == "created" and outcome.left:
        words = "created and recorded, but not deleted"
    lines = wrapped(f"{where}: {words}", indent=0, tone=tone)
    if outcome.reason and outcome.state != "created":
        lines += wrapped(f"{SENTENCES.get(outcome.reason, '')} [{outcome.reason}]".strip(), indent=2)
    if outcome.detail and outcome.state != "created":
        lines += wrapped(outcome.detail, indent=2)
    lines += wrapped(", ".join(f"{hop.name} {hop.seconds:.1f} s" for hop in outcome.hops), indent=2)
    if outcome.left:
        lines += wrapped(f"The repository {repository} is still there: {outcome.left}", indent=2, tone="bad")
    return lines + [line for text in next_steps(outcome, repository) for line in wrapped(text, indent=2)]


def next_steps(outcome: Outcome, repository: str) -> tuple[str, ...]:
    """What to check; nothing if the probe succeeded."""
    again = f"`deployer doctor --probe {outcome.target.account}/{outcome.target.region}`"
    if outcome.left:
        return (f"{again} tries to delete it again.",)
    match outcome.state:
        case "created" | "refused":
            return ()
        case "failed":
            return ("`deployer failures list` has the event; remove the cause, then probe again.",)
        case "timed-out":
            return (
                "`deployer doctor` checks the trail, `deployer status` whether the place is covered.",
                "`deployer failures list` shows what is stuck.",
                f"If {repository} appears later, {again} deletes it.",
            )
        case "unrecorded":
            return ("`deployer failures list` has events whose record could not be written.",)
        case "not-asked":
            return ("The roles of the last roll-out have to be there: `deployer rollout --org`, then probe again.",)


def closing_line(outcomes: Iterable[Outcome]) -> Line:
    """The number that succeeded."""
    every = list(outcomes)
    proven = sum(one.is_proven for one in every)
    return Line(f"{counted(len(every), 'probe')}, {proven} came through")


def probe_document(outcomes: Iterable[Outcome], organization: Organization, repository: str) -> dict[str, Any]:
    """All outcomes for programs."""
    every = list(outcomes)
    return {
        "has_findings": not all(one.is_proven for one in every),
        "repository": repository,
        "probes": [
            {
                "account": one.target.account,
                "account_name": found.name if (found := organization.accounts.get(one.target.account)) else None,
                "region": one.target.region,
                "outcome": one.state,
                "is_proven": one.is_proven,
                "reason": one.reason or None,
                "detail": one.detail or None,
                "left": one.left or None,
                "seconds": {hop.name: round(hop.seconds, 3) for hop in one.hops},
                "next_steps": list(next_steps(one, repository)),
            }
            for one in every
        ],
    }
