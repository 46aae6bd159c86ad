"""Calls between services: they are recorded, affected by faults, and classified by whether a retry can succeed."""

from __future__ import annotations

import pytest

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.faults import Drop, Fault, Moment, Throttle
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.service_calls import is_transient, recorded, role_principal, service_principal

ROLE = "arn:aws:iam::300000000001:role/path/forwarder"


@pytest.mark.parametrize(
    ("refused", "transient"),
    [
        pytest.param(Refused("ThrottlingException", ""), True, id="throttling is retried"),
        pytest.param(
            Refused("TooManyRequestsException", "", status=429), True, id="too many concurrent requests are retried"
        ),
        pytest.param(Refused("InternalFailure", "", status=500), True, id="an error of the service is retried"),
        pytest.param(Refused("AccessDeniedException", "", status=403), False, id="a missing permission is not retried"),
        pytest.param(
            Refused("ResourceNotFoundException", "", status=404), False, id="a missing resource is not retried"
        ),
    ],
)
def test_which_errors_are_retried(refused: Refused, transient: bool) -> None:
    assert is_transient(refused) is transient


def test_a_call_is_logged_with_its_outcome(sandbox: Sandbox) -> None:
    principal = role_principal(ROLE, session_name="EventBridge", service="events.amazonaws.com")
    with recorded("events", "PutEvents", principal=principal, region="eu-west-1", parameters={"Entries": []}):
        pass
    with (
        pytest.raises(Refused),
        recorded("events", "PutEvents", principal=principal, region="eu-west-1", parameters={}),
    ):
        raise Refused("AccessDeniedException", "no")
    done, refused = sandbox.calls.of("events", "PutEvents", account="300000000001")
    assert done.principal.arn == "arn:aws:sts::300000000001:assumed-role/forwarder/EventBridge"
    assert (done.error_code, refused.error_code, refused.error_message) == (None, "AccessDeniedException", "no")
    assert done.milliseconds is not None


def test_a_fault_after_the_call_keeps_its_effects(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Throttle(), service="sqs", moment=Moment.AFTER))
    principal, done = service_principal("events.amazonaws.com", account="300000000001"), []
    with (
        pytest.raises(Refused, match="ThrottlingException"),
        recorded("sqs", "SendMessage", principal=principal, region="eu-west-1", parameters={}),
    ):
        done.append(True)
    assert done


def test_a_lost_connection_is_a_transient_error(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(effect=Drop(), principal="events.amazonaws.com"))
    principal = service_principal("events.amazonaws.com", account="300000000001")
    with (
        pytest.raises(Refused) as refused,
        recorded("sqs", "SendMessage", principal=principal, region="eu-west-1", parameters={}),
    ):
        pytest.fail("the call was made")
    assert is_transient(refused.value)
