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
            id="the role and the bus allow it",
        ),
        pytest.param(
            [],
            bus_policy(**{"aws:PrincipalOrgID": "o-exampleorg1"}),
            "no identity-based policy",
            id="the role has no permission",
        ),
        pytest.param([allow("events:PutEvents", BUS)], None, "no resource-based policy", id="the bus has no policy"),
        pytest.param(
            [allow("events:PutEvents", BUS)],
            bus_policy(**{"aws:PrincipalOrgID": "o-another"}),
            "no resource-based policy",
            id="the bus allows another organization",
        ),
        pytest.param(
            [allow("events:PutEvents", BUS)],
            bus_policy(**{"events:source": "aws.s3"}),
            "no resource-based policy",
            id="the bus allows other sources",
        ),
    ],
)
def test_delivery_through_a_role_needs_both_policies(
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
            allow("sqs:SendMessage", QUEUE, Principal={"Service": "events.amazonaws.com"}),
            True,
            id="the service is allowed",
        ),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal={"Service": "events.amazonaws.com"}, Condition=SOURCE),
            True,
            id="allowed for this rule",
        ),
        pytest.param(
            allow(
                "sqs:SendMessage",
                QUEUE,
                Principal={"Service": "events.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}},
            ),
            False,
            id="allowed for another account",
        ),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal={"Service": "sns.amazonaws.com"}), False, id="another service"
        ),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal={"AWS": MEMBER}), False, id="an account instead of a service"
        ),
        pytest.param(allow("sqs:ReceiveMessage", QUEUE, Principal="*"), False, id="another action"),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal="*", Condition={"StringFoo": {}}),
            True,
            id="an unsupported operator without keys",
        ),
        pytest.param(
            allow("sqs:SendMessage", QUEUE, Principal="*", Condition={"StringFoo": {"a": "b"}}),
            False,
            id="an unsupported operator",
        ),
    ],
)
def test_whether_a_queue_policy_allows_a_service(sandbox: Sandbox, statement: Any, expected: bool) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    assert service_admitted(service, access, policy(statement)) is expected


def test_without_a_policy_no_service_is_allowed(sandbox: Sandbox) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    assert not service_admitted(service, access, None)


def test_a_deny_overrides_an_allow(sandbox: Sandbox) -> None:
    service = Service(principal="events.amazonaws.com", source_arn=RULE, source_account=MEMBER)
    access = Access(action="sqs:SendMessage", resource=QUEUE, region="eu-west-1")
    admits = allow("sqs:*", QUEUE, Principal="*")
    assert not service_admitted(service, access, policy(admits, {**admits, "Effect": "Deny"}))
