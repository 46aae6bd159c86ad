"""The documented tree of errors matches the code, and its exit codes are distinct."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import deployer
from deployer import errors
from deployer.errors import INTERRUPTED_EXIT_CODE, USAGE_EXIT_CODE
from deployer.pushing.ensure import Refused, TimedOut

_DRAWN = re.compile(r"^(?:[├└]── )?(?P<name>\w+Error)\s+(?P<code>\d+)  ", re.MULTILINE)
_DOCUMENTED = re.compile(r"^\| (?P<codes>\d+(?:, \d+)*) \|", re.MULTILINE)
_CHANGES_EXIT_CODE = 2
_OTHERS = [0, _CHANGES_EXIT_CODE, USAGE_EXIT_CODE, INTERRUPTED_EXIT_CODE, TimedOut.exit_code, Refused.exit_code]


def _classes(above: type[errors.DeployerError]) -> Iterator[type[errors.DeployerError]]:
    """A class and all its subclasses that have an exit code."""
    if "exit_code" in vars(above):
        yield above
    for below in above.__subclasses__():
        yield from _classes(below)


def _owned() -> dict[str, int]:
    for module in pkgutil.walk_packages(deployer.__path__, "deployer."):
        if not module.name.startswith("aws_org_sandbox"):  # takes moto's seconds, and its errors are in errors.py
            importlib.import_module(module.name)
    return {each.__name__: each.exit_code for each in _classes(errors.DeployerError)}


def test_the_documented_tree_has_every_class_with_its_code() -> None:
    drawn = {match["name"]: int(match["code"]) for match in _DRAWN.finditer(errors.__doc__ or "")}
    assert drawn == _owned()


def test_the_troubleshooting_page_has_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    documented = {int(code) for codes in _DOCUMENTED.findall(page) for code in codes.split(", ")}
    assert documented == {*_owned().values(), *_OTHERS}


def test_exit_codes_are_distinct() -> None:
    codes = [*_owned().values(), *_OTHERS]
    assert len(codes) == len(set(codes))
