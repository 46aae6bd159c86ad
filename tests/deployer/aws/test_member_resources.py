"""The reading of an account for an inspection: few connections."""

from __future__ import annotations

from collections import Counter
from typing import Any

from deployer.aws.member_resources import MemberResources
from handler.deployed_resources import Resource


class FakeMembers:
    """Counts the clients that it creates, each of which has to connect to AWS."""

    def __init__(self) -> None:
        self.created: Counter[tuple[str, str, str]] = Counter()

    def assume(self, account: str) -> None:
        pass

    def client(self, service: str, account: str, region: str) -> Any:
        self.created[service, account, region] += 1
        return FakeQueues()


class FakeQueues:
    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "https://queue"}

    def get_queue_attributes(self, **_: str) -> dict[str, Any]:
        return {"Attributes": {"MessageRetentionPeriod": "60", "Policy": "{}"}}


def test_an_inspection_connects_once_to_each_service_of_each_account_and_region() -> None:
    members = FakeMembers()
    accounts = MemberResources(members)  # type: ignore[arg-type]
    resources = [
        Resource(type=type_, name="queue", properties={}) for type_ in ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy")
    ]
    for account in ("1", "2"):
        opened = accounts.open(account)
        for region in ("eu-west-1", "us-east-1"):
            for resource in resources:
                assert opened.read(resource, region=region)
    expected = {("sqs", account, region) for account in ("1", "2") for region in ("eu-west-1", "us-east-1")}
    assert members.created == dict.fromkeys(expected, 1)
