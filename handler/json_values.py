"""The type of incoming JSON: from files, events, templates and AWS's responses."""

from __future__ import annotations

from typing import Any

JsonValue = Any
"""A value as a parser returned it. Nothing is known of it, so only modules that read such values use it; they hand on
values of their own types. What only passes through, or is only written, is an `object`."""
