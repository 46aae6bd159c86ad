"""CloudTrail's events: what they contain, on which bus they arrive, and which trail they need."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox

SHOP = "300000000001"
SEARCH = "300000000002"
MANAGEMENT = "100000000000"
REGION = "us-east-1"
NAME = "team-a/api"
TRAIL = "organization-trail"


class Inbox:
    """Everything that comes to an account's default bus from AWS services, kept in a queue."""

    def __init__(self, sandbox: Sandbox, account: str, region: str = REGION) -> None:
        self._sandbox = sandbox
        self._sqs = sandbox.client("sqs", account=account, region=region)
        events = sandbox.client("events", account=account, region=region)
        self._url = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = f"arn:aws:sqs:{region}:{account}:inbox"
        rule = events.put_rule(Name="inbox", EventPattern=json.dumps({"source": ["aws.ecr"]}))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        events.put_targets(Rule="inbox", Targets=[{"Id": "inbox", "Arn": arn}])

    def events(self) -> list[dict[str, Any]]:
        self._sandbox.settle()
        received: list[dict[str, Any]] = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            received += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return received


@pytest.fixture
def inbox(sandbox: Sandbox) -> Inbox:
    return Inbox(sandbox, SHOP)


@pytest.fixture
def ecr(sandbox: Sandbox) -> Any:
    return sandbox.client("ecr", account=SHOP, region=REGION)


@pytest.fixture
def cloudtrail(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudtrail", account=MANAGEMENT)


def fail(call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError):
        call(**parameters)


def test_a_refused_upload_arrives_on_the_accounts_default_bus(inbox: Inbox, ecr: Any) -> None:
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    [event] = inbox.events()
    detail = event.pop("detail")
    assert {key: event[key] for key in ("source", "detail-type", "account", "region", "version")} == {
        "source": "aws.ecr",
        "detail-type": "AWS API Call via CloudTrail",
        "account": SHOP,
        "region": REGION,
        "version": "0",
    }
    assert event["time"] == detail["eventTime"]
    assert detail["eventSource"] == "ecr.amazonaws.com"
    assert detail["eventName"] == "InitiateLayerUpload"
    assert detail["awsRegion"] == REGION
    assert detail["errorCode"] == "RepositoryNotFoundException"
    assert detail["errorMessage"] == (
        f"The repository with name '{NAME}' does not exist in the registry with id '{SHOP}'"
    )
    assert detail["requestParameters"] == {"repositoryName": NAME}
    assert detail["responseElements"] is None
    assert detail["sourceIPAddress"] == "127.0.0.1"
    assert detail["userAgent"].startswith("Boto")
    assert (detail["readOnly"], detail["managementEvent"]) == (False, True)
    assert (detail["eventCategory"], detail["eventType"]) == ("Management", "AwsApiCall")
    assert detail["recipientAccountId"] == SHOP
    assert detail["resources"] == [{"accountId": SHOP, "ARN": f"arn:aws:ecr:{REGION}:{SHOP}:repository/{NAME}"}]
    assert "sharedEventID" not in detail
    assert detail["eventID"] != event["id"]


def test_an_event_names_an_iam_user(sandbox: Sandbox, inbox: Inbox, ecr: Any) -> None:
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    identity = inbox.events()[0]["detail"]["userIdentity"]
    assert identity["type"] == "IAMUser"
    assert identity["arn"] == f"arn:aws:iam::{SHOP}:user/{identity['userName']}"
    assert identity["accountId"] == SHOP
    assert identity["principalId"] == sandbox.client("iam", account=SHOP).get_user()["User"]["UserId"]
    assert "sessionContext" not in identity


def test_an_event_names_a_session_with_its_role(sandbox: Sandbox, inbox: Inbox) -> None:
    client = sandbox.client_with(pusher(sandbox), "ecr", region=REGION)
    fail(client.initiate_layer_upload, repositoryName=NAME)
    identity = inbox.events()[0]["detail"]["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{SHOP}:assumed-role/ci-push/build-7"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert issuer["arn"] == f"arn:aws:iam::{SHOP}:role/teams/ci-push"
    assert issuer["userName"] == "ci-push"
    assert identity["principalId"] == f"{issuer['principalId']}:build-7"
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def pusher(sandbox: Sandbox, actions: str = "ecr:*") -> Credentials:
    """A session of a role that may push."""
    iam, sts = (sandbox.client(service, account=SHOP) for service in ("iam", "sts"))
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SHOP}:root"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, allow)]
    iam.create_role(RoleName="ci-push", Path="/teams/", AssumeRolePolicyDocument=documents[0])
    iam.put_role_policy(RoleName="ci-push", PolicyName="push", PolicyDocument=documents[1])
    arn = f"arn:aws:iam::{SHOP}:role/teams/ci-push"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="build-7")["Credentials"]
    return Credentials(
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
    )


def test_a_push_produces_an_event_for_each_call_invoked_by_aws_internal(
    sandbox: Sandbox, inbox: Inbox, ecr: Any
) -> None:
    client = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP, REGION))
    for digest in ("sha256:" + str(number) * 64 for number in range(3)):
        client.request("HEAD", f"/v2/{NAME}/blobs/{digest}")
        client.request("POST", f"/v2/{NAME}/blobs/uploads/")
    details = [event["detail"] for event in inbox.events()]
    assert sorted(detail["eventName"] for detail in details) == (
        ["BatchCheckLayerAvailability"] * 3 + ["InitiateLayerUpload"] * 3
    )
    assert len({detail["eventID"] for detail in details}) == 6
    for detail in details:
        assert detail["sourceIPAddress"] == detail["userAgent"] == "AWS Internal"
        assert detail["userIdentity"]["invokedBy"] == "AWS Internal"
        assert detail["userIdentity"]["arn"].startswith(f"arn:aws:iam::{SHOP}:user/")
        assert detail["requestParameters"]["registryId"] == SHOP


def test_a_role_without_permission_is_denied_by_the_registry(sandbox: Sandbox, inbox: Inbox, ecr: Any) -> None:
    session = sandbox.client_with(pusher(sandbox, "ecr:GetAuthorizationToken"), "ecr", region=REGION)
    ecr.create_repository(repositoryName=NAME)
    client = Client.login(session, endpoint=sandbox.endpoint_url, registry=host_of(SHOP, REGION))
    with pytest.raises(Rejected, match="not authorized to perform: ecr:InitiateLayerUpload") as caught:
        client.push(oci_images.build(), NAME, "1")
    assert (caught.value.status, caught.value.code) == (403, "DENIED")
    codes = {(event["detail"]["eventName"], event["detail"].get("errorCode")) for event in inbox.events()}
    assert {code for name, code in codes if name != "CreateRepository"} == {"AccessDenied"}


def test_calls_in_another_accounts_registry_are_delivered_in_both_accounts(
    sandbox: Sandbox, inbox: Inbox, ecr: Any
) -> None:
    there = Inbox(sandbox, SEARCH)
    fail(ecr.initiate_layer_upload, repositoryName=NAME, registryId=SEARCH)
    [ours], [theirs] = inbox.events(), there.events()
    assert (ours["account"], theirs["account"]) == (SHOP, SEARCH)
    assert ours["detail"]["recipientAccountId"] == SHOP
    assert theirs["detail"]["recipientAccountId"] == SEARCH
    assert ours["detail"]["sharedEventID"] == theirs["detail"]["sharedEventID"]
    assert ours["detail"]["eventID"] != theirs["detail"]["eventID"]
    assert ours["detail"]["requestParameters"]["registryId"] == SEARCH
    assert set(theirs["detail"]["userIdentity"]) == {"type", "principalId", "accountId"}
    assert theirs["detail"]["userIdentity"]["type"] == "AWSAccount"


@pytest.mark.parametrize(
    ("operation", "parameters", "read_only"),
    [
        pytest.param("batch_get_image", {"imageIds": [{"imageTag": "1"}]}, True, id="a pull's first call"),
        pytest.param("batch_check_layer_availability", {"layerDigests": ["sha256:0"]}, True, id="a push's first call"),
        pytest.param("put_image", {"imageManifest": "{}"}, False, id="a push's last call"),
    ],
)
def test_calls_whose_refusals_are_delivered(
    inbox: Inbox, ecr: Any, operation: str, parameters: dict[str, Any], *, read_only: bool
) -> None:
    fail(getattr(ecr, operation), repositoryName=NAME, **parameters)
    [event] = inbox.events()
    assert event["detail"]["readOnly"] is read_only


def test_calls_whose_refusals_are_never_delivered(inbox: Inbox, ecr: Any) -> None:
    fail(ecr.describe_images, repositoryName=NAME)
    fail(ecr.list_images, repositoryName=NAME)
    fail(ecr.get_lifecycle_policy, repositoryName=NAME)
    fail(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest="sha256:" + "0" * 64)
    ecr.create_repository(repositoryName=NAME)
    ecr.initiate_layer_upload(repositoryName=NAME)
    assert [event["detail"]["eventName"] for event in inbox.events()] == ["CreateRepository"]


def test_other_errors_are_delivered_too(sandbox: Sandbox, inbox: Inbox, ecr: Any) -> None:
    sandbox.faults.add(Fault(effect=Error(code="ServerException"), service="ecr"))
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    [event] = inbox.events()
    assert event["detail"]["errorCode"] == "ServerException"


MANAGEMENT_ONLY = {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}


@pytest.mark.parametrize(
    ("selectors", "logged"),
    [
        pytest.param([{"ReadWriteType": "All", "IncludeManagementEvents": True}], True, id="all"),
        pytest.param([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}], True, id="writes"),
        pytest.param([{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}], False, id="reads"),
        pytest.param([{"ReadWriteType": "All", "IncludeManagementEvents": False}], False, id="data events"),
        pytest.param([MANAGEMENT_ONLY], True, id="advanced: management"),
        pytest.param(
            [{"FieldSelectors": [*MANAGEMENT_ONLY["FieldSelectors"], {"Field": "readOnly", "Equals": ["true"]}]}],
            False,
            id="advanced: reads",
        ),
        pytest.param(
            [
                {
                    "FieldSelectors": [
                        *MANAGEMENT_ONLY["FieldSelectors"],
                        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
                    ]
                }
            ],
            True,
            id="advanced: all but KMS",
        ),
        pytest.param(
            [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}], False, id="advanced: data events"
        ),
    ],
)
def test_a_trail_logs_what_its_selectors_select(
    inbox: Inbox, ecr: Any, cloudtrail: Any, selectors: list[dict[str, Any]], *, logged: bool
) -> None:
    kind = "AdvancedEventSelectors" if "FieldSelectors" in selectors[0] else "EventSelectors"
    cloudtrail.put_event_selectors(TrailName=TRAIL, **{kind: selectors})
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    assert bool(inbox.events()) is logged


@pytest.mark.parametrize(
    ("change", "logged"),
    [
        pytest.param({"IsMultiRegionTrail": False}, False, id="only in its own region"),
        pytest.param({"IsOrganizationTrail": False}, False, id="only in its own account"),
        pytest.param({"IsMultiRegionTrail": True}, True, id="in all regions"),
    ],
)
def test_a_trail_logs_the_accounts_and_regions_that_it_covers(
    inbox: Inbox, ecr: Any, cloudtrail: Any, change: dict[str, bool], *, logged: bool
) -> None:
    cloudtrail.update_trail(Name=TRAIL, **change)
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    assert bool(inbox.events()) is logged


def test_without_a_logging_trail_no_event_is_delivered(inbox: Inbox, ecr: Any, cloudtrail: Any) -> None:
    cloudtrail.stop_logging(Name=TRAIL)
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    assert inbox.events() == []


def test_a_trail_of_the_account_itself_is_enough(sandbox: Sandbox, inbox: Inbox, ecr: Any, cloudtrail: Any) -> None:
    cloudtrail.stop_logging(Name=TRAIL)
    sandbox.client("s3", account=SHOP, region="us-east-1").create_bucket(Bucket="own-trail")
    own = sandbox.client("cloudtrail", account=SHOP, region=REGION)
    own.create_trail(Name="own", S3BucketName="own-trail")
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    assert inbox.events() == []
    own.start_logging(Name="own")
    fail(ecr.initiate_layer_upload, repositoryName=NAME)
    assert len(inbox.events()) == 1


def test_creating_and_deleting_a_repository_produces_events_with_the_response(inbox: Inbox, ecr: Any) -> None:
    ecr.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE", tags=[{"Key": "team", "Value": "a"}])
    ecr.delete_repository(repositoryName=NAME, force=True)
    ecr.get_authorization_token()
    created, deleted = sorted((event["detail"] for event in inbox.events()), key=lambda detail: detail["eventName"])
    assert (created["eventName"], deleted["eventName"]) == ("CreateRepository", "DeleteRepository")
    assert created["requestParameters"]["tags"] == [{"Key": "team", "Value": "a"}]
    assert deleted["requestParameters"] == {"repositoryName": NAME, "force": True}
    for detail in (created, deleted):
        repository = detail["responseElements"]["repository"]
        assert (repository["repositoryName"], repository["imageTagMutability"]) == (NAME, "IMMUTABLE")
        datetime.strptime(repository["createdAt"], "%b %d, %Y %I:%M:%S %p")  # noqa: DTZ007 - only its form
        assert detail["resources"] == [{"accountId": SHOP, "ARN": repository["repositoryArn"]}]
        assert detail["readOnly"] is False
        assert not detail.keys() & {"errorCode", "errorMessage"}
