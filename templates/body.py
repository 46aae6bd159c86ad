"""The text of a template: what CloudFormation gets, and what people read in golden files."""

from __future__ import annotations

import json

from troposphere import Template


def body(template: Template) -> str:
    """The template as CloudFormation gets it: minified, keys sorted, so that equal templates are equal bytes."""
    return json.dumps(template.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def readable(template: Template) -> str:
    """The same for people and for git."""
    return json.dumps(template.to_dict(), sort_keys=True, indent=2, ensure_ascii=True) + "\n"
