"""Expressions and templates of HCL."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.pushing.hcl import Scope, expression, parsed, parts_of, template
from deployer.pushing.hcl_functions import UNKNOWN, HclError

VARIABLES: dict[str, Any] = {
    "TAG": "7",
    "EMPTY": "",
    "NONE": None,
    "COUNT": 3,
    "ON": True,
    "LIST": ["a", "b"],
    "MAP": {"x": 1, "y": ["z"]},
    "ITEMS": [{"name": "api"}, {"name": "web"}],
}


def variable(name: str) -> Any:
    if name not in VARIABLES:
        raise HclError(f"{name} has no value")
    return VARIABLES[name]


SCOPE = Scope(variable=variable, function=lambda name: (lambda *values: list(values)) if name == "own" else None)


def value_of(text: str) -> Any:
    [attribute] = parsed(f"x = {text}").find_data("attribute")
    return expression(parts_of(attribute)[-1])(SCOPE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a-${TAG}-b"', "a-7-b"),
        ('"${LIST}"', ["a", "b"]),
        ('"${COUNT}.${ON}"', "3.true"),
        (r'"a\n\"\u00e9\\"', 'a\n"é\\'),
        ('"$${TAG}"', "${TAG}"),
        ('""', ""),
        ("3", 3),
        ("-1.5", -1.5),
        ("null", None),
        ("[true, false,]", [True, False]),
        ('{a = 1, "b" : TAG, (TAG) = 2}', {"a": 1, "b": "7", "7": 2}),
        ("{\n  a = 1 # one\n  b = 2\n}", {"a": 1, "b": 2}),
        ('TAG != "" ? "x:${TAG}" : "x:dev"', "x:7"),
        ('EMPTY == "" ? "dev" : EMPTY', "dev"),
        ('TAG == 7 ? "same" : "other types"', "other types"),
        ("1 + 2 * 3 - 4 / 2 % 3", 5),
        ("!ON || COUNT >= 3 && !(COUNT < 3)", True),
        ("LIST[0]", "a"),
        ("MAP.y[0]", "z"),
        ('MAP["x"]', 1),
        ("ITEMS[*].name", ["api", "web"]),
        ("ITEMS.*.name", ["api", "web"]),
        ("[for item in ITEMS : item.name]", ["api", "web"]),
        ('[for i, x in LIST : "${i}${x}" if x != "a"]', ["1b"]),
        ("{for k, v in MAP : k => k}", {"x": "x", "y": "y"}),
        ("own(LIST...)", ["a", "b"]),
        ("<<EOT\na ${TAG}\n  b\nEOT\n", "a 7\n  b\n"),
        ("<<-EOT\n  a\n    b\n  EOT\n", "a\n  b\n"),
        ('join("-", LIST)', "a-b"),
        ('upper("a")', "A"),
        ('notequal("", TAG)', True),
        ('equal("7", TAG)', True),
        ('and(true, "false")', False),
        ("coalesce(NONE, TAG)", "7"),
        ('concat(LIST, ["c"])', ["a", "b", "c"]),
        ('flatten([LIST, [["c"]]])', ["a", "b", "c"]),
        ('compact(["", "a"])', ["a"]),
        ("distinct(concat(LIST, LIST))", ["a", "b"]),
        ('split("/", "a/b")', ["a", "b"]),
        ('format("%s:%d%%", "a", COUNT)', "a:3%"),
        ('formatlist("x/%s", LIST)', ["x/a", "x/b"]),
        ('replace("a.b", ".", "-")', "a-b"),
        ('regex_replace("feature/x", "[^a-z]+", "-")', "feature-x"),
        ('regex_replace("a1", "([a-z])", "$1$1")', "aa1"),
        ('substr("abcdef", 1, 3)', "bcd"),
        ('substr("abcdef", -2, -1)', "ef"),
        ('trimprefix("v1", "v")', "1"),
        ('sanitize("a/b:c")', "a_b_c"),
        ('contains(LIST, "a")', True),
        ("length(LIST)", 2),
        ("element(LIST, 3)", "b"),
        ('lookup(MAP, "none", "d")', "d"),
        ('merge(MAP, {x = 2})["x"]', 2),
        ('sha256("a")', "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ('lower("A")', "a"),
        ("add(1, 2)", 3),
        ('regex("^[0-9]+", "17-jdk")', "17"),
        ('regex("(.)-(.)", "a-b")', ["a", "b"]),
        ('can(regex("^7", TAG)) ? "17" : "21"', "17"),
        ('can(regex("^8", TAG))', False),
        ('try(MAP.none, UNKNOWN, "d")', "d"),
        ('basename("a/b")', "b"),
        ('setproduct(["a"], ["b", "c"])', [["a", "b"], ["a", "c"]]),
        ('jsondecode("[1]")', [1]),
        ('indexof(LIST, "b")', 1),
        ("coalescelist([], LIST)", ["a", "b"]),
        ('"1-${formatdate("YYYY", timestamp())}"', f"1-{UNKNOWN}"),
        ('upper(replace(substr(timestamp(), 0, 10), "-", ""))', UNKNOWN),
        ("length([timestamp()])", 1),
    ],
)
def test_values_of_expressions(text: str, value: Any) -> None:
    found = value_of(text)
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("UNKNOWN", "UNKNOWN has no value"),
        ("homedir()", "the function homedir is not supported"),
        ('timestamp() == "x" ? 1 : 2', "depends on the time"),
        ('substr("a${timestamp()}", 0, 1)', "depends on the time"),
        ('split("-", timestamp())', "depends on the time"),
        ('contains([timestamp()], "x")', "depends on the time"),
        ('try(timestamp() == "x", 1)', "depends on the time"),
        ('"a${NONE}"', "null has no text"),
        ('"a${LIST}"', "this is a list"),
        ("LIST[7]", "there is no '7'"),
        ("MAP.none", "there is no 'none'"),
        ('TAG ? "a" : "b"', "neither true nor false"),
        ("1 / 0", "division by zero"),
        ('TAG + "x"', "a number is needed"),
        ("upper()", "upper does not accept these arguments"),
        ('format("%q", 1)', "is not supported"),
        ('format("%s")', "needs more values"),
        ('regex_replace("a", "(?i)A", "b")', "the pattern .* is not supported"),
        ('regex_replace("a", "(", "b")', "does not accept"),
        ('"%{ if ON }a%{ endif }"', "directives"),
        ("coalesce(NONE)", "only null"),
        ("try(UNKNOWN)", "no argument of try has a value"),
        ("can(homedir())", "homedir is not supported"),
        ('regex("^8", TAG)', "matches nothing"),
        ('jsondecode("[")', "jsondecode does not accept"),
        ('indexof(LIST, "z")', "indexof does not accept"),
    ],
)
def test_an_expression_without_a_value_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(HclError, match=reason):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("", ""),
        ("a:${TAG}", "a:7"),
        ("${ COUNT }", 3),
        ('${upper("a}b")}', "A}B"),
        ('say "${TAG}" \\n', 'say "7" \\n'),
        ("$${TAG} $TAG {x}", "${TAG} $TAG {x}"),
        ("%%{x}", "%{x}"),
        ("${MAP.x}-${ {a = 1}.a }", "1-1"),
    ],
)
def test_values_of_templates(text: str, value: Any) -> None:
    assert template(text)(SCOPE) == value


@pytest.mark.parametrize("text", ["${TAG", "a${", "${}", "${a b}", "%{ if x }"])
def test_invalid_templates(text: str) -> None:
    with pytest.raises(HclError):
        template(text)(SCOPE)


@given(st.text())
def test_any_text_without_braces_is_unchanged(text: str) -> None:
    plain = text.replace("{", "")
    assert template(plain)(SCOPE) == plain


@given(st.text(alphabet='${}%"\\ aT"()'))
def test_any_template_has_a_value_or_a_reason(text: str) -> None:
    with suppress(HclError):  # any other exception fails
        template(text)(SCOPE)
