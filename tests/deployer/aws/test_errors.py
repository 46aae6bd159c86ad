"""The errors that a user gets if AWS, the network or the credentials refuse a call."""

from __future__ import annotations

import pytest
from botocore import exceptions as botocore

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.errors import lacks_permission, translated
from deployer.aws.session import Session
from deployer.errors import (
    ConfigurationError,
    CredentialsError,
    DeployerError,
    OrganizationAccessError,
    PermissionDeniedError,
    SandboxError,
    ServiceError,
)
from deployer.local_endpoint import is_loopback

CENTRAL = "200000000001"


def _answer(code: str, message: str = "no") -> botocore.ClientError:
    return botocore.ClientError({"Error": {"Code": code, "Message": message}}, "ListStacks")


@pytest.mark.parametrize(
    ("raised", "kind", "part"),
    [
        pytest.param(botocore.NoCredentialsError(), CredentialsError, "No AWS credentials", id="no credentials"),
        pytest.param(
            botocore.ProfileNotFound(profile="nobody"), CredentialsError, "nobody", id="a profile that does not exist"
        ),
        pytest.param(_answer("ExpiredToken"), CredentialsError, "refused the credentials", id="expired credentials"),
        pytest.param(_answer("InvalidClientTokenId"), CredentialsError, "refused", id="unknown credentials"),
        pytest.param(
            _answer("AccessDenied", "not allowed to list"),
            PermissionDeniedError,
            "ListStacks in 123 was denied: not allowed to list",
            id="a denied call names the call, the location and AWS's reason",
        ),
        pytest.param(_answer("Throttling"), ServiceError, "throttled", id="throttling that does not end"),
        pytest.param(
            botocore.ClientError(
                {"Error": {"Code": "LimitExceededException", "Message": "too many"}}, "CreateStackInstances"
            ),
            ServiceError,
            "reached the quota Instances of a StackSet (L-C8225BA5): too many",
            id="a quota that the message names",
        ),
        pytest.param(
            _answer("ServiceQuotaExceededException", "too many things"),
            ServiceError,
            "ListStacks in 123 reached a quota: too many things",
            id="a quota that only the code of AWS names",
        ),
        pytest.param(
            _answer("AWSOrganizationsNotInUseException"),
            OrganizationAccessError,
            "not a member of an AWS organization",
            id="no organization",
        ),
        pytest.param(_answer("Odd", "what"), ServiceError, "ListStacks in 123 failed: Odd: what", id="an unknown code"),
        pytest.param(botocore.NoRegionError(), ConfigurationError, "No AWS region", id="no region"),
        pytest.param(
            botocore.ConfigParseError(path="~/.aws/config"), ConfigurationError, "~/.aws/config", id="a broken profile"
        ),
        pytest.param(
            botocore.WaiterError(name="table_exists", reason="Max attempts exceeded", last_response={}),
            ServiceError,
            "AWS did not finish in time: Waiter table_exists failed: Max attempts exceeded",
            id="a waiter that times out",
        ),
        pytest.param(
            botocore.EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"),
            SandboxError,
            "127.0.0.1:4566: the sandbox is not running",
            id="a sandbox that is not running",
        ),
        pytest.param(
            botocore.EndpointConnectionError(endpoint_url="https://sts.amazonaws.com/"),
            ServiceError,
            "AWS cannot be reached",
            id="no network",
        ),
        pytest.param(
            botocore.ReadTimeoutError(endpoint_url="https://sts.amazonaws.com/"),
            ServiceError,
            "AWS cannot be reached",
            id="a call that hangs",
        ),
    ],
)
def test_errors_of_botocore_become_a_message_with_a_next_step(
    raised: Exception, kind: type[DeployerError], part: str
) -> None:
    with pytest.raises(kind) as caught, translated("123"):
        raise raised
    assert part in caught.value.message
    assert caught.value.next_step
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("variables", "region", "part"),
    [
        pytest.param({"AWS_ENDPOINT_URL": "nonsense"}, "eu-west-1", "Invalid endpoint: nonsense", id="an endpoint"),
        pytest.param({}, "eu west", "eu west", id="a region"),
    ],
)
def test_invalid_settings_of_the_aws_cli_are_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str, part: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=part) as caught:
        Session(region=region).client("sts")
    assert "AWS_…" in (caught.value.next_step or "")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://[::1]:4566", True),
        ("http://localhost:4566", True),
        ("http://a.localhost:4566", True),
        ("https://sts.amazonaws.com", False),
        ("", False),
    ],
)
def test_loopback_is_distinguished_from_aws(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_a_call_that_reaches_a_quota_is_not_retried(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = sandbox.faults.add(Fault(effect=Error(code="LimitExceededException", message="no more")))
    for name, value in sandbox.environment(CENTRAL).items():
        monkeypatch.setenv(name, value)
    client = Session(region="eu-west-1").client("cloudformation")
    with pytest.raises(ServiceError, match=r"the quota StackSets .* \(L-EC62D81A\): no more") as raised, translated():
        client.create_stack_set(StackSetName="one")
    assert "request-service-quota-increase --service-code cloudformation" in str(raised.value.next_step)
    assert reached.hits == 1


_DENIAL = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: ecr:DescribeImages on resource: x"


@pytest.mark.parametrize(
    ("code", "reason", "lacks"),
    [
        ("AccessDeniedException", " because no identity-based policy allows the ecr:DescribeImages action", True),
        ("AccessDeniedException", "", True),
        ("AccessDeniedException", " with an explicit deny in a service control policy", False),
        ("AccessDeniedException", " with an explicit deny in an identity-based policy", False),
        ("AccessDeniedException", " because no service control policy allows the ecr:DescribeImages action", False),
        ("ServerException", " because no identity-based policy allows the ecr:DescribeImages action", False),
    ],
)
def test_a_missing_permission_differs_from_a_denial_by_another_policy(code: str, reason: str, *, lacks: bool) -> None:
    assert lacks_permission(_answer(code, _DENIAL + reason)) is lacks
