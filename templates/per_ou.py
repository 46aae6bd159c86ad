"""Registry resources that are configured for each OU: one StackSet for each distinct content.

`deployer.planning.per_ou` lists them, since the content of some is compiled from config files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from troposphere import Template

from handler.settings import Settings
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
    content: Callable[[Settings, Mapping[str, str]], Content | None]
    """Of settings and the texts of policies by file name; None if the settings request nothing."""
    description: Callable[[Content], str]
    template: Callable[[Names, Content, str], Template]
    """Of names, content and the digest in the name of the StackSet."""
    afterwards: str
    after_forwarding: bool = False
    """Whether an account gets the resource only after the resources of the StackSet *forwarding*; if it has those, it
    gets the resource before the handler gets its settings."""

    def build(self, names: Names, content: Content) -> Template:
        return self.template(names, content, digest_of(content))

    def stack_set(self, names: Names, content: Content) -> str:
        """`deployer-registry-scanning-1f2e3d4c`: equal content has an equal name, even if the template changes."""
        return f"{self.stack_set_prefix(names)}{digest_of(content)}"

    def depends_on(self, names: Names) -> tuple[str, ...]:
        """StackSets that AWS deploys to a new account before this one."""
        return (names.forwarding_stack_set,) if self.after_forwarding else ()

    def stack_set_prefix(self, names: Names) -> str:
        return f"{self.stack(names)}-"

    def stack(self, names: Names) -> str:
        """The companion stack in the management account, which StackSets exclude."""
        return f"{names.prefix}-{self.name}"


def digest_of(content: DataclassInstance) -> str:
    """Eight hexadecimal digits that equal contents share."""
    text = json.dumps(asdict(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
