"""How the sandbox extends moto: each seam module declares the moto methods it replaces and the calls it answers.

`@replace` swaps a method of one of moto's classes and keeps the original within reach; it refuses a method that moto
does not have, so that an upgrade fails here instead of leaving a seam without effect. `@answers` takes an operation
out of moto's hands altogether: parameters come in parsed by botocore's model, and a plain value goes out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aws_org_sandbox.calls import Call

Function = TypeVar("Function", bound=Callable[..., Any])
Answer = Callable[[Call], Mapping[str, Any]]

MODULES = (
    "tracked_models",
    "shortcuts",
    "organizations.membership",
    "organizations.reads",
    "organizations.changes",
    "organizations.invitations",
    "regions",
    "stack_sets",
    "cloudformation",
    "resources",
    "iam",
    "events.buses",
    "events.rules",
    "events.forwarding",
    "events.replays",
    "functions.checks",
    "functions.configuration",
    "functions.invocation",
    "functions.sessions",
    "functions.url_configs",
    "functions.url_front",
    "observability",
    "partiql",
    "deleted_names",
    "quotas",
    "queues",
    "tables",
    "topics",
    "ecr.api",
    "registry.creation",
    "registry.front",
    "trail",
    "trail_reads",
)
"""Modules of this package that hold seams; importing one declares what it replaces."""

Redirect = Callable[[Call], str]

_redirects: dict[str, Redirect] = {}
_resets: list[Callable[[], None]] = []
_interrupts: list[Callable[[], None]] = []
_replacements: dict[tuple[type[Any], str], tuple[Any, Any]] = {}
_answers: dict[tuple[str, str], Answer] = {}


def replace(owner: type[Any], method: str) -> Callable[[Function], Function]:
    """Put the decorated function in the place of a method of moto's; `original(owner, method)` still calls moto's."""

    def declare(function: Function) -> Function:
        known = _replacements.get((owner, method))
        stock = known[0] if known else _own(owner, method)
        _replacements[owner, method] = (stock, function)
        return function

    return declare


def original(owner: type[Any], method: str) -> Any:
    """Moto's own implementation of a replaced method: a function that takes the instance first."""
    return _replacements[owner, method][0]


def answers(service: str, operation: str) -> Callable[[Function], Function]:
    """Answer an operation with the decorated function: a `Call` in, the response's members out, or `Refused`."""

    def declare(function: Function) -> Function:
        _answers[service, operation] = function
        return function

    return declare


def answer_for(service: str, operation: str) -> Answer | None:
    """The function that answers an operation in moto's place, if a seam has one."""
    return _answers.get((service, operation))


def redirects(service: str) -> Callable[[Function], Function]:
    """Let the decorated function name the account that moto acts in for a call of this service, or refuse the call.

    Some services answer about more than the caller's own account: Organizations to its delegated administrators.
    """

    def declare(function: Function) -> Function:
        _redirects[service] = function
        return function

    return declare


def acting_account(call: Call) -> str:
    """The account in whose state moto answers a call; raises Refused when the caller may not ask."""
    redirect = _redirects.get(call.service)
    return redirect(call) if redirect else call.account


def on_reset(function: Function) -> Function:
    """Call the decorated function at every reset: for state that a seam keeps outside of moto's backends."""
    _resets.append(function)
    return function


def on_interrupt(function: Function) -> Function:
    """Call the decorated function before a reset waits for background work: to end what would go on for long."""
    _interrupts.append(function)
    return function


def interrupt() -> None:
    """Have every seam end its work in progress."""
    for function in _interrupts:
        function()


def forget() -> None:
    """Have every seam drop its state."""
    for function in _resets:
        function()


def install() -> None:
    """Import every seam and put its replacements in place; harmless when done again."""
    for name in MODULES:
        importlib.import_module(f"aws_org_sandbox.{name}")
    for (owner, method), (_, replacement) in _replacements.items():
        setattr(owner, method, replacement)


def _own(owner: type[Any], method: str) -> Any:
    for base in owner.__mro__:
        if method in vars(base):
            return vars(base)[method]
    raise AttributeError(f"moto's {owner.__module__}.{owner.__name__} has no {method}, which a seam replaces")
