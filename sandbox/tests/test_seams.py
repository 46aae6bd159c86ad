from __future__ import annotations

import pytest

from aws_org_sandbox import seams


class Stock:
    def greet(self) -> str:
        return "stock"


class Child(Stock):
    pass


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seams.install()  # before the copy: what the seams declare when they are first loaded has to outlive these tests
    monkeypatch.setattr(seams, "_replacements", dict(seams._replacements))
    monkeypatch.setattr(Child, "greet", Stock.greet)


def test_a_replacement_can_call_the_original() -> None:
    @seams.replace(Child, "greet")
    def greet(self: Child) -> str:
        return f"better than {seams.original(Child, 'greet')(self)}"

    assert Child().greet() == "stock"
    for _ in range(2):
        seams.install()
        assert Child().greet() == "better than stock"
    assert Stock().greet() == "stock"


def test_a_seam_for_a_missing_attribute_is_refused() -> None:
    with pytest.raises(AttributeError, match="no vanished"):
        seams.replace(Stock, "vanished")(lambda self: None)


def test_seams_are_installed() -> None:
    seams.install()
    assert seams.answer_for("cloudformation", "CreateStackSet")
    assert seams.answer_for("organizations", "ListAccounts")
    assert seams.answer_for("sqs", "NothingLikeThis") is None
