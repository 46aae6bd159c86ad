"""A24: AssumeRole gives the same answer for a role that does not exist and for one that does not trust the caller."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.roles import roles, session_of
from acceptance.rigs.stack_sets import refusal_of

DENIED = "AccessDenied"


def run(lab: Lab) -> Finding:
    """Assume, in the member account, a role that does not exist and the creator role, which trusts only the handler."""
    session_of(lab, roles(lab).auditor)  # the roles have propagated by now
    names, account = lab.names, lab.environment.member_account
    answers = {
        "missing": _answer(lab, names.role_arn(account, lab.name("missing"))),
        "not trusting": _answer(lab, names.role_arn(account, names.creator_role)),
    }
    if wrong := [what for what, answer in answers.items() if answer["code"] != DENIED]:
        return refuted(f"Unexpected answer for a role that is {', '.join(wrong)}", **answers)
    return held("STS denies both, with the same code", **answers)


def _answer(lab: Lab, role_arn: str) -> dict[str, Any]:
    try:
        lab.client("central", "sts").assume_role(RoleArn=role_arn, RoleSessionName=lab.prefix)
    except ClientError as error:
        return refusal_of(error)
    return {"code": "", "message": "The role was assumed"}


CHECK = Check(
    number=24,
    title="AssumeRole gives the same answer for a missing role and for one that does not trust the caller",
    run=run,
    creates=("member: a stack of roles",),
    minutes=2,
    altered_by="MISSING_ROLES_NAMED",
)
