"""Repository policies that ECR refuses; moto (5.2.5) checks neither operators, principals nor the types of values.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.ecr.rules import check_length, refuse
from aws_org_sandbox.iam.conditions import accepts_value, is_operator

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_POLICY: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}
)  # no Resource: a policy applies to its own repository
_ACTION: Final = re.compile(r"\*|[Ee][Cc][Rr]:[A-Za-z0-9*?]+")
_ARN: Final = r"arn:aws(?:-[a-z]+)*"
_NAME: Final = r"[A-Za-z0-9_+=,.@-]+"
_PRINCIPALS: Final = {
    "AWS": re.compile(
        rf"\*|[0-9]{{12}}|{_ARN}:iam::[0-9]{{12}}:(?:root|(?:role|user)/(?:[!-)+->@-~]+/)?{_NAME})"
        rf"|{_ARN}:sts::[0-9]{{12}}:(?:assumed-role/{_NAME}/|federated-user/){_NAME}"
    ),
    "Service": re.compile(
        r"\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazon\.com|amazonaws\.(?:com|com\.cn|eu)"
        r"|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk)"
    ),
    "Federated": re.compile(
        rf"{_ARN}:iam::[0-9]{{12}}:(?:saml|oidc)-provider/[!-)+->@-~]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    ),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}


def check_repository_policy(text: str) -> None:
    """Refuse a policy for its first error, without naming it, as ECR does; what it refuses is assumption A33."""
    check_length("PolicyText", text, least=0, most=10_240)
    policy = _parsed(text)
    is_unchecked = policy is not None and is_altered(Behaviour.REPOSITORY_POLICIES_UNCHECKED)
    if not is_unchecked and not _is_policy(policy):
        raise refuse("PolicyText", "Invalid repository policy provided")


def _parsed(text: str) -> Any:
    """None for what is no JSON, is nested too deeply, or has a key twice."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_policy(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= _POLICY
        and value.get("Version", _VERSIONS[0]) in _VERSIONS
        and isinstance(value.get("Id", ""), str)
        and _all(value.get("Statement"), _is_statement)
    )


def _is_statement(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= _STATEMENT
        and isinstance(value.get("Sid", ""), str)
        and value.get("Effect") in ("Allow", "Deny")
        and ("Principal" in value) != ("NotPrincipal" in value)
        and ("Action" in value) != ("NotAction" in value)
        and not ("NotPrincipal" in value and value["Effect"] == "Allow")
        and _is_principal(value.get("Principal", value.get("NotPrincipal")))
        and _all(value.get("Action", value.get("NotAction")), _is_action)
        and _is_condition(value.get("Condition", {}))
    )


def _is_action(value: Any) -> bool:
    return isinstance(value, str) and _ACTION.fullmatch(value) is not None


def _is_principal(value: Any) -> bool:
    if value == "*":
        return True
    return isinstance(value, dict) and bool(value) and all(_are_names(kind, names) for kind, names in value.items())


def _are_names(kind: str, names: Any) -> bool:
    form = _PRINCIPALS.get(kind)
    return form is not None and _all(names, lambda name: isinstance(name, str) and form.fullmatch(name) is not None)


def _is_condition(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_operator(operator)
        and isinstance(keys, dict)
        and bool(keys)
        and all(_all(values, lambda item: accepts_value(operator, item)) for values in keys.values())  # noqa: B023
        for operator, keys in value.items()
    )


def _all(value: Any, check: Any) -> bool:
    """Whether one value, or every item of a list that has some, passes a check."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(check(item) for item in items)
