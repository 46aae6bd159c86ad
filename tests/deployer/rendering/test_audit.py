"""`audit list` as text."""

from __future__ import annotations

import pytest

from deployer.rendering.audit import followed_lines, record_lines
from tests.deployer.audit.ledgers import record

REFUSED = record(
    1,
    outcome="refused",
    reason="name-not-allowed",
    rule="create.names.allow: team-*/**",
    ou_path="Workloads/Production of the whole company/Payments and settlement",
    ou_source="remembered",
)


@pytest.mark.parametrize("wide", [False, True], ids=["a list", "a wide list"])
def test_a_list_fits_a_terminal_of_80_columns(wide: bool) -> None:
    for lines in (list(record_lines([record(0), REFUSED], wide=wide)), followed_lines(REFUSED, wide=wide)):
        text = " ".join(line.text.strip() for line in lines)
        assert max(len(line.text) for line in lines) <= 80
        assert "create.names.allow: team-*/**" in text
        for detail in ("account 300000000001", "in Workloads/Production of the whole", "(remembered)", "build-4711"):
            assert (detail in text) is wide


def test_an_adoption_is_listed_with_the_person() -> None:
    adopted = record(2, outcome="adopted", reason="adopted", principal="arn:aws:iam::200000000001:user/someone")
    assert "as arn:aws:iam::200000000001:user/someone" in [
        line.text.strip() for line in record_lines([adopted], wide=False)
    ]
