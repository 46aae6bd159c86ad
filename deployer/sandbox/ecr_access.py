"""Registries of other accounts: a caller gets in only by the repository's own policy."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from moto.ecr.models import ECRBackend, Repository
from moto.organizations.models import organizations_backends

from deployer.sandbox.calls import Call
from deployer.sandbox.context import current
from deployer.sandbox.credentials import Principal
from deployer.sandbox.ecr_errors import AccessDeniedException


def check(call: Call, registry: ECRBackend) -> None:
    """Refuse a caller of another account, except where the repository is missing: AWS says just that then."""
    name = call.parameters.get("repositoryName")
    repository = registry.repositories.get(str(name))
    if name is not None and repository is None and call.operation != "CreateRepository":
        return
    if repository is None or not _admits(repository, call.principal, operation=call.operation):
        arn = f"arn:aws:ecr:{registry.region_name}:{registry.account_id}:repository/{name or '*'}"
        raise AccessDeniedException(principal=call.principal.arn, operation=call.operation, arn=arn)


def _admits(repository: Repository, principal: Principal, *, operation: str) -> bool:
    statements = json.loads(repository.policy or "{}").get("Statement", [])
    matching = [
        statement["Effect"]
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
        if _names(statement, principal) and _covers(statement, operation)
    ]
    return "Allow" in matching and "Deny" not in matching


def _names(statement: Mapping[str, Any], principal: Principal) -> bool:
    stated = statement.get("Principal", {})
    names = _list("*" if stated == "*" else stated.get("AWS", []))
    root = f"arn:aws:iam::{principal.account}:root"
    return bool({"*", principal.account, root, principal.arn, principal.role_arn} & set(names))


def _covers(statement: Mapping[str, Any], operation: str) -> bool:
    """Whether a statement is about the operation; one with conditions that are not known here never allows."""
    if statement["Effect"] == "Allow" and not _conditions_hold(statement.get("Condition", {})):
        return False
    patterns = [pattern.lower() for pattern in _list(statement.get("Action", []))]
    return any(fnmatch.fnmatchcase(f"ecr:{operation}".lower(), pattern) for pattern in patterns)


def _conditions_hold(conditions: Mapping[str, Any]) -> bool:
    facts = {"aws:principalorgid": _organization_id()}
    return all(
        operator == "StringEquals" and facts.get(key.lower()) in _list(wanted)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _organization_id() -> str:
    backend = organizations_backends[current().management_account]["aws"]
    return str(backend.org.id) if backend.org else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
