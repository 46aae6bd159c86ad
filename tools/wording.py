"""IAM's conditions and CloudFormation's references in words, for people who review permissions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_TESTS = {
    "StringEquals": "",
    "StringLike": "like ",
    "StringNotLike": "not like ",
    "ArnEquals": "",
    "ArnLike": "like ",
    "ArnNotEquals": "not ",
    "Bool": "",
    "NumericLessThan": "below ",
}


def conditions(block: Mapping[str, Mapping[str, Any]], *, implied: Collection[str] = ()) -> str:
    """A Condition element as a sentence, without keys that are `implied`; all of it has to hold. May be empty."""
    subjects: dict[str, list[str]] = {}
    for key, subject, test in _tests(block):
        if key not in implied:
            subjects.setdefault(test, []).append(subject)
    terms = [f"{' and '.join(found)} {'are' if len(found) > 1 else 'is'} {test}" for test, found in subjects.items()]
    return ", and ".join(filter(None, (", ".join(terms[:-1]), *terms[-1:])))


def _tests(block: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Each key, the key in words, and what is tested."""
    listed = {key for operator, tests in block.items() if operator.startswith("ForAllValues:") for key in tests}
    for operator, tests in sorted(block.items()):
        quantifier, _, name = operator.rpartition(":")
        every = "every " if quantifier == "ForAllValues" else ""
        for key, expected in sorted(tests.items()):
            if name == "Null" and key in listed and expected == "false":
                continue  # without this, no value at all would do
            if name == "Null":
                yield key, f"`{key}`", "absent" if expected == "true" else "present"
            else:
                yield key, f"{every}`{key}`", f"{_TESTS[name]}{code(expected)}"


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


CALLER_KEYS = ("aws:PrincipalArn", "aws:PrincipalOrgID")
"""Keys of conditions that `principal` includes; the caller's organization is implied by its account."""


def principal(value: Any, block: Mapping[str, Mapping[str, Any]]) -> str:
    """A Principal element in words, narrowed to the callers that the conditions permit."""
    if value == "*":
        return "anyone"
    (named,) = value.values()
    if caller := block.get("ArnEquals", {}).get("aws:PrincipalArn"):
        return code(caller)
    excluded = block.get("ArnNotEquals", {}).get("aws:PrincipalArn")
    return f"{code(named)}, except {code(excluded)}" if excluded else code(named)
