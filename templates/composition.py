"""How a template is put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable

from troposphere import AWSObject, Template


def compose(description: str, *parts: Iterable[AWSObject]) -> Template:
    """A template of all resources of all parts; two with one logical id are an error."""
    template = Template(Description=description)
    for part in parts:
        for resource in part:
            template.add_resource(resource)
    return template
