"""Deprecated runtimes, for which Lambda no longer creates or updates functions.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html has the dates, which AWS has postponed more than once.
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
"""The runtime that Lambda recommends instead, by the start of a runtime's name."""

_ALWAYS = date.min
_CHANGES_END = date(2027, 3, 3)
_BLOCKS: tuple[tuple[date, date, frozenset[str]], ...] = (
    (
        _ALWAYS,
        _ALWAYS,
        frozenset(
            {
                "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "nodejs", "nodejs4.3",
                "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "python2.7", "python3.6",
                "ruby2.5",
            }
        ),
    ),
    (_ALWAYS, _CHANGES_END, frozenset({"go1.x", "java8", "nodejs14.x", "provided", "python3.7", "ruby2.7"})),
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
"""The dates from which functions of a runtime can be neither created nor updated."""


def refusal(runtime: str, *, on: date, is_new: bool) -> str | None:
    """Lambda's error for creating a function of this runtime, or updating one to it, on a date; None if allowed."""
    for creation_ends, update_ends, runtimes in _BLOCKS:
        if runtime in runtimes and on >= (creation_ends if is_new else update_ends):
            better = next(name for start, name in RECOMMENDED.items() if runtime.startswith(start))
            return (
                f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
                f"functions. We recommend you use the new runtime ({better}) while creating or updating functions."
            )
    return None
