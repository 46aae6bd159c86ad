"""Central stacks without their alarms, metric filters and dashboard: a third of the calls of a small roll-out.

For CloudFormation's client, a stack is created and changed as one, however many resources it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from inspect import unwrap
from unittest.mock import patch

from troposphere import Template

from templates import central

LEFT_OUT = ("alarms", "dashboard", "filters")
_complete = unwrap(central.template)


@contextmanager
def unwatched() -> Iterator[None]:
    """Leave them out of each central template that is rendered meanwhile."""
    with patch.object(central, "template", _template):
        yield


@cache
def _template(*arguments: object, **options: object) -> Template:
    with ExitStack() as without:
        for part in LEFT_OUT:
            without.enter_context(patch.object(central, part, lambda *_, **__: ()))
        return _complete(*arguments, **options)
