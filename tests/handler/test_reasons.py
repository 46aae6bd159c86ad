from __future__ import annotations

from collections import Counter

from handler import reasons


def test_every_reason_has_a_sentence_and_belongs_to_one_outcome() -> None:
    counted = Counter(code for outcome, codes in reasons.OUTCOMES.items() if outcome != "violation" for code in codes)
    assert set(counted) == set(reasons.SENTENCES)
    assert set(counted.values()) == {1}
    assert reasons.OUTCOMES["violation"] < reasons.OUTCOMES["refused"]


def test_a_violation_is_not_explained_as_a_push_that_can_be_repeated() -> None:
    for reason in reasons.OUTCOMES["violation"]:
        refused, made = (reasons.sentence_of(outcome, reason) or "" for outcome in ("refused", "violation"))
        rule, _, advice = refused.partition("; ")
        assert advice
        assert made.startswith(f"{rule}, but ECR created the repository; delete it")
        assert advice not in made
