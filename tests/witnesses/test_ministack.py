"""The golden templates and the real zip in a third-party AWS emulator: a second opinion besides the sandbox.

It has no StackSets, and buses that do not reach another account, so the test deploys each template where its StackSet
would, and hands events to the function itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployer import settings
from deployer.aws.organizations import read_organization
from deployer.organization import Organization
from deployer.planning.synthesis import synthesize
from handler.tags import EVENT_ID_TAG
from tests.handler.installation import push
from tests.templates.reading import DIGEST
from tests.witnesses.ministack import CENTRAL, MiniStack, ministack

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[1] / "golden"
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        }
    ]
}

REFUSED: dict[str, set[str]] = {
    "artifacts": set(),
    "access": set(),
    "forwarding": set(),
    "registry-scanning": {"AWS::ECR::RegistryScanningConfiguration"},
    "central": {
        "AWS::CloudWatch::Alarm",  # those with metric math, and so all
        "AWS::Events::Archive",
        "AWS::Events::EventBusPolicy",
    },
}
"""What MiniStack does not know of each template. A version that knows more fails here: then make the list shorter."""


@dataclass(frozen=True, slots=True)
class World:
    """An organization of two accounts in which the golden templates are deployed, as far as that is possible."""

    witness: MiniStack
    organization: Organization
    member: str
    refused: dict[str, set[str]]

    def invoke(self, event: Any) -> dict[str, Any]:
        """The response of the handler."""
        lambda_ = self.witness.client("lambda")
        answer = lambda_.invoke(FunctionName="deployer-handler", Payload=json.dumps(event).encode())
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, document
        return document

    def records(self) -> list[dict[str, str]]:
        items = self.witness.client("dynamodb").scan(TableName="deployer-ledger")["Items"]
        return [{key: next(iter(value.values())) for key, value in item.items()} for item in items if "outcome" in item]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ministack(tmp_path_factory.mktemp("ministack")) as witness:
        member = organize(witness)
        organization = read_organization(witness.client("organizations"))
        refused = {
            name: witness.deploy(name, golden(name)) for name in ("artifacts", "forwarding", "registry-scanning")
        }
        refused["access"] = witness.deploy("access", golden("access"), account=member)
        compiled = settings.compile(settings.load(configured(tmp_path_factory.mktemp("config"))), organization)
        witness.client("s3").put_object(
            Bucket=f"deployer-artifacts-{CENTRAL}-eu-west-1",
            Key=f"handler/{DIGEST}.zip",
            Body=synthesize(compiled).bundle.data,
        )
        refused["central"] = witness.deploy("central", golden("central", organization_id=organization.id))
        yield World(witness, organization, member, refused)


def golden(name: str, *, organization_id: str = "o-exampleorg1") -> dict[str, Any]:
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8").replace("o-exampleorg1", organization_id)
    document: dict[str, Any] = json.loads(text)
    return document


def organize(witness: MiniStack) -> str:
    """Create an organization with one member in Workloads/Prod."""
    client = witness.client("organizations")
    root = parent = client.list_roots()["Roots"][0]["Id"]
    for name in ("Workloads", "Prod"):
        parent = client.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]
    request = client.create_account(Email="shop@example.com", AccountName="shop-prod")["CreateAccountStatus"]
    deadline = time.monotonic() + 60
    while request["State"] == "IN_PROGRESS":
        assert time.monotonic() < deadline
        request = client.describe_create_account_status(CreateAccountRequestId=request["Id"])["CreateAccountStatus"]
    account: str = request["AccountId"]
    client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=parent)
    return account


def configured(folder: Path) -> Path:
    for name in ("ous", "policies"):
        (folder / name).mkdir()
    (folder / "organization.yaml").write_text(f'central: {{account: "{CENTRAL}", region: eu-west-1}}\n')
    (folder / "ous" / "prod.yaml").write_text(
        "ou: Workloads/Prod\nenabled: true\nregions: [eu-west-1]\n"
        "create: {names: {deny: ['**/tmp-*']}, limit: {per_hour: 5}}\n"
        "repository: {image_tag_mutability: IMMUTABLE, lifecycle_policy: policies/week.json, tags: {env: prod}}\n"
    )
    (folder / "policies" / "week.json").write_text(json.dumps(LIFECYCLE))
    return folder


@pytest.mark.parametrize(("name", "types"), REFUSED.items(), ids=REFUSED)
def test_the_types_that_it_refuses_in_the_golden_templates_are_known(world: World, name: str, types: set[str]) -> None:
    assert world.refused[name] == types
    assert types <= {resource["Type"] for resource in golden(name)["Resources"].values()}


def test_it_agrees_that_nobody_can_send_events_as_ecr(world: World) -> None:
    """The bus of the organization relies on that: its policy lets every member put events of this source."""
    entry = {"Source": "aws.ecr", "DetailType": "AWS API Call via CloudTrail", "Detail": "{}"}
    answer = world.witness.client("events").put_events(Entries=[entry | {"EventBusName": "deployer-events"}])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_its_organization_is_read_completely(world: World) -> None:
    assert world.organization.management_account_id == CENTRAL
    assert world.organization.path(world.organization.accounts[world.member].parent_id) == "Workloads/Prod"


def test_the_real_zip_creates_a_repository_with_all_settings_and_one_record(world: World) -> None:
    event = push("team-a/api", event_id="11111111-2222-4333-8444-555555555555", account=world.member)
    assert world.invoke(event)["outcome"] == "created"
    assert world.invoke(event)["reason"] == "duplicate-event"

    ecr = world.witness.client("ecr", account=world.member)
    [found] = ecr.describe_repositories(repositoryNames=["team-a/api"])["repositories"]
    assert (found["imageTagMutability"], found["registryId"]) == ("IMMUTABLE", world.member)
    tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]}
    assert (tags["env"], tags[EVENT_ID_TAG]) == ("prod", event["detail"]["eventID"])
    policy = ecr.get_lifecycle_policy(repositoryName="team-a/api")["lifecyclePolicyText"]
    assert json.loads(policy) == LIFECYCLE
    assert world.witness.client("ecr").describe_repositories()["repositories"] == [], "none in the central account"

    created = [one for one in world.records() if one["outcome"] == "created"]
    [record] = [one for one in created if one["repository"] == "team-a/api"]
    assert (record["account"], record["ou_path"], record["ou_source"]) == (world.member, "Workloads/Prod", "asked")


def test_the_real_zip_refuses_by_the_settings_and_keeps_the_record(world: World) -> None:
    event = push("team-a/tmp-1", event_id="11111111-2222-4333-8444-666666666666", account=world.member)
    assert world.invoke(event)["reason"] == "name-denied"
    [record] = [one for one in world.records() if one["repository"] == "team-a/tmp-1"]
    assert (record["outcome"], record["rule"]) == ("refused", "create.names.deny: **/tmp-*")
    names = [
        one["repositoryName"]
        for one in world.witness.client("ecr", account=world.member).describe_repositories()["repositories"]
    ]
    assert "team-a/tmp-1" not in names


def test_an_event_that_cannot_be_handled_reaches_the_failures_queue(world: World) -> None:
    event = push("team-a/api", event_id="11111111-2222-4333-8444-777777777777", account=world.member)
    event["detail"]["eventTime"] = "yesterday"
    assert world.invoke(event)["reason"] == "malformed-event"
    sqs = world.witness.client("sqs")
    [message] = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="deployer-failures")["QueueUrl"])["Messages"]
    assert json.loads(message["Body"])["requestPayload"] == event
