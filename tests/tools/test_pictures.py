"""The picture of the demo: the same for every run, and an error if a push is missing."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tools.pictures import SHOWN, demo_picture

OUTPUT = """
3. {first}
   With a client, to 4 accounts.

   shop (300000000001), Workloads & Co, eu-west-1
   push 300000000001.dkr.ecr.eu-west-1.amazonaws.com/team/api:1.0
   ✓ refused: NAME_UNKNOWN: The repository with name 'team/api' does not
     exist
   ✓ the repository appears ({seconds} s after the push began):
     IMMUTABLE, scanned on push
   ✓ pulled back with the same digest:
     sha256:{digest}

   another push
   ✓ the next push succeeds

5. {second}
   An OU's config file limits names.

   shop (300000000001), Workloads & Co, eu-west-1
   ✓ no repository appears
"""


def _output(*, seconds: str = "0.4", digest: str = "0" * 64) -> str:
    first, second = SHOWN
    return OUTPUT.format(first=first, second=second, seconds=seconds, digest=digest)


def test_it_shows_the_first_push_of_each_chapter() -> None:
    shown = "\n".join(ET.fromstring(demo_picture(_output())).itertext())
    assert "NAME_UNKNOWN" in shown
    assert "Workloads & Co" in shown
    assert "no repository appears" in shown
    assert "another push" not in shown
    assert "With a client" not in shown


def test_every_run_has_the_same_picture() -> None:
    assert demo_picture(_output()) == demo_picture(_output(seconds="13.1", digest="a" * 64))


@pytest.mark.parametrize("title", SHOWN)
def test_a_missing_push_is_an_error(title: str) -> None:
    with pytest.raises(ValueError, match=title):
        demo_picture(_output().replace(title, "Something else"))
