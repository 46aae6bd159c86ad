"""A19: What Organizations answers about an account that is not in it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.lab import Lab
from acceptance.rigs.roles import session_of
from acceptance.rigs.stack_sets import refusal_of
from templates import policies, trust
from templates.parts import compose, role

STRANGER = "123456789012"
"""The account of AWS's own examples; none of a test organization."""
RELIED_ON = ("AccountNotFoundException", "AccessDeniedException")


def run(lab: Lab) -> Finding:
    """Ask about the member and about a stranger, as a role with the handler's permissions."""
    names = lab.names
    reader = role(
        "ReaderRole",
        names,
        name=lab.name("reader"),
        description="Looks accounts up in an acceptance run",
        trusted=trust.auditors(names),
        purpose="look-up-accounts",
        allowed=policies.look_up_accounts(names),
    )
    lab.stack("central", "reader", compose("acceptance: looks accounts up", [reader]).to_dict())
    session: Any = session_of(lab, names.role_arn(lab.environment.central_account, lab.name("reader")))
    client = session.client("organizations", region=lab.environment.region)
    try:
        lab.wait_while(
            {"AccessDeniedException"}, lambda: client.describe_account(AccountId=lab.environment.member_account)
        )
    except ClientError as error:
        return not_run("Not even the member could be looked up", refusal=refusal_of(error))
    try:
        answer = client.describe_account(AccountId=STRANGER)
    except ClientError as error:
        refusal = refusal_of(error)
        if refusal["code"] in RELIED_ON:
            return held(f"It answers {refusal['code']}", refusal=refusal)
        return refuted(f"It answers {refusal['code']}", refusal=refusal)
    return refuted("It describes the account", answer=answer["Account"])


CHECK = Check(
    number=19,
    title="What Organizations answers about an account that is not in it",
    run=run,
    creates=("central: a stack of one role",),
    minutes=2,
    altered_by="OUTSIDE_ACCOUNTS_INVALID",
)
