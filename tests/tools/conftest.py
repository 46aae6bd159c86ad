"""The names and templates from which pages are generated, as in the tests of templates."""

from __future__ import annotations

from tests.templates.conftest import names, templates

__all__ = ["names", "templates"]
