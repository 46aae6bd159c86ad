from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.text import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("docker/27 (linux)", "docker/27 (linux)", id="plain text is unchanged"),
        pytest.param("größer 漢字", "größer 漢字", id="letters of all scripts are unchanged"),
        pytest.param("a\nb\tc\x00", r"a\u000ab\u0009c\u0000", id="control characters are escaped"),
        pytest.param("gpj.\u202eexe", r"gpj.\u202eexe", id="characters that change the reading direction are escaped"),
        pytest.param("\ud800\U000e0001", r"\ud800\U000e0001", id="surrogates and invisible characters are escaped"),
        pytest.param(
            "a\xa0b\u3000c\u2003d", r"a\u00a0b\u3000c\u2003d", id="spaces other than the ASCII space are escaped"
        ),
        pytest.param("x" * 20, "x" * 9 + "…", id="long text is cut and marked"),
    ],
)
def test_cleaning(text: str, cleaned: str) -> None:
    assert clean(text, limit=10 if len(text) == 20 else 1024) == cleaned


@given(text=st.text(), limit=st.integers(min_value=1, max_value=50))
def test_clean_text_has_no_control_characters_is_short_and_can_be_encoded(text: str, limit: int) -> None:
    cleaned = clean(text, limit=limit)
    assert len(cleaned) <= limit
    kinds = {unicodedata.category(character) for character in cleaned}
    assert not [kind for kind in kinds if kind.startswith("C") or kind in {"Zl", "Zp"}]
    cleaned.encode()
    assert cleaned.isprintable()


def test_every_character_of_unicode_is_kept_if_it_is_printable_and_escaped_otherwise() -> None:
    """All in two texts: one that is kept wrongly makes the text unprintable, one that is escaped wrongly changes it."""
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    assert len(characters) == 0x110000
    printable = "".join(filter(str.isprintable, characters))
    others = "".join(character for character in characters if not character.isprintable())
    assert clean("\n" + printable, limit=len(printable) + len("\\u000a")) == "\\u000a" + printable
    escaped = clean(others, limit=len("\\U00000000") * len(others))
    assert escaped.isprintable()
    assert escaped.count("\\") == len(others)
