"""The list of every model that moto (5.2.5) ever created, for its dashboard, which includes deleted ones.

Every message, log line and image stays in memory until a reset. The sandbox has no such dashboard.
"""

from __future__ import annotations

from typing import Any

from moto.core.common_models import BaseModel

from aws_org_sandbox.seams import replace

_CLOSED_BY_LIST = "moto.s3.models"
"""moto closes the files of objects and uploads by the list, when it resets S3."""


@replace(BaseModel, "__new__")
def _new(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    """A model that is freed with its last reference."""
    instance: BaseModel = super(BaseModel, cls).__new__(cls)
    if cls.__module__ == _CLOSED_BY_LIST:
        cls.instances_tracked.append(instance)  # type: ignore[attr-defined]
    return instance
