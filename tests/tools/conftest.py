"""The names and templates that pages are made from, as the tests of templates have them."""

from __future__ import annotations

from tests.templates.conftest import names, templates

__all__ = ["names", "templates"]
