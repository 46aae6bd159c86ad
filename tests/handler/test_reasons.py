from __future__ import annotations

from collections import Counter

from handler import reasons


def test_every_reason_has_a_sentence_and_belongs_to_one_outcome() -> None:
    counted = Counter(code for outcome, codes in reasons.OUTCOMES.items() if outcome != "violation" for code in codes)
    assert set(counted) == set(reasons.SENTENCES)
    assert set(counted.values()) == {1}
    assert reasons.OUTCOMES["violation"] < reasons.OUTCOMES["refused"]
