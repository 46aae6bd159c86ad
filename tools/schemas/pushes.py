"""What `deployer ensure` and `deployer push --dry-run` print with --json."""

from __future__ import annotations

from tools.schemas.parts import ACCOUNT, Schema, count, document, list_of, object_of, seconds, text

_REPOSITORY = {"account": ACCOUNT, "region": text(), "repository": text()}
_REFUSAL = {
    "reason": text("A stable code"),
    "rule": text("The rule that refused it"),
    "message": text("What happened"),
    "next_step": text(),
    "detail": text(),
    "ou_path": text("The path of the account's OU"),
}


def ensure() -> Schema:
    """The document of `ensure --json`."""
    outcomes = ["exists", "created-on-push", "refused", "failed", "timed-out"]
    outcome = object_of({
        "image": text("As it was requested"), **_REPOSITORY, "outcome": {"enum": outcomes},
        "seconds": seconds("From the request"), "calls": count("Calls to AWS"),
    })  # fmt: skip
    outcome["properties"] |= {
        "template": text("ECR's creation template, if ECR creates it on push"),
        **_REFUSAL,
    }
    return document("ensure") | list_of(outcome)


def push() -> Schema:
    """The document of `push --dry-run --json`."""
    return document("push --dry-run") | list_of(object_of(_REPOSITORY))


SCHEMAS = {"ensure": ensure, "push": push}
