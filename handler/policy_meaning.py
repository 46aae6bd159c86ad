"""Policy documents in a form in which those with equal meaning are equal, as far as that is possible without IAM. Pure.

One action and a list of one are the same, and so are lists in another order, and an account by its number and by its
root.
"""

from __future__ import annotations

import json
import re

from handler.json_values import JsonValue

_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource", "Statement", "AWS", "Service", "Federated"})
"""Elements of a policy in which one value equals a list of one."""

_ROOT = re.compile(r"^arn:[a-z-]+:iam::(\d{12}):root$")
"""A principal that is an account may be written so, or by its number alone.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""


def policy_meaning(value: JsonValue, key: str = "") -> JsonValue:
    """A parsed policy in a form that is equal for equal meaning."""
    if key in {"Principal", "NotPrincipal"} and value == "*":
        value = {"AWS": "*"}
    if key in _LISTS and not isinstance(value, list):
        value = [value]
    if key == "AWS":
        value = [_ROOT.sub(r"\1", str(item)) for item in value]
    if isinstance(value, list):
        return sorted((policy_meaning(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {name: policy_meaning(item, name) for name, item in value.items()}
    return value
