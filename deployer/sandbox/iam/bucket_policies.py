"""Keeps moto from judging bucket policies: it ignores conditions, so that one that asks for TLS shuts everyone out.

`authorization` has judged the bucket's policy, with its conditions, before moto sees a call.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from deployer.sandbox.seams import replace


@replace(FakeBucket, "get_permission")
def _no_opinion(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    del bucket, action, resource
    return PermissionResult.NEUTRAL
