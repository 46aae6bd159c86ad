"""Every CloudFormation type that the sandbox has. Any other is refused, never skipped."""

from __future__ import annotations

from collections.abc import Mapping

from deployer.sandbox.resources.iam import Role
from deployer.sandbox.resources.resource import Resource

TYPES: Mapping[str, Resource] = {kind.type_name: kind() for kind in (Role,)}
