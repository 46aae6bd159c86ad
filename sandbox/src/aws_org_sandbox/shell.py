"""Commands for a POSIX shell: point it at the sandbox, and restore what it had.

What the shell had is kept in one of its own variables, so that undoing needs no file and no running sandbox.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping

from aws_org_sandbox.errors import SandboxError

SAVED = "AWS_ORG_SANDBOX_SAVED"
"""JSON: by name, the value of each variable before the sandbox; null if it was not set."""

OTHER_CREDENTIALS = (
    "AWS_ACCOUNT_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings"""

OTHER_PROXIES = ("ALL_PROXY", "all_proxy", "http_proxy", "https_proxy", "no_proxy")
"""Clients prefer these to the names in capitals."""

_ENDPOINT_OF_A_SERVICE = re.compile(r"AWS_ENDPOINT_URL_[A-Z0-9_]+")


def commands(
    variables: Mapping[str, str], environment: Mapping[str, str], *, others: Collection[str] = ()
) -> Iterator[str]:
    """Commands that set `variables` and unset all that would lead elsewhere, `others` included."""
    unset = {*OTHER_CREDENTIALS, *OTHER_PROXIES, *others, *filter(_ENDPOINT_OF_A_SERVICE.fullmatch, environment)}
    saved = {name: environment.get(name) for name in (unset | variables.keys())} | _saved(environment)
    for name in sorted(unset - variables.keys()):
        yield f"unset {name}"
    for name, value in sorted({**variables, SAVED: json.dumps(saved)}.items()):
        yield f"export {name}={shlex.quote(value)}"


def undo_commands(environment: Mapping[str, str]) -> Iterator[str]:
    """Commands that restore what `commands` replaced; none for a shell that does not use the sandbox."""
    if SAVED not in environment:
        return
    for name, value in sorted(_saved(environment).items()):
        yield f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}"
    yield f"unset {SAVED}"


def _saved(environment: Mapping[str, str]) -> dict[str, str | None]:
    """The values before the first use of the sandbox in this shell; raises SandboxError if they are damaged."""
    try:
        found = json.loads(environment.get(SAVED, "{}"))
        return {_name(name): None if value is None else str(value) for name, value in found.items()}
    except (ValueError, AttributeError) as error:
        raise SandboxError(f"{SAVED} was changed: it is not what `env` saved", next_step="Open a new shell.") from error


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(name)
    return name
