"""A14: ECR answers RepositoryNotFoundException, not a denial, to whoever may push in the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.roles import roles, session_of
from acceptance.rigs.stack_sets import refusal_of

MISSING = "RepositoryNotFoundException"
DIGEST = f"sha256:{0:064x}"


def run(lab: Lab) -> Finding:
    """Ask about a missing repository, as a role with push permissions for its name and nothing else."""
    session: Any = session_of(lab, roles(lab).pusher)
    client, name = session.client("ecr", region=lab.environment.region), f"{lab.prefix}/missing"
    answers = {
        "InitiateLayerUpload": _answer(lab, lambda: client.initiate_layer_upload(repositoryName=name)),
        "BatchCheckLayerAvailability": _answer(
            lab, lambda: client.batch_check_layer_availability(repositoryName=name, layerDigests=[DIGEST])
        ),
    }
    if wrong := [call for call, answer in answers.items() if answer["code"] != MISSING]:
        return refuted(f"Another answer to {', '.join(wrong)}", **answers)
    return held("Both calls answer that the repository does not exist", **answers)


def _answer(lab: Lab, call: Callable[[], Any]) -> dict[str, str]:
    """What ECR answers; a denial counts if it lasts for a minute, since the role is new."""
    try:
        lab.wait_while({"AccessDenied", "AccessDeniedException"}, call)
    except ClientError as error:
        return refusal_of(error)
    return {"code": "", "message": "The call succeeded"}


CHECK = Check(
    number=14,
    title="ECR answers RepositoryNotFoundException, not a denial, to whoever may push in the account",
    run=run,
    creates=("member: a stack of roles",),
    minutes=1,
    altered_by="MISSING_REPOSITORIES_DENIED",
)
