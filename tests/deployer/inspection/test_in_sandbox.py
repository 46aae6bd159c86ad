"""A clean-up tool deletes, disables or edits resources in member accounts: each is reported and repaired."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore import xform_name

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from handler.daily_inspection import SLICES, current_slice, slice_of
from tests.deployer.command_line import Deployer, writes
from tests.deployer.rollout.test_in_sandbox import EXPECTED, begins_rolled_out, installed

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
    """The administrator of a member account."""

    sandbox: Sandbox
    account: str

    def client(self, service: Any, region: str = HOME) -> Any:
        return self.sandbox.client(service, account=self.account, region=region)

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
    arn = f"arn:aws:sqs:{HOME}:{member.account}:{QUEUE}"
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


ON_ROLES: dict[str, tuple[Act, str]] = {
    **{f"the role {name} is deleted": (delete_role(name), f"{name} does not exist") for name in READABLE},
    **{f"the trust policy of {name} is edited": (edit_trust(name), "trust policy changed") for name in ROLES},
    **{f"the permissions of {name} are edited": (edit_permissions(name), "permissions changed") for name in READABLE},
    "the permissions of the auditor are edited": (edit_permissions(AUDITOR), "may not read its account"),
    "the auditor is deleted": (delete_role(AUDITOR), "cannot be assumed"),
    "the stack of the roles is deleted": (delete_stack("deployer-access"), "cannot be assumed"),
    "a policy is attached to the creator": (attach_policy, "policy/everything was added to role deployer-creator"),
    "a policy is added to the forwarding role": (add_policy, "policy more was added to role deployer-forwarding"),
    "the creator is created again at another path": (move_role("deployer-creator"), "path changed"),
}
ON_RULES: dict[str, tuple[Act, str]] = {
    "the rule is deleted": (delete_rule, "event rule deployer-forwarding does not exist"),
    "the rule is disabled": (lambda member: member.client("events").disable_rule(Name=RULE), "is disabled"),
    "the rule's pattern is edited": (edit_pattern, "event pattern changed"),
    "the rule's target is edited": (edit_target, "target changed"),
    "the rule's target is removed": (
        lambda member: member.client("events").remove_targets(Rule=RULE, Ids=["central-event-bus"]),
        "target changed",
    ),
    "the queue is deleted": (lambda member: member.client("sqs").delete_queue(QueueUrl=member.queue()), QUEUE),
    "the queue's retention is edited": (edit_queue(MessageRetentionPeriod="60"), "retention changed"),
    "the queue's encryption is disabled": (edit_queue(SqsManagedSseEnabled="false"), "encryption changed"),
    "the queue's policy is deleted": (edit_queue(Policy=""), "does not exist"),
    "a target is added to the rule": (add_target, "was added to event rule deployer-forwarding"),
    "the queue's messages are delayed": (edit_queue(DelaySeconds="900"), "delay changed"),
    "the stack of the rule is deleted": (delete_stack("deployer-forwarding"), "its stack was deleted"),
}
OTHERS = sorted(EXPECTED)[:-1]  # the last one stays intact


def rounds() -> Iterator[dict[str, dict[str, tuple[Act, str]]]]:
    """The damage in each account, to the roles and to the rule; both only while the auditor can read the rule."""
    roles, rules = list(ON_ROLES.items()), list(ON_RULES.items())
    while roles or rules:
        batch: dict[str, dict[str, tuple[Act, str]]] = {}
        for account in OTHERS:
            here = dict([roles.pop(0)]) if roles else {}
            if rules and not any("auditor" in title or "stack" in title for title in here):
                here |= dict([rules.pop(0)])
            batch[account] = here
        yield {account: here for account, here in batch.items() if here}


def damaged(status: dict[str, Any]) -> dict[str, str]:
    """The reasons for the damaged instances of each account."""
    found: dict[str, str] = {}
    for one in status["instances"]:
        if one["state"] == "damaged":
            found[one["account"]] = f"{found.get(one['account'], '')} {one['reason']}"
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


@begins_rolled_out
def test_damage_by_a_clean_up_tool_is_reported_and_repaired(sandbox: Sandbox, tmp_path: Path) -> None:
    deployer = Deployer(sandbox)
    clean = deployer("status", "--deep")
    assert clean.exit_code == 0, clean
    assert deployer("rollout", "--org", "--deep").exit_code == 0
    assert set(writes(sandbox)) == {"sts:AssumeRole"}
    removed = 0
    for number, batch in enumerate(rounds()):
        for account, acts in batch.items():
            for act, _ in acts.values():
                act(Member(sandbox, account))
        sandbox.settle()
        assert deployer("status").exit_code == 0, "CloudFormation does not report any of it"
        status = deployer("status", "--deep", "--json").document
        found = damaged(status)
        for account, acts in batch.items():
            for title, (_, expected) in acts.items():
                assert expected in found.get(account, ""), (title, found)
        assert set(found) == set(batch)
        if number == 1:
            some = {
                account
                for account, acts in batch.items()
                if any("auditor is" in one or "a policy is" in one for one in acts)
            }
            assert len(some) == 3
            assert watched(sandbox, some) == some
        removed += remove_additions(sandbox, status)
        how = ["--org", "--deep"]
        if number == 0:  # a plan file keeps what its plan has found
            how = ["--plan", str(tmp_path / "plan.json")]
            assert deployer("plan", "--deep", "--out", how[1]).exit_code == 2
        repaired = deployer("rollout", *how, "--yes", "--allow-delete", "99")
        assert repaired.exit_code == 0, repaired
        assert "REPAIRS" in repaired.out
        sandbox.settle()
        after = deployer("status", "--deep")
        assert after.exit_code == 0, after
        assert installed(sandbox) == EXPECTED
    assert removed == 3


@begins_rolled_out
def test_resources_that_cannot_be_read_are_never_reported_as_in_sync(sandbox: Sandbox) -> None:
    deployer = Deployer(sandbox)
    fault = sandbox.faults.add(Fault(effect=Error(code="AccessDenied", message="no"), operation="AssumeRole"))
    for command in (["plan", "--deep"], ["rollout", "--org", "--deep", "--yes"]):
        refused = deployer(*command)
        assert refused.exit_code == 23, refused
        assert "could not be read" in refused.err
        assert "the auditor role cannot be assumed in any account" in " ".join(refused.out.split())
    assert f"::warning title=deployer plan::the resources in {len(EXPECTED)} accounts could not be read" in (
        deployer("plan", "--deep", "--format", "github").out
    )
    assert deployer("status", "--deep").exit_code == 2
    sandbox.faults.clear()
    assert fault.hits
    assert deployer("plan", "--deep").exit_code == 0
