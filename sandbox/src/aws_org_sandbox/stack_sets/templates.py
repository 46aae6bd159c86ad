"""The template and parameters of a request: read and checked, including sizes, before deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.s3.models import s3_backends

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation.engine import check_resources
from aws_org_sandbox.cloudformation.template import INLINE_LIMIT, URL_LIMIT, Template, TemplateError, parse
from aws_org_sandbox.credentials import PARTITION

_TOO_LONG = "Member must have length less than or equal to"


def template_of(call: Call, *, previous: str | None = None) -> Template:
    """The template of a request, checked as a whole; `previous` is the one for UsePreviousTemplate.

    Service-managed StackSets support neither nested stacks nor macros
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-associate-stackset-with-org.html).
    """
    try:
        template = parse(_body(call, previous))
        check_resources(template, region=call.region)
    except TemplateError as error:
        raise Refused("ValidationError", str(error)) from error
    if "AWS::CloudFormation::Stack" in template.types:
        raise Refused(
            "ValidationError", "StackSets with SERVICE_MANAGED permission model do not support nested stacks."
        )
    _check_capabilities(template, call.parameters.get("Capabilities") or ())
    return template


def parameters_of(call: Call, template: Template, *, previous: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a request; UsePreviousValue keeps the current value, and unknown ones are refused."""
    requested = _values(call.parameters.get("Parameters") or (), previous)
    if unknown := sorted(requested.keys() - template.parameters.keys()):
        raise Refused("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    needed = {name for name, declared in template.parameters.items() if "Default" not in declared}
    if missing := sorted(needed - requested.keys()):
        raise Refused("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    return requested


def overrides_of(call: Call, *, declared: Mapping[str, str]) -> dict[str, str] | None:
    """ParameterOverrides of a request, of parameters that the StackSet has; None if they stay unchanged."""
    if "ParameterOverrides" not in call.parameters:
        return None
    overrides = _values(call.parameters["ParameterOverrides"], declared)
    if unknown := sorted(overrides.keys() - declared.keys()):
        raise Refused("ValidationError", f"Overridden parameters [{', '.join(unknown)}] do not exist in the StackSet")
    return overrides


def _body(call: Call, previous: str | None) -> str:
    body, url = call.parameters.get("TemplateBody"), call.parameters.get("TemplateURL")
    requested = [value for value in (body, url, call.parameters.get("UsePreviousTemplate") or None) if value]
    if len(requested) != 1:
        raise Refused(
            "ValidationError", "Exactly one of TemplateBody, TemplateURL and UsePreviousTemplate must be given."
        )
    if body:
        return _measured(str(body), INLINE_LIMIT, "templateBody")
    if url:
        return _measured(_download(call, str(url)), URL_LIMIT, "templateURL")
    if previous is None:
        raise Refused("ValidationError", "There is no previous template.")
    return previous


def _measured(body: str, limit: int, member: str) -> str:
    if len(body.encode()) > limit:
        message = f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {_TOO_LONG} {limit}"
        raise Refused("ValidationError", message)
    return body


def _download(call: Call, url: str) -> str:
    """The object behind an S3 URL, in virtual-hosted or path style; the caller's own buckets only."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    bucket, key = path.split("/", 1) if host.startswith("s3") and "/" in path else (host.partition(".")[0], path)
    if parts.scheme != "https" or not host.endswith(".amazonaws.com"):
        raise Refused("ValidationError", "S3 error: Domain name specified in TemplateURL is not a valid S3 domain")
    buckets = s3_backends[call.account][PARTITION].buckets
    found = buckets[bucket].keys.get(key) if bucket in buckets else None
    if found is None:
        raise Refused("ValidationError", "S3 error: Access Denied")
    return bytes(found.value).decode()


def _check_capabilities(template: Template, requested: Iterable[str]) -> None:
    """CAPABILITY_NAMED_IAM covers CAPABILITY_IAM, and not the other way round."""
    acknowledged = set(requested)
    if "CAPABILITY_NAMED_IAM" in acknowledged:
        acknowledged.add("CAPABILITY_IAM")
    if missing := sorted(template.capabilities - acknowledged):
        raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")


def _values(parameters: Iterable[Mapping[str, Any]], previous: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for parameter in parameters:
        key = str(parameter["ParameterKey"])
        if parameter.get("UsePreviousValue"):
            if "ParameterValue" in parameter:
                raise Refused("ValidationError", f"Parameter {key} has a value and UsePreviousValue.")
            if key in previous:
                values[key] = previous[key]
        else:
            values[key] = str(parameter.get("ParameterValue", ""))
    return values
