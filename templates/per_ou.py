"""Registry resources that are configured for each OU: one StackSet for each distinct content.

Another such resource needs a module like `registry_scanning` and an entry in RESOURCES.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from troposphere import Template

from handler.settings import Settings
from templates import registry_scanning
from templates.names import Names

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Content = TypeVar("Content", bound="DataclassInstance")
"""What settings request of a resource: a frozen dataclass."""

DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PerOuResource(Generic[Content]):
    """Its content according to the settings, its template, and the state after the resource is deleted."""

    name: str
    content: Callable[[Settings], Content | None]
    """None if the settings request nothing."""
    description: Callable[[Content], str]
    template: Callable[[Names, Content], Template]
    afterwards: str

    def stack_set(self, names: Names, content: Content) -> str:
        """`deployer-registry-scanning-1f2e3d4c`: equal content has an equal name, even if the template changes."""
        text = json.dumps(asdict(content), sort_keys=True, separators=(",", ":"))
        return f"{self.stack_set_prefix(names)}{hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]}"

    def stack_set_prefix(self, names: Names) -> str:
        return f"{self.stack(names)}-"

    def stack(self, names: Names) -> str:
        """The companion stack in the management account, which StackSets exclude."""
        return f"{names.prefix}-{self.name}"


RESOURCES = (
    PerOuResource(
        name=registry_scanning.NAME,
        content=registry_scanning.content,
        description=registry_scanning.description,
        template=registry_scanning.template,
        afterwards=registry_scanning.AFTERWARDS,
    ),
)
