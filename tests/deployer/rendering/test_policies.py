"""Policies as Terraform, CloudFormation and a table of reasons: nothing is lost or added."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.pushing.hcl import Scope, expression, parsed, parts_of, token_of
from deployer.pushing.images import parse_image
from deployer.pushing.pusher_policy import PUSHERS, function_arn, pusher_permissions
from deployer.rendering.policies import (
    explanation_lines,
    organization_policy_in_terraform,
    role_policy_in_terraform,
)
from templates.names import PREFIX_MAXIMUM_LENGTH, Names
from templates.operator_policy import COMMANDS, permissions
from templates.permissions import Permission, policy_of

LONGEST = Names(
    prefix="p" * PREFIX_MAXIMUM_LENGTH,
    organization_id=f"o-{'a' * 32}",
    central_account="200000000001",
    central_region="ap-southeast-1",
    partition="aws-us-gov",
)
IMAGE = parse_image("300000000001.dkr.ecr.eu-west-1.amazonaws.com/team-a/api:1")
POLICIES: dict[str, list[Permission]] = {
    **{command: list(permissions(LONGEST, command)) for command in COMMANDS},
    **{
        command: pusher_permissions(command, [IMAGE] if IMAGE else [], function=LONGEST.function_arn)
        for command in PUSHERS
    },
}


def attributes(text: str) -> dict[str, Any]:
    """The attributes of a file in HCL, evaluated; a variable is returned as its name."""
    scope = Scope(variable=lambda name: f"<{name}>", function={"jsonencode": lambda it: it}.get)
    tree = parsed(text + "\n")
    found = {}
    for block in tree.find_data("block"):
        for attribute in block.find_data("attribute"):
            name, value = parts_of(attribute)
            if token_of(name) in {"policy", "content", "name"}:
                found[token_of(name)] = expression(value)(scope)
    return found


@pytest.mark.parametrize("name", POLICIES)
def test_terraform_output_has_the_same_policy(name: str) -> None:
    document = policy_of(POLICIES[name])
    assert attributes(role_policy_in_terraform(f"deployer-{name}", document)) == {
        "name": f"deployer-{name}",
        "policy": document,
    }


VALUES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]))
    | st.sampled_from(["${aws:username}", "%{if}", '"', "\\", "a:b"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Sid", "aws:PrincipalArn", "s3:x/${y}"]), inner),
    max_leaves=6,
)


@settings(max_examples=25)
@given(VALUES)
def test_no_text_of_a_policy_has_another_meaning_in_terraform(value: Any) -> None:
    document = {"Statement": [value]}
    text = organization_policy_in_terraform("a", document, kind="SERVICE_CONTROL_POLICY", attach_to="OU\nx = 1")
    assert attributes(text) == {"name": "a", "content": document}
    assert len([line for line in text.splitlines() if line.startswith("x")]) == 0


@pytest.mark.parametrize("name", POLICIES)
def test_the_table_has_every_reason_action_and_resource_within_80_columns(name: str) -> None:
    lines = [line.text for line in explanation_lines(name, POLICIES[name])]
    assert max(map(len, lines)) <= 80
    shown = "".join("".join(lines).split())
    for one in POLICIES[name]:
        assert {word for word in (one.sid, *one.actions) if word not in shown} == set()
        assert ",".join(one.resources) in shown
    assert "Condition" not in shown
    assert ("CloudFormationmakesthecall" in shown) == (name in {"rollout", "destroy", "delete-ledger"})


def test_reasons_are_beside_their_statement() -> None:
    one = Permission(
        sid="Read", why="Because it is " + "needed " * 20, actions=("a:B",), condition={"Bool": {"c": "d"}}
    )
    lines = [line.text for line in explanation_lines("look: read", [one])]
    assert lines[:3] == ["look: read.", "Statement  Why", f"Read       Because it is {'needed ' * 7}".rstrip()]
    assert lines[3].startswith(" " * 11 + "needed")
    assert lines[-3:] == ["  actions  a:B", "  on       *", "  if       c is d"]


def test_a_pusher_without_images_gets_placeholders_and_without_a_url_no_function() -> None:
    [request] = pusher_permissions("ensure", [], function=None)
    assert "<repository>" in request.resources[0]
    assert [one.resources for one in pusher_permissions("ensure", [], function=function_arn())][1:] == [
        (function_arn(),)
    ] * 2
