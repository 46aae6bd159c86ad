from __future__ import annotations

from deployer.annotations import annotation


def test_a_message_with_line_breaks_is_one_command() -> None:
    assert annotation("error", "100 %\r\nof it", title="a") == "::error title=a::100 %25%0D%0Aof it"


def test_properties_cannot_end_early_or_add_others() -> None:
    assert (
        annotation("warning", "a: b, c", file="a,line=1::b", line=2)
        == "::warning file=a%2Cline=1%3A%3Ab,line=2::a: b, c"
    )
