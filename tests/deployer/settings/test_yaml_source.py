# ruff: noqa: E501 - tables of messages read best with each row whole
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings.yaml_source import KeyPath, Position, key_text, parse


def test_every_key_and_value_has_its_location() -> None:
    source = parse('ou: Workloads/Prod\ncreate:\n  names: {allow: ["a", "b"]}\n', "f.yaml")
    assert source.data == {"ou": "Workloads/Prod", "create": {"names": {"allow": ["a", "b"]}}}
    assert source.position(("ou",), of_key=True) == Position(1, 1)
    assert source.position(("ou",)) == Position(1, 5)
    assert source.position(("create", "names", "allow", 1)) == Position(3, 24)
    assert source.problems == ()


def test_a_missing_value_has_the_position_of_its_parent() -> None:
    source = parse("a:\n  b: 1\n", "f.yaml")
    assert source.position(("a", "c", "d")) == Position(2, 3)


def test_columns_count_characters_without_a_byte_order_mark() -> None:
    assert parse("é: ü\n", "f.yaml").position(("é",)) == Position(1, 4)
    assert parse("\ufeffa: 1\n", "f.yaml").data == {"a": 1}


def test_on_is_an_ordinary_key() -> None:
    assert parse("on: [push]\nyes: 1\n", "f.yaml").data == {"on": ["push"], "yes": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "a:\n" + "- x\n" * 5_001,
            "f.yaml:5002:3: a: more than 5,000 entries, which no list or map may have",
            id="5,001 entries of a list",
        ),
        pytest.param(
            "a:\n" + "  x: 1\n" * 5_001,
            "f.yaml:5002:3: a: more than 5,000 entries, which no list or map may have",
            id="5,001 entries of a map, with one key",
        ),
        pytest.param("a:\n\tb: 1", "f.yaml:2:1: a tab: YAML indents with spaces only", id="a tab"),
        pytest.param("a: 1\na: 2", "f.yaml:2:1: a: duplicate key, first in line 1", id="a duplicate key"),
        pytest.param(
            "---\na: 1\n---\nb: 2\n",
            "f.yaml:3:1: a second document begins here (`---`): use one file for each",
            id="two documents",
        ),
        pytest.param(
            "a: !!str 1",
            "f.yaml:1:4: a: tags such as `!!str` are not supported: write the plain value",
            id="a tag",
        ),
        pytest.param(
            "a: &x [1]\nb: *x",
            'f.yaml:2:4: b: a value that begins with `*` needs quotes: "*x" (aliases are not supported)',
            id="an alias",
        ),
        pytest.param(
            "a: [**/tmp-*]",
            'f.yaml:1:5: a value that begins with `*` needs quotes, as in "**/tmp-*"',
            id="a glob without quotes",
        ),
        pytest.param(
            "a:\n  b: {principal} x",
            'f.yaml:2:6: a value that begins with `{` needs quotes, as in "{principal}"',
            id="a placeholder without quotes",
        ),
        pytest.param(
            "a:\n  <<: {b: 1}",
            "f.yaml:2:3: a.<<: merge keys are not supported: use a parent OU or `defaults` for shared settings",
            id="a merge key",
        ),
        pytest.param(
            "a: b\u0007", "f.yaml:1:5: not YAML: control characters are not allowed", id="a control character"
        ),
        pytest.param(
            "{[a]: 1}", "f.yaml:1:2: a key must be a plain word, not a list, a map or an alias", id="a list as key"
        ),
        pytest.param(
            "a:\n",
            "f.yaml:1:1: warning: a: has no value, which resets it to the built-in default: write `null` if that is intended",
            id="a key without a value",
        ),
    ],
)
def test_refused_yaml_has_a_position_and_a_reason(text: str, problem: str) -> None:
    assert [str(found) for found in parse(text, "f.yaml").problems] == [problem]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_extreme_nesting_is_reported_as_a_problem(opening: str) -> None:
    (problem,) = parse(opening * 100_000, "f.yaml").problems
    assert "nested deeper than 40 levels" in problem.message


def test_a_duplicate_key_does_not_change_the_position_of_the_first() -> None:
    source = parse("a: {b: 1}\na: {b: 2}\n", "f.yaml")
    assert source.data == {"a": {"b": 1}}
    assert source.position(("a", "b")) == Position(1, 8)


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=8)
_DATA = st.dictionaries(
    _WORDS.filter(lambda key: key != "<<"),
    st.recursive(
        st.none() | st.booleans() | st.integers(-99, 99) | _WORDS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(_WORDS.filter(lambda key: key != "<<"), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    max_size=5,
)


@given(_DATA)
def test_json_reads_as_the_same_data(data: dict[str, object]) -> None:
    source = parse(json.dumps(data, ensure_ascii=False), "f.json")
    assert source.problems == ()
    assert source.data == data


@given(st.text(max_size=60))
def test_any_text_gives_data_or_problems_and_never_an_exception(text: str) -> None:
    source = parse(text, "f.yaml")
    assert all(problem.line >= 1 and problem.column >= 1 for problem in source.problems)


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("a", "b", 0, "c"), "a.b[0].c"), (("namespaces", 2), "namespaces[2]")],
)
def test_a_path_is_written_as_people_write_it(path: KeyPath, text: str) -> None:
    assert key_text(path) == text
