"""The last line of each command's help: the policy that it needs. `deployer policy` prints it."""

from __future__ import annotations

from collections.abc import Mapping

NOTHING = "no credentials"
_LOOK = "deployer policy look"
_WITHOUT_SNAPSHOT = f"{_LOOK}; with --organization no credentials"

NEEDS: Mapping[str, str] = {
    "init": _WITHOUT_SNAPSHOT,
    "validate": f"no credentials; with --live {_LOOK}",
    "explain": _WITHOUT_SNAPSHOT,
    "simulate": _WITHOUT_SNAPSHOT,
    "schema": NOTHING,
    "docs": NOTHING,
    "organization snapshot": _LOOK,
    "organization show": _WITHOUT_SNAPSHOT,
    "doctor": "deployer policy doctor; with --probe deployer policy probe",
    "plan": f"{_LOOK}; with --deep deployer policy look verify",
    "rollout": "deployer policy rollout; with --deep also deployer policy look verify",
    "status": f"{_LOOK}; with --deep deployer policy look verify",
    "destroy": "deployer policy destroy; with --delete-ledger that of delete-ledger",
    "policy": f"no credentials; guard without --organization {_LOOK}",
    "synth": _WITHOUT_SNAPSHOT,
    "ensure": "deployer policy ensure",
    "push": "deployer policy push",
    "audit list": "deployer policy audit",
    "audit show": "deployer policy verify",
    "audit export": "deployer policy audit",
    "audit report": "deployer policy audit look; with --no-coverage deployer policy audit",
    "audit verify": "deployer policy verify",
    "audit repair": "deployer policy repair",
    "audit usage": "deployer policy verify",
    "audit adopt": "deployer policy repair",
    "failures list": "deployer policy failures",
    "failures show": "deployer policy failures",
    "failures redrive": "deployer policy failures",
    "failures replay": "deployer policy failures",
}
"""What each command needs, by its words."""


def needs_line(command: str) -> str | None:
    """The line for a command of AWS; None for a group, and for the sandbox's own commands."""
    return f"Needs: {NEEDS[command]}" if command in NEEDS else None
