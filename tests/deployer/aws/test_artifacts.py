"""The artifacts bucket, and templates that are too large to send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.artifacts import ArtifactsBucket, LockFile
from deployer.aws.change_sets import StackFailedError
from deployer.aws.session import Session
from deployer.aws.stacks import CloudFormationStacks
from deployer.errors import NotFoundError
from deployer.planning.comparison import stack_needs_preview
from deployer.rollout.locking import RecordChangedError, Versioned
from deployer.stacks import INLINE_TEMPLATE_BYTES, StackDefinition, StackEvent, StackState
from tests.clocks import impatient, timeless

BUCKET = "deployer-artifacts-200000000001-eu-west-1"


def _bucket(sandbox: Sandbox) -> ArtifactsBucket:
    return ArtifactsBucket(sandbox.client("s3"), bucket=BUCKET, account=sandbox.central_account)


def _create(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.home_region}
    )
    sandbox.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def test_a_missing_bucket_is_empty_and_is_deleted_without_an_error(sandbox: Sandbox) -> None:
    bucket = _bucket(sandbox)
    assert not bucket.exists()
    assert not bucket.has("a")
    assert bucket.fetch("a") is None
    bucket.remove()


def test_every_object_version_is_deleted_with_the_bucket(sandbox: Sandbox) -> None:
    _create(sandbox)
    bucket = _bucket(sandbox)
    for data in (b"1", b"2"):
        bucket.upload("a", data)
    assert (bucket.exists(), bucket.has("a"), bucket.fetch("a"), bucket.has("b")) == (True, True, b"2", False)
    bucket.remove()
    assert not bucket.exists()


def test_a_template_that_is_too_large_to_send_is_uploaded_to_the_bucket(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    _create(sandbox)
    topics = {
        f"Topic{number:03}": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x" * 90}} for number in range(2)
    }
    body = json.dumps({"Description": "y" * 900, "Resources": topics, "Metadata": {"pad": "z" * INLINE_TEMPLATE_BYTES}})
    events: list[StackEvent] = []
    stacks = CloudFormationStacks(
        Session(region=sandbox.home_region), store=_bucket(sandbox).store_template, clock=impatient()
    )
    stacks.apply(StackDefinition(name="large", region=sandbox.home_region, body=body), events.append)
    found = stacks.describe("large", region=sandbox.home_region)
    assert found is not None
    assert found.is_complete
    assert events[-1].status == "CREATE_COMPLETE"


def test_only_one_of_two_conditional_writes_succeeds(sandbox: Sandbox) -> None:
    _create(sandbox)
    lock = LockFile(_bucket(sandbox))
    assert lock.read() is None
    first = lock.write(b"1", replaces=None)
    for stale in (None, '"another"'):
        with pytest.raises(RecordChangedError):
            lock.write(b"2", replaces=stale)
    second = lock.write(b"2", replaces=first)
    assert lock.read() == Versioned(b"2", second)


def test_without_a_bucket_there_is_no_lock_and_none_can_be_written(sandbox: Sandbox) -> None:
    lock = LockFile(_bucket(sandbox))
    assert lock.read() is None
    with pytest.raises(NotFoundError):
        lock.write(b"1", replaces=None)


class _Endless:
    """CloudFormation with change sets that never finish."""

    def client(self, service: str, *, region: str) -> _Endless:
        return self

    def create_change_set(self, **request: object) -> dict[str, str]:
        return {"Id": "arn:change-set"}

    def describe_change_set(self, **request: object) -> dict[str, str]:
        return {"Status": "CREATE_IN_PROGRESS"}


def test_waiting_for_a_change_set_that_never_finishes_ends_with_an_error() -> None:
    slept: list[float] = []
    session: Any = _Endless()
    stacks = CloudFormationStacks(session, store=lambda body: body, clock=timeless(slept.append))
    with pytest.raises(StackFailedError, match=r"not ready after 15 minutes\. Nothing was changed"):
        stacks.preview(StackDefinition(name="s", region="eu-west-1", body="{}"))
    assert 900 <= sum(slept) <= 910


class _Stuck:
    """CloudFormation with a stack whose rollback failed; its only call returns the status."""

    def client(self, service: str, *, region: str) -> _Stuck:
        return self

    def describe_stacks(self, **request: object) -> dict[str, list[dict[str, str]]]:
        return {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_FAILED"}]}


def test_a_stack_that_accepts_no_update_is_reported_with_the_command_that_resolves_it() -> None:
    session: Any = _Stuck()
    definition = StackDefinition(name="s", region="eu-west-1", body="{}")
    with pytest.raises(StackFailedError, match="s in eu-west-1 is UPDATE_ROLLBACK_FAILED") as caught:
        CloudFormationStacks(session, store=lambda body: body, clock=timeless()).apply(definition, lambda _: None)
    assert "continue-update-rollback --stack-name s --region eu-west-1" in (caught.value.next_step or "")
    state = StackState(name="s", region="eu-west-1", status="UPDATE_ROLLBACK_FAILED", body="[]")
    assert not stack_needs_preview(definition, state)
    assert stack_needs_preview(definition, replace(state, status="UPDATE_COMPLETE"))
