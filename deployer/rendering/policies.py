"""IAM policies as Terraform, as CloudFormation, and as a table of reasons. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from deployer.rendering.text import WIDTH, Line, Tone, wrapped
from deployer.words import printable
from templates.permissions import VIA_CLOUDFORMATION, Permission

Document = Mapping[str, object]


def role_policy_in_terraform(name: str, document: Document) -> str:
    """An inline policy of a role that a variable names: managed policies have at most 6,144 characters."""
    label = _label(name)
    return (
        f'variable "{label}_role" {{\n'
        f'  description = "Name of the role that gets the policy {name}."\n'
        "  type        = string\n"
        "}\n\n"
        f'resource "aws_iam_role_policy" "{label}" {{\n'
        f"  name = {_string(name)}\n"
        f"  role = var.{label}_role\n\n"
        f"  policy = jsonencode({_expression(document)})\n"
        "}"
    )


def organization_policy_in_terraform(name: str, document: Document, *, kind: str, attach_to: str) -> str:
    """A policy of the organization, of `RESOURCE_CONTROL_POLICY` or another kind, which is not attached."""
    return (
        f"# Attach it to {printable(attach_to)} with aws_organizations_policy_attachment.\n"
        f'resource "aws_organizations_policy" "{_label(name)}" {{\n'
        f"  name = {_string(name)}\n"
        f"  type = {_string(kind)}\n\n"
        f"  content = jsonencode({_expression(document)})\n"
        "}"
    )


def role_policy_in_cloudformation(name: str, document: Document) -> dict[str, object]:
    """A template of an inline policy for a role that a parameter names."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The policy {name}, for a role that exists.",
        "Parameters": {"RoleName": {"Type": "String", "Description": "Name of the role that gets the policy."}},
        "Resources": {
            "Policy": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {"PolicyName": name, "RoleName": {"Ref": "RoleName"}, "PolicyDocument": document},
            }
        },
    }


def organization_policies_in_cloudformation(policies: Mapping[str, tuple[str, Document]]) -> dict[str, object]:
    """A template of policies of the organization, which are not attached; kind and document of each by its name."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Policies of the organization, attached to nothing.",
        "Resources": {
            "".join(word.capitalize() for word in kind.split("_")): {
                "Type": "AWS::Organizations::Policy",
                "DeletionPolicy": "Delete",
                "Properties": {"Name": name, "Type": kind, "Content": document},
            }
            for name, (kind, document) in policies.items()
        },
    }


def explanation_lines(what: str, permissions: Iterable[Permission], *, width: int = WIDTH) -> Iterator[Line]:
    """The statements of a policy with their reasons, actions and resources; `what` describes the policy."""
    rows = list(permissions)
    column = max(len(one.sid) for one in [*rows, _HEADER]) + 2
    yield from wrapped(f"{what}.", indent=0, tone="heading", width=width)
    for one in [_HEADER, *rows]:
        is_header = one is _HEADER
        yield from _beside(one.sid.ljust(column), one.why, tone="heading" if is_header else "", width=width)
        if is_header:
            continue
        yield from _listed("actions", one.actions, width=width)
        yield from _listed("on", one.resources, width=width)
        if one.condition:
            yield from _listed("if", list(_conditions(one)), width=width)


_EQUALS = {"Bool", "BoolIfExists", "StringEquals"}
_HEADER = Permission(sid="Statement", why="Why", actions=())


def _beside(left: str, text: str, *, tone: Tone, width: int) -> Iterator[Line]:
    """A text in its own column."""
    lines = wrapped(text, indent=0, width=width - len(left) - 2)
    for number, line in enumerate(lines):
        yield Line(f"{left if number == 0 else ' ' * len(left)}{line.text.strip()}", tone)


def _listed(label: str, items: Sequence[str], *, width: int) -> Iterator[Line]:
    """Items one after the other; one that is longer than a line is broken where an ARN may be."""
    first = f"  {label:<8} "
    room = width - len(first)
    words = [piece for item in ", ".join(items).split() for piece in _pieces(item, room - 2)]
    for line in wrapped(" ".join(words), indent=0, width=room):
        yield Line(f"{first}{line.text.strip()}", "quiet")
        first = " " * len(first)


def _pieces(text: str, size: int) -> Iterator[str]:
    """An ARN in pieces of at most `size` characters, broken behind a colon or slash if it has any."""
    while len(text) > size:
        at = max(text.rfind(":", 0, size), text.rfind("/", 0, size), text.rfind("-", 0, size)) + 1 or size
        yield text[:at]
        text = text[at:]
    yield text


def _conditions(permission: Permission) -> Iterator[str]:
    condition = permission.condition or {}
    if condition.items() >= VIA_CLOUDFORMATION.items():
        yield "CloudFormation makes the call"
        return
    for operator, values in condition.items():
        for key, value in values.items():
            listed = map(str, value if isinstance(value, list | tuple) else [value])
            yield f"{key} {'is' if operator in _EQUALS else operator} {' or '.join(listed)}"


def _label(name: str) -> str:
    """The name as an identifier of Terraform."""
    return name.replace("-", "_")


def _string(text: str) -> str:
    """A string of HCL, in which `${` and `%{` begin templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _expression(document: object, depth: int = 1) -> str:
    """A value of JSON as an expression of HCL, with the indentation of `terraform fmt`."""
    indent, end = "  " * (depth + 1), "  " * depth
    match document:
        case dict():
            return f"{{\n{''.join(f'{indent}{line}' for line in _attributes(document, depth))}{end}}}"
        case list():
            items = "".join(f"{indent}{_expression(item, depth + 1)},\n" for item in document)
            return f"[\n{items}{end}]"
        case str():
            return _string(document)
        case _:
            return json.dumps(document)


def _attributes(document: Document, depth: int) -> Iterator[str]:
    """Keys and values; the equals signs of neighbours that take one line each are aligned."""
    for is_nested, group in groupby(document.items(), lambda item: isinstance(item[1], dict | list)):
        pairs = [(key if key.isidentifier() else _string(key), value) for key, value in group]
        longest = 0 if is_nested else max(len(key) for key, _ in pairs)
        for key, value in pairs:
            yield f"{key.ljust(longest)} = {_expression(value, depth + 1)}\n"
