"""How long AWS denies a call that a policy allows, because the policy or a tag is new."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from acceptance.check import Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import refusal_of
from deployer.aws.errors import code_of

DENIED = {"AccessDenied", "AccessDeniedException"}
"""Codes of a denial, which depend on the service."""


def allowed_within(lab: Lab, seconds: float, call: Callable[[], object]) -> Finding:
    """Whether a call is allowed within this time, with the last denial; any other error is raised."""
    denials: list[dict[str, str]] = []

    def attempt() -> None:
        try:
            call()
        except ClientError as error:
            denials.append(refusal_of(error))
            raise

    try:
        lab.wait_while(DENIED, attempt, limit=seconds)
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        return refuted(f"Denied for {seconds:.0f} seconds", denials=denials[-1:], attempts=len(denials))
    return held(f"Allowed at attempt {len(denials) + 1}", denials=denials[-1:], attempts=len(denials) + 1)
