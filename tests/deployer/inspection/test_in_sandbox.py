"""A clean-up tool deletes, disables or edits resources in member accounts: each is reported and repaired."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from handler.daily_inspection import SLICES, current_slice, slice_of
from tests.deployer.command_line import Deployer, writes
from tests.deployer.rollout.few_accounts import INSTALLED, begins_rolled_out_to_few
from tests.deployer.rollout.test_in_sandbox import EXPECTED, begins_small, installed

pytestmark = pytest.mark.usefixtures("small_central_stack")

HOME = "eu-west-1"
RULE, QUEUE = "deployer-forwarding", "deployer-forwarding-dead-letters"
AUDITOR = "deployer-auditor"
READABLE = ("deployer-creator", "deployer-forwarding", "deployer-repairer")
ROLES = (*READABLE, AUDITOR)
ANYONE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Member:
    """The administrator of a member account, in one region."""

    sandbox: Sandbox
    account: str
    region: str = HOME

    def client(self, service: Any, region: str | None = None) -> Any:
        return self.sandbox.client(service, account=self.account, region=region or self.region)

    def queue(self) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"])

    def stack(self, stack_set: str) -> str:
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        (found,) = (one["StackId"] for one in stacks if one["StackName"].startswith(f"StackSet-{stack_set}-"))
        return str(found)


Act = Callable[[Member], object]


def delete_role(name: str) -> Act:
    def act(member: Member) -> None:
        iam = member.client("iam")
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)

    return act


def edit_trust(name: str) -> Act:
    return lambda member: member.client("iam").update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps(ANYONE)
    )


def edit_permissions(name: str) -> Act:
    def act(member: Member) -> None:
        iam = member.client("iam")
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(NOTHING))

    return act


def delete_stack(stack_set: str) -> Act:
    return lambda member: member.client("cloudformation").delete_stack(StackName=member.stack(stack_set))


def delete_rule(member: Member) -> None:
    events = member.client("events")
    events.remove_targets(Rule=RULE, Ids=["central-event-bus"])
    events.delete_rule(Name=RULE)


def edit_pattern(member: Member) -> None:
    member.client("events").put_rule(Name=RULE, EventPattern=json.dumps({"source": ["aws.s3"]}), State="ENABLED")


def edit_target(member: Member) -> None:
    events = member.client("events")
    (target,) = events.list_targets_by_rule(Rule=RULE)["Targets"]
    events.put_targets(Rule=RULE, Targets=[target | {"RetryPolicy": {"MaximumRetryAttempts": 1}}])


def move_role(name: str) -> Act:
    """Recreate a role with the same policies but another path, and therefore another ARN than callers assume."""

    def act(member: Member) -> None:
        iam = member.client("iam")
        role = iam.get_role(RoleName=name)["Role"]
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        delete_role(name)(member)
        iam.create_role(
            RoleName=name,
            Path="/deployer/",
            AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
            MaxSessionDuration=role["MaxSessionDuration"],
        )
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    return act


def edit_queue(**attributes: str) -> Act:
    return lambda member: member.client("sqs").set_queue_attributes(QueueUrl=member.queue(), Attributes=attributes)


def attach_policy(member: Member) -> None:
    iam = member.client("iam")
    policy = iam.create_policy(PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))["Policy"]
    iam.attach_role_policy(RoleName="deployer-creator", PolicyArn=policy["Arn"])


def add_policy(member: Member) -> None:
    member.client("iam").put_role_policy(
        RoleName="deployer-forwarding", PolicyName="more", PolicyDocument=json.dumps(EVERYTHING)
    )


def add_target(member: Member) -> None:
    arn = f"arn:aws:sqs:{member.region}:{member.account}:{QUEUE}"
    member.client("events").put_targets(Rule=RULE, Targets=[{"Id": "mine", "Arn": arn}])


def run_aws(member: Member, command: str) -> None:
    """Run a command of the AWS CLI whose options are those of the API."""
    aws, service, name, *words = shlex.split(command)
    assert aws == "aws"
    options = dict(zip(words[::2], words[1::2], strict=True))
    client = member.client(service, options.pop("--region", HOME))
    operation = name.replace("-", "_")
    members = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[operation]
    ).input_shape.members
    by_option = {f"--{xform_name(key, '-')}": (key, shape.type_name) for key, shape in members.items()}
    request = {
        key: [value] if kind == "list" else value
        for option, value in options.items()
        for key, kind in [by_option[option]]
    }
    getattr(client, operation)(**request)


ON_ACCOUNTS: dict[str, tuple[Act, str]] = {
    "the permissions of the auditor are edited": (edit_permissions(AUDITOR), "may not read its account"),
    "the auditor is deleted": (delete_role(AUDITOR), "cannot be assumed"),
    "the stack of the roles is deleted": (delete_stack("deployer-access"), "cannot be assumed"),
}
"""Nothing else is known of these accounts."""
ON_ROLES: dict[str, dict[str, tuple[Act, str]]] = {
    name: {
        f"the trust policy of {name} is edited": (edit_trust(name), f"role {name}: trust policy changed"),
        **(
            {
                f"the role {name} is deleted": (delete_role(name), f"role {name} does not exist"),
                f"the permissions of {name} are edited": (edit_permissions(name), f"role {name}: permissions changed"),
            }
            if name in READABLE
            else {}
        ),
    }
    for name in ROLES
}
ON_ROLES["deployer-creator"] |= {
    "a policy is attached to the creator": (attach_policy, "policy/everything was added to role deployer-creator"),
    "the creator is created again at another path": (
        move_role("deployer-creator"),
        "role deployer-creator: path chang",
    ),
}
ON_ROLES["deployer-forwarding"] |= {
    "a policy is added to the forwarding role": (add_policy, "policy more was added to role deployer-forwarding"),
}
ON_RULES: dict[str, tuple[Act, str]] = {
    "the stack of the rule is deleted": (delete_stack("deployer-forwarding"), "its stack was deleted"),
    "the rule is deleted": (delete_rule, f"event rule {RULE} does not exist"),
    "the rule is disabled": (lambda member: member.client("events").disable_rule(Name=RULE), f"{RULE} is disabled"),
    "the rule's pattern is edited": (edit_pattern, f"event rule {RULE}: event pattern changed"),
    "the rule's target is edited": (edit_target, f"event rule {RULE}: target changed"),
    "the rule's target is removed": (
        lambda member: member.client("events").remove_targets(Rule=RULE, Ids=["central-event-bus"]),
        f"event rule {RULE}: target changed",
    ),
    "a target is added to the rule": (add_target, f"was added to event rule {RULE}"),
}
ON_QUEUES: dict[str, tuple[Act, str]] = {
    "the queue's retention is edited": (edit_queue(MessageRetentionPeriod="60"), f"queue {QUEUE}: retention changed"),
    "the queue's encryption is disabled": (
        edit_queue(SqsManagedSseEnabled="false"),
        f"queue {QUEUE}: encryption changed",
    ),
    "the queue's policy is deleted": (edit_queue(Policy=""), f"policy of the queue {QUEUE} does not exist"),
    "the queue's messages are delayed": (edit_queue(DelaySeconds="900"), f"queue {QUEUE}: delay changed"),
    "the queue is deleted": (
        lambda member: member.client("sqs").delete_queue(QueueUrl=member.queue()),
        f"; queue {QUEUE} does not exist",
    ),
}
OTHERS = sorted(EXPECTED)[:-1]  # the last one stays intact


def damages(sandbox: Sandbox) -> Iterator[tuple[str, Member, Act, str]]:
    """Every damage with a place for it, in a resource that no other damages: one roll-out repairs all of them."""
    alone, shared = OTHERS[: len(ON_ACCOUNTS)], OTHERS[len(ON_ACCOUNTS) :]
    regional = [Member(sandbox, account, region) for account in shared for region in sorted(EXPECTED[account])]
    found = [(Member(sandbox, account), one) for account, one in zip(alone, ON_ACCOUNTS.items(), strict=True)]
    for some in ON_ROLES.values():
        found += zip((Member(sandbox, account) for account in shared), some.items(), strict=False)
    found += zip(regional, ON_RULES.items(), strict=False)
    found += zip(reversed(regional), ON_QUEUES.items(), strict=False)
    assert len(found) == sum(map(len, (ON_ACCOUNTS, *ON_ROLES.values(), ON_RULES, ON_QUEUES)))
    for member, (title, (act, expected)) in found:
        yield title, member, act, expected


def damaged(status: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The reasons for the damaged instances of each account and region."""
    found: dict[tuple[str, str], str] = {}
    for one in status["instances"]:
        if one["state"] == "damaged":
            place = one["account"], one["region"]
            found[place] = f"{found.get(place, '')}; {one['reason']}"
    return found


def watched(sandbox: Sandbox, accounts: set[str]) -> set[str]:
    """Those of these accounts that the watch reports as damaged in the runs that inspect them."""
    found: set[str] = set()
    start = datetime(2026, 11, 23, tzinfo=UTC)
    needed = {slice_of(account) for account in accounts}
    for time in (start + timedelta(hours=hour) for hour in range(SLICES)):
        if current_slice(time) in needed:
            event = json.dumps({"time": f"{time:%Y-%m-%dT%H:%M:%SZ}"}).encode()
            answer = sandbox.client("lambda").invoke(FunctionName="deployer-watch", Payload=event)
            line = json.loads(answer["Payload"].read())["inspection"]
            found |= {place.split()[0] for place in line["damaged_places"]}
    return found & accounts


def remove_additions(sandbox: Sandbox, status: dict[str, Any]) -> int:
    """Run the commands that `status --deep` prints."""
    for one in status["additions"]:
        run_aws(Member(sandbox, one["account"]), one["command"])
    return len(status["additions"])


@begins_rolled_out_to_few
def test_resources_that_cannot_be_read_are_never_reported_as_in_sync(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    fault = sandbox.faults.add(Fault(effect=Error(code="AccessDenied", message="no"), operation="AssumeRole"))
    planned = deployer("plan", "--deep", "--format", "github")
    refused = deployer("rollout", "--org", "--deep", "--yes")
    for ran in (planned, refused):
        assert ran.exit_code == 23, ran
        assert "could not be read" in ran.err
    warning = f"::warning title=deployer plan::the resources in {len(INSTALLED)} accounts could not be read"
    assert warning in planned.out
    assert "the auditor role cannot be assumed in any account" in " ".join(refused.out.split())
    assert deployer("status", "--deep").exit_code == 2
    sandbox.faults.clear()
    assert fault.hits
    sandbox.calls.clear()
    assert deployer("rollout", "--org", "--deep").exit_code == 0, "nothing to confirm"
    assert set(writes(sandbox)) == {"sts:AssumeRole"}


@begins_small
def test_damage_by_a_clean_up_tool_is_reported_and_repaired(sandbox: Sandbox, tmp_path: Path) -> None:
    deployer, plan = Deployer(sandbox), str(tmp_path / "plan.json")
    done = list(damages(sandbox))
    for _, member, act, _ in done:
        act(member)
    lost = done[[title for title, *_ in done].index("the rule is deleted")][1]
    lost.client("sqs").send_message(QueueUrl=lost.queue(), MessageBody="{}")
    sandbox.settle()
    assert deployer("status").exit_code == 0, "CloudFormation does not report any of it"
    status = deployer("status", "--deep", "--json").document
    found = damaged(status)
    for title, member, _, expected in done:
        assert expected in found.get((member.account, member.region), ""), (title, found)
    assert found.keys() == {(member.account, member.region) for _, member, _, _ in done}
    some = {member.account for title, member, _, _ in done if "the auditor" in title or "attached" in title}
    assert len(some) == 3
    assert watched(sandbox, some) == some
    assert remove_additions(sandbox, status) == 3
    planned = deployer("plan", "--deep", "--out", plan)
    assert planned.exit_code == 2
    assert "its dead-letter queue holds 1 message, which would be lost" in " ".join(planned.out.split())
    repaired = deployer("rollout", "--plan", plan, "--yes", "--allow-delete", "99")  # it keeps what the plan has found
    assert repaired.exit_code == 0, repaired
    assert "REPAIRS" in repaired.out
    sandbox.settle()
    after = deployer("status", "--deep")
    assert after.exit_code == 0, after
    assert installed(sandbox) == EXPECTED
