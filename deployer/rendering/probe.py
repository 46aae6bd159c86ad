"""Results of probes: an account and region each, with the time of each step. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.doctor.probe import ProbeResult
from deployer.organization import Organization
from deployer.rendering.text import Line, Tone, wrapped
from deployer.words import account_name, counted
from handler.reasons import SENTENCES

_WORDS: dict[str, str] = {
    "created": "created, recorded and deleted again",
    "refused": "refused and recorded: events come through, creation is not proven",
    "failed": "failed",
    "timed-out": "no event arrived",
    "not-asked": "could not be requested",
    "unrecorded": "created, but not recorded",
}


def result_lines(result: ProbeResult, organization: Organization, repository: str) -> list[Line]:
    """The account, region and result, then why, the duration of each step, and the next step."""
    tone: Tone = "" if result.is_proven else "bad"
    where = f"{account_name(organization, result.target.account)} in {result.target.region}"
    words = _WORDS[result.state]
    if result.state == "created" and result.left:
        words = "created and recorded, but not deleted"
    lines = wrapped(f"{where}: {words}", indent=0, tone=tone)
    if result.reason and result.state != "created":
        lines += wrapped(f"{SENTENCES.get(result.reason, '')} [{result.reason}]".strip(), indent=2)
    if result.detail and result.state != "created":
        lines += wrapped(result.detail, indent=2)
    lines += wrapped(", ".join(f"{step.name} {step.seconds:.1f} s" for step in result.steps), indent=2)
    if result.left:
        lines += wrapped(f"The repository {repository} still exists: {result.left}", indent=2, tone="bad")
    return lines + [line for text in next_steps(result, repository) for line in wrapped(text, indent=2)]


def next_steps(result: ProbeResult, repository: str) -> tuple[str, ...]:
    """What to check; nothing if the probe succeeded."""
    again = f"`deployer doctor --probe {result.target.account}/{result.target.region}`"
    if result.left:
        return (f"{again} tries to delete it again.",)
    match result.state:
        case "created" | "refused":
            return ()
        case "failed":
            return ("`deployer failures list` has the event; remove the cause, then probe again.",)
        case "timed-out":
            return (
                "`deployer doctor` checks the trail, `deployer status` whether the account and region are covered.",
                "`deployer failures list` shows events that were not processed.",
                f"If {repository} appears later, {again} deletes it.",
            )
        case "unrecorded":
            return ("`deployer failures list` has events whose record could not be written.",)
        case "not-asked":
            return ("The roles of the last roll-out must exist: run `deployer rollout --org`, then probe again.",)


def closing_line(results: Iterable[ProbeResult]) -> Line:
    """The number that succeeded."""
    every = list(results)
    proven = sum(one.is_proven for one in every)
    return Line(f"{counted(len(every), 'probe')}, {proven} succeeded")


def probe_document(results: Iterable[ProbeResult], organization: Organization, repository: str) -> dict[str, object]:
    """All outcomes for programs."""
    every = list(results)
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
                "seconds": {step.name: round(step.seconds, 3) for step in one.steps},
                "next_steps": list(next_steps(one, repository)),
            }
            for one in every
        ],
    }
