"""The tag that everything made by a template carries, so that a person who finds it knows where it comes from."""

from __future__ import annotations

from troposphere import Tags

from templates.names import MANAGED_BY_TAG, Names


def tags(names: Names) -> Tags:
    """Tags for a resource; the value is the prefix, so that two installations can be told apart."""
    return Tags({MANAGED_BY_TAG: names.prefix})
