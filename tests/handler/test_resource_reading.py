"""Resources as their services report them, compared with the templates that created them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from handler.deployed_resources import Location, Resource, resources_of
from handler.resource_comparison import problem
from handler.resource_reading import LARGEST_EVENT, read
from templates import access, forwarding
from templates.names import Names
from templates.parts import body

NAMES = Names(
    prefix="deployer", organization_id="o-exampleorg1", central_account="200000000001", central_region="eu-west-1"
)
HERE = Location(partition="aws", account="300000000001", region="eu-west-1")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ON_RULES = resources_of(body(forwarding.template(NAMES)), HERE)
RULE = next(one for one in ON_RULES if one.type == "AWS::Events::Rule")
QUEUE = next(one for one in ON_RULES if one.type == "AWS::SQS::Queue")
ROLE = next(one for one in resources_of(body(access.template(NAMES)), HERE) if one.name == "deployer-creator")


@dataclass
class Services:
    """EventBridge, SQS and IAM of an account, with some changed responses."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[dict[str, Any], ...] = ()
    policies: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    def __call__(self, service: str) -> Services:
        assert service in {"events", "iam", "sqs"}
        return self

    def describe_rule(self, **_: str) -> Mapping[str, Any]:
        properties = RULE.properties
        return {"State": "ENABLED", "EventPattern": json.dumps(properties["EventPattern"]), **self.changes}

    def get_queue_url(self, **_: str) -> Mapping[str, Any]:
        return {"QueueUrl": "https://queue"}

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
        found = {
            "DelaySeconds": "0",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "1209600",
            "SqsManagedSseEnabled": "true",
            **self.changes,
        }
        return {"Attributes": {name: found[name] for name in request["AttributeNames"] if name in found}}

    def get_role(self, **_: str) -> Mapping[str, Any]:
        properties = ROLE.properties
        trusted, seconds = properties["AssumeRolePolicyDocument"], properties["MaxSessionDuration"]
        role = {"AssumeRolePolicyDocument": trusted, "MaxSessionDuration": seconds, "Path": "/"}
        return {"Role": {**role, **self.changes}}

    def get_role_policy(self, **_: str) -> Mapping[str, Any]:
        return {"PolicyDocument": ROLE.properties["Policies"][0]["PolicyDocument"]}

    def get_paginator(self, operation: str) -> Services:
        self.operation = operation
        return self

    def paginate(self, **_: str) -> Iterator[Mapping[str, Any]]:
        """Two pages: what the template has, then what was added."""
        own: Mapping[str, tuple[str, list[Any], list[Any]]] = {
            "list_targets_by_rule": ("Targets", list(RULE.properties["Targets"]), list(self.targets)),
            "list_role_policies": ("PolicyNames", [ROLE.properties["Policies"][0]["PolicyName"]], list(self.policies)),
            "list_instance_profiles_for_role": (
                "InstanceProfiles",
                [],
                [{"InstanceProfileName": name} for name in self.profiles],
            ),
            "list_attached_role_policies": ("AttachedPolicies", [], [{"PolicyArn": arn} for arn in self.attached]),
        }
        key, *pages = own[self.operation]
        yield from ({key: page} for page in pages)


@pytest.mark.parametrize("resource", [RULE, QUEUE, ROLE], ids=lambda one: one.type)
def test_a_resource_as_deployed_has_no_differences(resource: Resource) -> None:
    reading = read(Services(), resource, region="eu-west-1")
    assert reading is not None
    assert (problem(resource, reading), reading.additions) == (None, ())


@pytest.mark.parametrize(
    ("resource", "changes", "expected"),
    [
        pytest.param(RULE, {"State": "DISABLED"}, "is disabled", id="a disabled rule"),
        pytest.param(RULE, {"ScheduleExpression": "rate(1 day)"}, "schedule changed", id="a schedule of the rule"),
        pytest.param(RULE, {"EventPattern": "{}"}, "event pattern changed", id="a pattern that matches more"),
        pytest.param(
            QUEUE, {"MaximumMessageSize": "1024"}, "message size changed", id="a message size too small for events"
        ),
        pytest.param(
            QUEUE, {"RedrivePolicy": '{"maxReceiveCount": 1}'}, "redrive policy changed", id="a redrive policy"
        ),
        pytest.param(QUEUE, {"DelaySeconds": "900"}, "delay changed", id="delayed messages"),
        pytest.param(QUEUE, {"SqsManagedSseEnabled": "false"}, "encryption changed", id="no encryption"),
        pytest.param(ROLE, {"Path": "/team/"}, "path changed", id="another path and therefore another ARN"),
        pytest.param(ROLE, {"MaxSessionDuration": 43200}, "session duration changed", id="longer sessions"),
        pytest.param(
            ROLE,
            {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn"}},
            "permissions boundary changed",
            id="a permissions boundary",
        ),
    ],
)
def test_a_change_is_reported(resource: Resource, changes: Mapping[str, Any], expected: str) -> None:
    text = problem(resource, read(Services(changes=changes), resource, region="eu-west-1"))
    assert text is not None
    assert text.endswith(expected)


def test_a_queue_of_the_former_default_size_is_unchanged() -> None:
    changes = {"MaximumMessageSize": str(LARGEST_EVENT)}
    assert problem(QUEUE, read(Services(changes=changes), QUEUE, region="eu-west-1")) is None


def test_additions_on_every_page_are_reported_with_the_command_that_removes_them() -> None:
    services = Services(
        targets=({"Id": "mine", "Arn": "arn:aws:sqs:x\x1b[2J"},),
        policies=("more",),
        profiles=("machines",),
        attached=(ADMINISTRATOR,),
    )
    rule, role = (read(services, one, region="eu-west-1") for one in (RULE, ROLE))
    assert rule is not None
    assert role is not None
    assert [one.command for one in (*rule.additions, *role.additions)] == [
        "aws events remove-targets --region eu-west-1 --rule deployer-forwarding --ids mine",
        f"aws iam detach-role-policy --role-name deployer-creator --policy-arn {ADMINISTRATOR}",
        "aws iam delete-role-policy --role-name deployer-creator --policy-name more",
        "aws iam remove-role-from-instance-profile --instance-profile-name machines --role-name deployer-creator",
    ]
    assert all(one.text.isprintable() for one in (*rule.additions, *role.additions))
