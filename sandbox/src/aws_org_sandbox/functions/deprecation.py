"""Runtimes that Lambda makes and changes no functions of any more.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html has the days, which AWS has put off more than once.
"""

from __future__ import annotations

from datetime import date

RECOMMENDED = {
    "dotnet": "dotnet10",
    "go": "provided.al2023",
    "java": "java25",
    "nodejs": "nodejs24.x",
    "provided": "provided.al2023",
    "python": "python3.14",
    "ruby": "ruby4.0",
}
"""By the beginning of a runtime's name, what Lambda recommends instead."""

_LONG_AGO = date.min
_CHANGES_END = date(2027, 3, 3)
_BLOCKS: tuple[tuple[date, date, frozenset[str]], ...] = (
    (
        _LONG_AGO,
        _LONG_AGO,
        frozenset(
            {
                "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "nodejs", "nodejs4.3",
                "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "python2.7", "python3.6",
                "ruby2.5",
            }
        ),
    ),
    (_LONG_AGO, _CHANGES_END, frozenset({"go1.x", "java8", "nodejs14.x", "provided", "python3.7", "ruby2.7"})),
    (
        date(2027, 2, 1),
        _CHANGES_END,
        frozenset(
            {
                "dotnet6", "dotnet8", "nodejs16.x", "nodejs18.x", "nodejs20.x", "provided.al2", "python3.8",
                "python3.9", "python3.10", "ruby3.2",
            }
        ),
    ),
)  # fmt: skip
"""The days from which on no function of a runtime is made, and none is changed."""


def refusal(runtime: str, *, on: date, is_new: bool) -> str | None:
    """What Lambda says when a function of this runtime is made, or changed to it, on a day; None if it does."""
    for no_new_ones, no_changes, runtimes in _BLOCKS:
        if runtime in runtimes and on >= (no_new_ones if is_new else no_changes):
            better = next(name for start, name in RECOMMENDED.items() if runtime.startswith(start))
            return (
                f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
                f"functions. We recommend you use the new runtime ({better}) while creating or updating functions."
            )
    return None
