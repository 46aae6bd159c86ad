from __future__ import annotations

from typing import Any

import pytest

from aws_org_sandbox.iam import Access, Service, refusal, service_admitted
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER, allow, arn_of, deploy, policy, role, trust

BUS = "arn:aws:events:eu-west-1:200000000001:event-bus/central"
QUEUE = f"arn:aws:sqs:eu-west-1:{MEMBER}:dead-letters"
RULE = f"arn:aws:events:eu-west-1:{MEMBER}:rule/forwarding"
EVENTS_TRUST = trust({"Service": "events.amazonaws.com"})
ECR_EVENT = {"events:source": ("aws.ecr",), "events:detail-type": ("AWS API Call via CloudTrail",)}


def bus_policy(**condition: Any) -> dict[str, Any]:
    return policy(allow("events:PutEvents", BUS, Principal="*", Condition={"StringEquals": condition}))


@pytest.mark.parametrize(
    ("statements", "resource_policy", "because"),
    [
        pytest.param(
            [allow("events:PutEvents", BUS)],
            bus_policy(**{"aws:PrincipalOrgID": "o-exampleorg1", "events:source": "aws.ecr"}),
            None,
            id="role and bus agree",
        ),
        pytest.param(
            [], bus_policy(**{"aws:PrincipalOrgID": "o-exampleorg1"}), "no identity-based policy", id="the role may not"
        ),
        pytest.param([allow("events:PutEvents", BUS)], None, "no resource-based policy", id="the bus has no policy"),
        pytest.param(
            [allow("events:PutEvents", BUS)],
            bus_policy(**{"aws:PrincipalOrgID": "o-another"}),
            "no resource-based policy",
            id="the bus admits another organization",
        ),
        pytest.param(
            [allow("events:PutEvents", BUS)],
            bus_policy(**{"events:source": "aws.s3"}),
            "no resource-based policy",
            id="the bus admits other sources",
        ),
    ],
)
def test_a_role_that_a_service_uses_needs_both_sides(
    sandbox: Sandbox, statements: list[Any], resource_policy: Any, because: str | None
) -> None:
    deploy({"Role": role("forwarding", *statements, trusts=EVENTS_TRUST)})
    access = Access(action="events:PutEvents", resource=BUS, region="eu-west-1", context=ECR_EVENT)
    found = refusal(arn_of("forwarding"), access, resource_policy=resource_policy)
    assert found is None if because is None else because in (found or "")


SOURCE = {"ArnEquals": {"aws:SourceArn": RULE}}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal={"Service": "events.amazonaws.com"}), True, id="admitted"
        ),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal={"Service": "events.amazonaws.com"}, Condition=SOURCE),
            True,
            id="for this rule",
        ),
        pytest.param(
            allow(
                "sqs:SendMessage",
                QUEUE,
                Principal={"Service": "events.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}},
            ),
            False,
            id="not for this account",
        ),
        pytest.param(allow("sqs:SendMessage", QUEUE, Principal={"Service": "sns.amazonaws.com"}), False, id="another"),
        pytest.param(allow("sqs:SendMessage", QUEUE, Principal={"AWS": MEMBER}), False, id="an account is no service"),
        pytest.param(allow("sqs:ReceiveMessage", QUEUE, Principal="*"), False, id="another action"),
        pytest.param(allow("sqs:SendMessage", QUEUE, Principal="*", Condition={"StringFoo": {}}), True, id="empty"),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal="*", Condition={"StringFoo": {"a": "b"}}), False, id="not judged"
        ),
    ],
)
def test_a_queue_s_policy_admits_services(sandbox: Sandbox, statement: Any, expected: bool) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    assert service_admitted(service, access, policy(statement)) is expected


def test_without_a_policy_no_service_is_admitted(sandbox: Sandbox) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    assert not service_admitted(service, access, None)


def test_a_deny_wins_over_what_admits(sandbox: Sandbox) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    admits = allow("sqs:*", QUEUE, Principal="*")
    assert not service_admitted(service, access, policy(admits, {**admits, "Effect": "Deny"}))
