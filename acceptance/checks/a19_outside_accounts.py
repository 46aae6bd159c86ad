"""A19: The response of Organizations for an account outside the organization."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.roles import session_of
from acceptance.rigs.stack_sets import refusal_of
from templates import policies, trust
from templates.parts import compose, role

OUTSIDE_ACCOUNT = "123456789012"
"""The account of AWS's own examples; in no test organization."""
EXPECTED_CODES = ("AccountNotFoundException", "AccessDeniedException")


def run(lab: Lab) -> Finding:
    """Look up the member and an outside account, with a role that has the handler's permissions."""
    names = lab.names
    reader = role(
        "ReaderRole",
        names,
        name=lab.name("reader"),
        description="Reads accounts in an acceptance run",
        trusted=trust.auditors(names),
        purpose="look-up-accounts",
        allowed=policies.look_up_accounts(names),
    )
    lab.stack("central", "reader", compose("acceptance: reads accounts", [reader]).to_dict())
    session: Any = session_of(lab, names.role_arn(lab.environment.central_account, lab.name("reader")))
    client = session.client("organizations", region=lab.environment.region)
    try:
        lab.wait_while(
            {"AccessDeniedException"}, lambda: client.describe_account(AccountId=lab.environment.member_account)
        )
    except ClientError as error:
        return not_run("The member could not be looked up", refusal=refusal_of(error))
    try:
        answer = client.describe_account(AccountId=OUTSIDE_ACCOUNT)
    except ClientError as error:
        refusal = refusal_of(error)
        if refusal["code"] in EXPECTED_CODES:
            return held(f"Organizations returns {refusal['code']}", refusal=refusal)
        return refuted(f"Organizations returns {refusal['code']}", refusal=refusal)
    return refuted("Organizations describes the account", answer=answer["Account"])


CHECK = Check(
    number=19,
    title="The response of Organizations for an account outside the organization",
    run=run,
    creates=("central: a stack of one role",),
    minutes=2,
    altered_by="OUTSIDE_ACCOUNTS_INVALID",
)
