"""Names that ECR's role is denied although `create.names.deny` does not match them: the handler creates them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from deployer.settings.glob_lists import GlobList
from deployer.settings.native_names import nearest
from handler.repository_names import is_valid
from templates.creation_templates import ROOT
from templates.denied_names import denied_patterns

_MOST_PREFIXES = 20
"""Prefixes of templates that are tried as the beginning of an example, so that long files take linear time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverDenied:
    """An entry of `create.names.deny`, and a name that only its IAM patterns match."""

    index: int
    glob: str
    example: str

    @property
    def sentence(self) -> str:
        """What follows for such names."""
        return f"the handler creates {self.example}, which the IAM policy for {self.glob} denies: a * of IAM crosses /"


def over_denied_entries(
    deny: Sequence[str], denied: Collection[str], prefixes: Collection[str]
) -> Iterator[OverDenied]:
    """One for each glob of `denied` with an example that a template of `prefixes` would hold.

    Examples are a few typical names, each of them checked; a glob of which none fits has no entry.
    """
    every = GlobList(tuple(deny), complete=True)
    for index, glob in enumerate(deny):
        if glob in denied and every.first[glob] == index:
            names = (one for pattern in denied_patterns([glob]) for one in _samples(pattern, prefixes))
            fitting = (name for name in names if is_valid(name) and nearest(prefixes, name) is not None)
            if example := next((name for name in fitting if every.covering(name) is None), None):
                yield OverDenied(index=index, glob=glob, example=example)


def _samples(pattern: str, prefixes: Collection[str]) -> Iterator[str]:
    """Names that a pattern matches, each with one of its stars across a `/`."""
    first, *others = pattern.split("*")
    beginnings = [f"{one}/x" for one in islice(prefixes, _MOST_PREFIXES) if one != ROOT] if not first else []
    for crossing in range(len(others)):
        parts = [f"{'x/x' if index == crossing else 'x'}{part}" for index, part in enumerate(others)]
        yield first + "".join(parts)
        for beginning in beginnings:
            yield beginning + "".join(parts)[1 if crossing else 3 :]
            yield f"{beginning}/x" + "".join(parts)[1 if crossing else 3 :]
