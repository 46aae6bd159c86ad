"""The zip while IAM does not see new tags and roles yet: it retries, and reports a permanent denial once."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER, allow, arn_of, assume, deploy, role
from tests.handler.installation import ACCOUNT, PROD, Installed, admit, install_once, push

pytestmark = pytest.mark.begins_with(prepare=install_once)
FOREVER = 1_000


def test_invariant_2_policies_are_set_on_repositories_whose_tags_take_effect_late(installed: Installed) -> None:
    """On the first by the attempt that created it, on the second by Lambda's next attempt."""
    for name, overlooked in (("soon", 2), ("later", 7)):
        installed.sandbox.visibility.tags = overlooked
        installed.send(push(f"team-a/{name}", event_id=name))
        found = installed.repository(f"team-a/{name}")
        assert found is not None
        assert found["lifecycle"]
        assert found["policy"]
    assert [record.outcome for record in installed.records()] == ["created", "created"]
    assert not installed.failures()


def test_invariant_2_a_role_that_was_just_created_is_retried(installed: Installed) -> None:
    account = installed.sandbox.create_account("new", PROD).id
    installed.sandbox.visibility.roles = 1
    admit(account, sandbox=installed.sandbox, synthesis=installed.synthesis)
    installed.send(push("team-a/api", event_id="event-1", account=account))
    assert installed.repository("team-a/api", account=account) is not None
    assert [record.outcome for record in installed.records()] == ["created"]
    assert not installed.failures()


def test_a_denial_that_lasts_too_long_is_one_record_and_one_message_and_a_redrive_finishes_the_work(
    installed: Installed,
) -> None:
    account = installed.sandbox.create_account("new", PROD).id
    installed.sandbox.visibility.roles = FOREVER
    admit(account, sandbox=installed.sandbox, synthesis=installed.synthesis)
    installed.sandbox.visibility.tags = FOREVER
    events = [
        push("team-a/api", event_id="no-role", account=account),
        push("team-a/api", event_id="no-tag", account=ACCOUNT),
    ]
    installed.send(*events)
    reasons = {record.event_id: (record.outcome, record.reason) for record in installed.records()}
    assert reasons == {"no-role": ("failed", "role-not-assumable"), "no-tag": ("failed", "access-denied")}
    messages = installed.failures()
    assert sorted(message["requestPayload"]["detail"]["eventID"] for message in messages) == ["no-role", "no-tag"]
    assert {message["requestContext"]["condition"] for message in messages} == {"PermanentFailure"}

    installed.sandbox.visibility.clear()
    installed.send(*events)
    created = [record.event_id for record in installed.records() if record.outcome == "created"]
    assert sorted(created) == ["no-role", "no-tag"]
    assert not installed.failures()


def test_the_sandbox_denies_what_has_not_propagated_in_iam(sandbox: Sandbox) -> None:
    sandbox.visibility.roles = 2
    statement = allow("ecr:DeleteRepository", Condition={"StringEquals": {"aws:ResourceTag/by": "test"}})
    deploy({"Role": role("new", statement)})
    for _ in range(2):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(sandbox, arn_of("new"))
    ecr = sandbox.client_with(assume(sandbox, arn_of("new")), "ecr")

    sandbox.visibility.tags = 1
    sandbox.client("ecr", account=MEMBER).create_repository(repositoryName="api", tags=[{"Key": "by", "Value": "test"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.delete_repository(repositoryName="api")
    ecr.delete_repository(repositoryName="api")
