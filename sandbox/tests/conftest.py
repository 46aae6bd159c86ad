"""What every test of the sandbox has: its fixture comes from aws_org_sandbox.pytest_plugin."""

from __future__ import annotations

import os
import signal
from functools import cache

import botocore.session
from hypothesis import settings

botocore.session.create_loader = cache(botocore.session.create_loader)
"""Every session would read the same large botocore files again."""
signal.signal(signal.SIGINT, signal.default_int_handler)
"""Ctrl-C is ignored in what a shell starts with `&`: tests of it would never end."""
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")
