"""The limits of a template; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

FORMAT_VERSION = "2010-09-09"
MAX_DESCRIPTION_LENGTH = 1024
MAX_RESOURCES = 500
MAX_PARAMETERS = 200
MAX_OUTPUTS = 200

_NAME = re.compile(r"[A-Za-z0-9]{1,255}")
_PARAMETER_TYPE = re.compile(
    r"String|Number|List<Number>|CommaDelimitedList|AWS::SSM::Parameter::.+|(List<)?AWS::EC2::[A-Za-z:]+>?"
)


def broken(document: Mapping[str, Any]) -> Iterator[str]:
    """CloudFormation's error for a template that exceeds a limit, or has an unknown element."""
    version = document.get("AWSTemplateFormatVersion", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        yield f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
    description = document.get("Description", "")
    if not isinstance(description, str):
        yield "Template format error: Description must be a string."
    elif len(description.encode()) > MAX_DESCRIPTION_LENGTH:
        yield f"Template format error: 'Description' length is greater than {MAX_DESCRIPTION_LENGTH}."
    sections = (("Resources", MAX_RESOURCES), ("Parameters", MAX_PARAMETERS), ("Outputs", MAX_OUTPUTS))
    for section, most in sections:
        number = len(document.get(section) or {})
        if number > most:
            found = f"Number of {section.lower()}, {number}, is greater than maximum allowed, {most}"
            yield f"Template format error: {found}"
    for name, parameter in (document.get("Parameters") or {}).items():
        yield from _broken_parameter(name, parameter)
    for name in document.get("Outputs") or {}:
        if not _NAME.fullmatch(name):
            yield f"Template format error: Output name {name} is non alphanumeric."


def _broken_parameter(name: str, parameter: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"Template format error: Parameter name {name} is non alphanumeric."
    type_ = parameter.get("Type") if isinstance(parameter, Mapping) else None
    if type_ is None:
        yield f"Template format error: Every Parameters object must contain a Type member ({name})."
    elif not _PARAMETER_TYPE.fullmatch(str(type_)):
        yield f"Template format error: Unrecognized parameter type: {type_}"
