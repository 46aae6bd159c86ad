"""Principals of repository policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from deployer.partitions import partitions
from deployer.settings.policy_values import Found, listed, shown, unknown_keys
from deployer.settings.yaml_source import KeyPath

_ARN = r"arn:aws(?:-[a-z]+)*"
_NAME = r"[A-Za-z0-9_+=,.@-]+"
_PATH = r"(?:[!-)+->@-~]+/)?"
"""Printable ASCII except wildcards: a principal is named in full."""

_DOMAINS = "|".join(map(re.escape, sorted({"amazon.com", *(each.dns_suffix for each in partitions().values())})))

FORMS = {
    "AWS": re.compile(
        rf"\*|[0-9]{{12}}|{_ARN}:iam::[0-9]{{12}}:(?:root|(?:role|user)/{_PATH}{_NAME})"
        rf"|{_ARN}:sts::[0-9]{{12}}:(?:assumed-role/{_NAME}/{_NAME}|federated-user/{_NAME})"
    ),
    "Service": re.compile(rf"\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:{_DOMAINS})"),
    "Federated": re.compile(
        rf"{_ARN}:iam::[0-9]{{12}}:(?:saml|oidc)-provider/[!-)+->@-~]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    ),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}
EXPECTED = {
    "AWS": "use *, an account ID of 12 digits, or the whole ARN of a root, role, user or session, without wildcards",
    "Service": "use the name of a service, as in codebuild.amazonaws.com",
    "Federated": "use the ARN of a SAML or OIDC provider, or a domain",
    "CanonicalUser": "use an ID of 64 hexadecimal digits",
}


def check_principal(value: object, at: KeyPath) -> Found:
    """`*`, or lists of principals by their kind."""
    if value == "*":
        return
    if not isinstance(value, Mapping) or not value:
        yield at, 'a principal is "*" or an object, as in {"AWS": "300000000001"}'
        return
    yield from unknown_keys(value, FORMS, at)
    for kind in FORMS:
        if kind in value:
            yield from _check_names(kind, value[kind], (*at, kind))


def _check_names(kind: str, value: object, at: KeyPath) -> Found:
    if value in (None, []):
        yield at, "names no principal; name at least one"
    for path, name in listed(value, at):
        if not isinstance(name, str) or not FORMS[kind].fullmatch(name):
            yield path, f"{shown(name)} is not a valid principal; {EXPECTED[kind]}"


_PULLING = ("batch", "build.apprunner", "codebuild", "ecs", "ecs-tasks", "eks", "gamelift", "lambda", "sagemaker")
"""Services that pull images by their own principals; AWS publishes no list of all principals of services."""


def principal_warnings(value: object, at: KeyPath) -> Found:
    """Kinds of principals that ECR does not document for repository policies, and misspelled services."""
    if not isinstance(value, Mapping):
        return
    for kind in ("Federated", "CanonicalUser"):
        if kind in value:
            yield (*at, kind), f"ECR documents no {kind} principals for repository policies, and may refuse them"
    if any(name == "*" for _, name in listed(value.get("Service"), at)):
        yield (*at, "Service"), "IAM documents no wildcard for services, and ECR may refuse it"
    for path, name in listed(value.get("Service"), (*at, "Service")):
        service, _, domain = str(name).partition(".amazonaws.")
        near = difflib.get_close_matches(service, _PULLING, n=1, cutoff=0.8)
        if domain and near and service not in _PULLING:
            yield path, f"{name} is no service that deployer knows; did you mean {near[0]}.amazonaws.{domain}?"
