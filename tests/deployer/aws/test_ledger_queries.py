"""DynamoDB must never filter out a matching record, whatever the pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployer.audit.index_keys import IndexKey
from deployer.audit.query import Query
from deployer.aws.ledger_queries import request_for
from tests.deployer.audit.ledgers import NOW, record

NAMES = st.from_regex(r"[a-c]{1,3}(/[a-c]{1,3}){0,2}", fullmatch=True)
ROLES = st.from_regex(r"[a-c]{1,3}(-[a-c]{1,3}){0,2}", fullmatch=True)
_COMPARISON = re.compile(r"(begins_with|contains)?\(?(#\w+)(?:, | = | IN \()(:\w+(?:, :\w+)*)")


def passes(request: Mapping[str, Any], values: dict[str, Any]) -> bool:
    """Whether DynamoDB would send an item with these attributes."""
    clauses = [clause for clause in request.get("FilterExpression", "").split(" AND ") if clause]
    return all(any(_holds(found, request, values) for found in _COMPARISON.findall(clause)) for clause in clauses)


def _holds(found: tuple[str, str, str], request: Mapping[str, Any], values: dict[str, Any]) -> bool:
    function, name, placeholders = found
    value = values[request["ExpressionAttributeNames"][name]] or ""
    operands = [request["ExpressionAttributeValues"][one.strip()]["S"] for one in placeholders.split(",")]
    if function == "begins_with":
        return bool(value.startswith(operands[0]))
    return operands[0] in value if function == "contains" else value in operands


def globs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Strings with some of their characters replaced by wildcards."""
    return st.builds(
        lambda text, begin, length, star: text[:begin] + star + text[begin + length :],
        texts,
        st.integers(0, 6),
        st.integers(0, 6),
        st.sampled_from(["", "*", "**", "**/"]),
    )


def arns(roles: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    forms = [
        "arn:aws:iam::*:role/{}",
        "arn:aws:iam::300000000001:role/path/{}",
        "*{}*",
        "arn:aws:sts::*:assumed-role/{}/*",
    ]
    return st.builds(lambda form, role: form.format(role), st.sampled_from(forms), roles)


@given(
    name=NAMES,
    role=ROLES,
    repositories=st.lists(globs(NAMES) | st.just("**"), max_size=2),
    principals=st.lists(arns(globs(ROLES)), max_size=2),
    ous=st.lists(st.sampled_from(["Root", "Workloads", "Workloads/Prod", "Work"]), max_size=2),
    include_children=st.booleans(),
    index=st.sampled_from(["table", "by-outcome", "by-repository"]),
)
def test_every_matching_record_passes_the_filter(
    name: str,
    role: str,
    repositories: list[str],
    principals: list[str],
    ous: list[str],
    include_children: bool,
    index: Any,
) -> None:
    one = record(1, repository=name, principal=f"arn:aws:sts::300000000001:assumed-role/{role}/session-1")
    query = Query(
        since=NOW - timedelta(days=7),
        until=NOW + timedelta(seconds=1),
        repositories=tuple(repositories),
        principals=tuple(principals),
        ous=tuple(ous),
        include_children=include_children,
    )
    if query.matches(one):
        assert passes(request_for(IndexKey(index, "x"), query, table="ledger"), asdict(one))
