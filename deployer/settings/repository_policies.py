"""Requirements of ECR on repository policies that can be checked without calling ECR.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
Each check gives the location and the problem. What ECR makes of IAM's grammar is assumption A33; what may be an action
or a key that AWS added since is a warning.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping

from deployer.settings.ecr_actions import ECR_ACTIONS
from deployer.settings.policy_conditions import check_condition, condition_warnings
from deployer.settings.policy_principals import check_principal, principal_warnings
from deployer.settings.policy_values import Found, Policy, listed, shown, unknown_keys
from deployer.settings.yaml_source import KeyPath

VERSIONS = ("2012-10-17", "2008-10-17")
POLICY_KEYS = ("Version", "Id", "Statement")
STATEMENT_KEYS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition")
RESOURCES = ("Resource", "NotResource")
_ACTION = re.compile(r"\*|ecr:[a-z0-9*?]+", re.IGNORECASE | re.ASCII)
_KNOWN_ACTIONS = frozenset(action.lower() for action in ECR_ACTIONS)
_LONGEST_ACTION = max(map(len, _KNOWN_ACTIONS))
_SID = re.compile(r"[A-Za-z0-9 ]*")


def check_repository_policy(policy: Policy) -> Found:
    """Problems for which ECR refuses a policy."""
    yield from unknown_keys(policy, POLICY_KEYS, ())
    if policy.get("Version", VERSIONS[0]) not in VERSIONS:
        yield ("Version",), "Version is " + " or ".join(VERSIONS)
    if not isinstance(policy.get("Id", ""), str):
        yield ("Id",), "an Id is a string"
    if policy.get("Statement") in (None, []):
        yield ("Statement",), "a repository policy has a Statement, at least one"
    for at, statement in _statements(policy):
        if isinstance(statement, Mapping):
            yield from _check_statement(statement, at)
        else:
            yield at, "a statement is an object"


def repository_policy_warnings(policy: Policy) -> Found:
    """What ECR may refuse, or what has no effect there."""
    sids: set[str] = set()
    for at, statement in _statements(policy):
        if not isinstance(statement, Mapping):
            continue
        yield from _sid_warnings(statement.get("Sid"), sids, (*at, "Sid"))
        for key in ("Principal", "NotPrincipal"):
            yield from principal_warnings(statement.get(key), (*at, key))
        for key in ("Action", "NotAction"):
            yield from _action_warnings(statement.get(key), (*at, key))
        yield from condition_warnings(statement.get("Condition"), (*at, "Condition"))


def _statements(policy: Policy) -> Iterator[tuple[KeyPath, object]]:
    """A single statement needs no list."""
    statements = policy.get("Statement")
    if isinstance(statements, list):
        yield from ((("Statement", index), statement) for index, statement in enumerate(statements))
    elif statements is not None:
        yield ("Statement",), statements


def _check_statement(statement: Policy, at: KeyPath) -> Found:
    yield from unknown_keys({key: None for key in statement if key not in RESOURCES}, STATEMENT_KEYS, at)
    for key in RESOURCES:
        if key in statement:
            message = f"ECR accepts no {key} in a repository policy, which always applies to its own repository"
            yield (*at, key), message
    if not isinstance(statement.get("Sid", ""), str):
        yield (*at, "Sid"), "a Sid is a string"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield (*at, "Effect"), "Effect is Allow or Deny"
    yield from _check_alternatives(statement, at)
    for key in ("Principal", "NotPrincipal"):
        if key in statement:
            yield from check_principal(statement[key], (*at, key))
    for key in ("Action", "NotAction"):
        if key in statement:
            yield from _check_actions(statement[key], (*at, key))
    if "Condition" in statement:
        yield from check_condition(statement["Condition"], (*at, "Condition"))


def _check_alternatives(statement: Policy, at: KeyPath) -> Found:
    if not {"Principal", "NotPrincipal"} & statement.keys():
        yield at, "a statement of a repository policy names a Principal"
    if not {"Action", "NotAction"} & statement.keys():
        yield at, "a statement names an Action"
    for key in ("Principal", "Action"):
        if {key, f"Not{key}"} <= statement.keys():
            yield (*at, f"Not{key}"), f"a statement has either {key} or Not{key}"
    if "NotPrincipal" in statement and statement.get("Effect") == "Allow":
        yield (*at, "NotPrincipal"), "NotPrincipal requires the effect Deny; name who is allowed as Principal"


def _check_actions(value: object, at: KeyPath) -> Found:
    if value in (None, []):
        yield at, "names no action; name at least one"
    for path, action in listed(value, at):
        if not isinstance(action, str):
            yield path, f"{shown(action)} is not an action: use a string, as in ecr:BatchGetImage"
        elif not _ACTION.fullmatch(action):
            yield path, f"{shown(action)} is not an action of ECR, and a repository policy accepts no others"


def _action_warnings(value: object, at: KeyPath) -> Found:
    for path, action in listed(value, at):
        if isinstance(action, str) and _ACTION.fullmatch(action) and not _is_known(action):
            yield path, f"{shown(action)} matches no action of ECR that deployer knows"


def _is_known(action: str) -> bool:
    name = action.lower().removeprefix("ecr:")
    if not set("*?") & set(name):
        return name in _KNOWN_ACTIONS
    if len(name) - name.count("*") > _LONGEST_ACTION:
        return False
    return any(fnmatch.fnmatchcase(known, name) for known in _KNOWN_ACTIONS)


def _sid_warnings(sid: object, seen: set[str], at: KeyPath) -> Found:
    if not isinstance(sid, str) or not sid:
        return
    if sid in seen:
        yield at, f"another statement has the Sid {shown(sid)}; AWS recommends unique ones"
    seen.add(sid)
    if not _SID.fullmatch(sid):
        yield at, "IAM documents only A-Z, a-z and 0-9 for a Sid; ECR may refuse others"
