"""IAM's conditions and CloudFormation's references in words, for people who review permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_VERBS = {
    "StringEquals": "is",
    "StringLike": "is like",
    "StringNotLike": "is not like",
    "ArnEquals": "is",
    "ArnLike": "is like",
    "ArnNotEquals": "is not",
    "Bool": "is",
    "NumericLessThan": "is below",
}


def conditions(block: Mapping[str, Mapping[str, Any]]) -> str:
    """A Condition element as a sentence; all of it has to hold. Empty without a condition."""
    return " and ".join(_terms(block))


def _terms(block: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    listed = {key for operator, tests in block.items() if operator.startswith("ForAllValues:") for key in tests}
    for operator, tests in sorted(block.items()):
        quantifier, _, name = operator.rpartition(":")
        subject = "every value of " if quantifier == "ForAllValues" else ""
        for key, expected in sorted(tests.items()):
            if name == "Null" and key in listed and expected == "false":
                continue  # without this, no value at all would do
            if name == "Null":
                yield f"`{key}` is {'absent' if expected == 'true' else 'present'}"
            else:
                yield f"{subject}`{key}` {_VERBS[name]} {code(expected)}"


def code(value: Any) -> str:
    """One or several values as code; several are alternatives."""
    values = value if isinstance(value, list) else [value]
    return " or ".join(f"`{reference(item)}`" for item in values)


def reference(value: Any) -> str:
    """A value as text; what the stack fills in stands in `<…>`."""
    match value:
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::", "<").replace("${", "<").replace("}", ">")
        case {"Fn::GetAtt": [str(logical_id), str(attribute)]}:
            return f"<{logical_id}.{attribute}>"
        case {"Ref": str(name)}:
            return f"<{name.removeprefix('AWS::')}>"
        case _:
            return str(value)


def principal(value: Any) -> str:
    """A Principal element in words."""
    if value == "*":
        return "anyone"
    (named,) = value.values()
    return code(named)
