"""A14: ECR returns RepositoryNotFoundException, not a denial, to principals that may push in the account."""

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
    """Call ECR for a missing repository, with a role that has only push permissions for its name."""
    session: Any = session_of(lab, roles(lab).pusher)
    client, name = session.client("ecr", region=lab.environment.region), f"{lab.prefix}/missing"
    answers = {
        "InitiateLayerUpload": _answer(lab, lambda: client.initiate_layer_upload(repositoryName=name)),
        "BatchCheckLayerAvailability": _answer(
            lab, lambda: client.batch_check_layer_availability(repositoryName=name, layerDigests=[DIGEST])
        ),
    }
    if wrong := [call for call, answer in answers.items() if answer["code"] != MISSING]:
        return refuted(f"Unexpected response to {', '.join(wrong)}", **answers)
    sentence = f"The repository with name '{name}' does not exist in the registry with id '"
    if unnamed := [call for call, answer in answers.items() if sentence not in answer["message"]]:
        return refuted(f"The response to {', '.join(unnamed)} does not name repository and registry", **answers)
    return held("Both calls return that the repository does not exist", **answers)


def _answer(lab: Lab, call: Callable[[], Any]) -> dict[str, str]:
    """The response of ECR; a denial counts only if it lasts for a minute, because the role is new."""
    try:
        lab.wait_while({"AccessDenied", "AccessDeniedException"}, call)
    except ClientError as error:
        return refusal_of(error)
    return {"code": "", "message": "The call succeeded"}


CHECK = Check(
    number=14,
    title="ECR returns RepositoryNotFoundException, not a denial, to principals that may push in the account",
    run=run,
    creates=("member: a stack of roles",),
    minutes=1,
    altered_by="MISSING_REPOSITORIES_DENIED",
)
