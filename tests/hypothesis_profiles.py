"""Hypothesis draws new examples on each local run, and the same examples in every CI run.

A failure in CI is caused by the change, not by an example that earlier runs did not draw.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, settings

LOCAL, CI = "busy machine", "repeatable"

_BUSY = settings(settings.get_profile("default"), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(LOCAL, parent=_BUSY)
settings.register_profile(CI, parent=_BUSY, derandomize=True, database=None, print_blob=True)


def profile(environment: Mapping[str, str]) -> str:
    """The name of the profile, by the environment variable that every CI sets."""
    return CI if environment.get("CI", "").lower() not in {"", "0", "false"} else LOCAL
