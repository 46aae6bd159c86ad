from __future__ import annotations

import pytest

from handler.rules import Rule, listed, matched, text_of

KEY = ("create", "names", "allow")


@pytest.mark.parametrize(
    ("rule", "text", "entry"),
    [
        pytest.param(matched(KEY, ("a", "b/**"), "b/**"), "create.names.allow: b/**", 1, id="one entry"),
        pytest.param(listed(KEY, ("a", "b"), empty="nothing"), "create.names.allow: a, b", None, id="a whole list"),
        pytest.param(listed(KEY, ("a",), empty="nothing"), "create.names.allow: a", 0, id="a list of one entry"),
        pytest.param(listed(KEY, (), empty="nothing"), "create.names.allow: nothing", None, id="an empty list"),
        pytest.param(
            listed(KEY, ("a", "b", "c"), empty="nothing", limit=2),
            "create.names.allow: a, b and 1 more",
            None,
            id="a list that is too long",
        ),
        pytest.param(
            Rule(("namespaces", 0), "scratch/**"), "namespaces[0]: scratch/**", None, id="an index in the key"
        ),
        pytest.param(Rule((), "ECR's own rule"), "ECR's own rule", None, id="no key"),
    ],
)
def test_a_rule_names_its_setting_and_its_value(rule: Rule, text: str, entry: int | None) -> None:
    assert (str(rule), rule.entry) == (text, entry)


def test_the_rules_of_one_decision_are_formatted_as_one_string() -> None:
    assert text_of([Rule(("enabled",), "true"), Rule(("regions",), "x")]) == "enabled: true; regions: x"
    assert text_of([]) == ""
