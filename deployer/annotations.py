"""Annotations that GitHub Actions shows in a pull request. Pure."""

from __future__ import annotations


def annotation(level: str, message: str, **properties: str | int) -> str:
    """The workflow command for one annotation; `level` is error, warning or notice.

    Escapes as https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands asks.
    """
    named = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{level} {named}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
