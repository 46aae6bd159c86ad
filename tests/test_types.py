"""`Any` is used only for incoming JSON and for what botocore and typer create at run time; all other code has types.

`JsonValue` is that `Any` under a name of its own: only a module that reads JSON, YAML or answers of AWS uses it, and
hands on values of its own types. A value that only passes through, or is only written, is an `object`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("deployer", "handler", "templates")

ANY: Mapping[str, str] = {
    "deployer/cli/lazy_group.py": "typer passes the attributes of a group as keywords",
    "deployer/cli/main.py": "the same",
    "deployer/planning/per_ou.py": "resources whose contents have a type each",
    "handler/clients.py": "botocore makes clients at run time",
    "handler/json_values.py": "JSON",
}
"""Modules that name `Any`, and why."""

JSON: Mapping[str, str] = {
    "deployer/audit/export.py": "the state of an unfinished export",
    "deployer/aws/**": "answers of AWS that the stubs do not describe",
    "deployer/cli/audit_report.py": "output of other commands, as files",
    "deployer/demo/**": "output of commands",
    "deployer/doctor/resource_names.py": "templates",
    "deployer/doctor/scps.py": "service control policies",
    "deployer/drift/checkpoint.py": "the state of an interrupted verification",
    "deployer/drift/findings.py": "the same",
    "deployer/drift/repository_state.py": "repositories in answers and events of ECR",
    "deployer/organization.py": "snapshots of an organization",
    "deployer/planning/template_changes.py": "templates",
    "deployer/pushing/client_documents.py": "what build tools print",
    "deployer/pushing/client_logins.py": "configuration of clients",
    "deployer/pushing/compose_files.py": "compose files",
    "deployer/pushing/compose_services.py": "the same",
    "deployer/pushing/compose_yaml.py": "the same",
    "deployer/pushing/image_files.py": "bake files in JSON, and lists of images",
    "deployer/rendering/plan_file.py": "plan files",
    "deployer/reporting/coverage.py": "output of `status`",
    "deployer/reporting/documents.py": "output of other commands in files",
    "deployer/reporting/usage.py": "output of `audit usage`",
    "deployer/reporting/verification.py": "output of `audit verify`",
    "deployer/rollout/actual_state.py": "templates",
    "deployer/rollout/locking.py": "the record of a roll-out",
    "deployer/settings/json_schema.py": "schemas that pydantic makes",
    "deployer/settings/limits.py": "values of config files, after their type was checked",
    "deployer/settings/rollout.py": "the same",
    "deployer/usage/findings.py": "the state of an interrupted audit",
    "handler/clients.py": "botocore's data files",
    "handler/creators.py": "the settings file",
    "handler/deployed_resources.py": "templates",
    "handler/layers.py": "layers of settings",
    "handler/ledger.py": "an error's response, whose type lacks the item",
    "handler/policy_meaning.py": "policy documents",
    "handler/records.py": "items of the ledger",
    "handler/resource_comparison.py": "properties of resources",
    "handler/settings_file.py": "the settings file",
}
"""Modules that name `JsonValue`, and what comes in there."""


def modules_that_name(name: str) -> Iterator[str]:
    for file in sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if name not in text:
            continue
        tree = ast.parse(text)
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if name in named | texts:
            yield file.relative_to(ROOT).as_posix()


def listed_as(modules: Mapping[str, str], name: str) -> set[str]:
    """The entries of the list for which there is a module; a module without an entry stands for itself."""
    found = set()
    for module in modules_that_name(name):
        folder = f"{module.rpartition('/')[0]}/**"
        found.add(folder if folder in modules else module)
    return found


def test_any_is_named_where_no_type_exists() -> None:
    assert listed_as(ANY, "Any") == set(ANY), "Use object, a type, or JsonValue for JSON that comes in."


def test_only_modules_at_the_edge_read_json_values() -> None:
    assert listed_as(JSON, "JsonValue") == set(JSON) | {"handler/json_values.py"}, (
        "Pass a type on from where it is read."
    )
