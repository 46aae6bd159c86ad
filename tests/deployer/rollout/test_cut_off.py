"""A command is interrupted at every call in turn: the next run reaches the same state as one undisturbed run.

Killed by a real SIGKILL, an answer lost, the network gone. In a small organization, whose roll-out makes all the calls
that one of a large organization makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aws_org_sandbox import deleted_names
from aws_org_sandbox.calls import Call
from aws_org_sandbox.copies import in_copy
from aws_org_sandbox.faults import Drop, Fault, Moment
from aws_org_sandbox.sandbox import Sandbox
from deployer.organization import Account, Organization, OrganizationalUnit
from tests.clocks import impatient
from tests.deployer.command_line import Deployer, is_writing
from tests.deployer.killed_processes import KILLED, KillableProcesses
from tests.deployer.unwatched import unwatched
from tests.example_organization import EXAMPLE

CENTRAL, APP, ROOT, APPS = "200000000001", "300000000001", "r-exam", "ou-exam-apps0001"
SMALL = Organization(
    id="o-exampleorg1",
    management_account_id="100000000000",
    ous={
        ROOT: OrganizationalUnit(id=ROOT, name="Root", parent_id=None),
        APPS: OrganizationalUnit(id=APPS, name="Apps", parent_id=ROOT),
    },
    accounts={
        one.id: one
        for one in (
            Account(id="100000000000", name="management", parent_id=ROOT),
            Account(id=CENTRAL, name="platform-tools", parent_id=ROOT),
            Account(id=APP, name="app", parent_id=APPS),
        )
    },
)
REGIONS = ("eu-west-1", "us-east-1", "eu-central-1")
ROLL_OUT = ("rollout", "--org", "--yes", "--allow-delete", "100")
LOCK = "rollout.json"
DESTROY = ("destroy", "--yes", "--delete-ledger")

pytestmark = pytest.mark.usefixtures("small_central_stack")


@dataclass(frozen=True)
class World:
    """The sandbox, and three states of the config files: a minimal one, and two that differ in everything."""

    least: Deployer
    before: Deployer
    after: Deployer

    @property
    def sandbox(self) -> Sandbox:
        return self.before.sandbox


@pytest.fixture
def world(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """From `before` to `after` a StackSet's template changes, one region is added, one removed, and scanning moves."""
    monkeypatch.setattr(deleted_names, "SECONDS", 0.0)  # as if a minute lay between two runs; test_patience has less
    sandbox.reset(SMALL)
    yield World(
        least=Deployer(sandbox, clock=impatient(0.02), config=_config(tmp_path / "least")),
        before=Deployer(
            sandbox, clock=impatient(0.02), config=_config(tmp_path / "before", region="us-east-1", scanning="BASIC")
        ),
        after=Deployer(
            sandbox,
            clock=impatient(0.02),
            config=_config(tmp_path / "after", region="eu-central-1", scanning="ENHANCED", further="cleanup: true"),
        ),
    )
    sandbox.reset(EXAMPLE)


@pytest.fixture(scope="module")
def undisturbed(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The state after one undisturbed roll-out of the minimal config."""
    running_sandbox.reset(SMALL)
    config = _config(tmp_path_factory.mktemp("unharmed") / "least")
    with unwatched():
        assert Deployer(running_sandbox, clock=impatient(0.02), config=config)(*ROLL_OUT).exit_code == 0
    running_sandbox.settle()
    found = everything(running_sandbox)
    running_sandbox.reset(EXAMPLE)
    return found


def _config(folder: Path, *, region: str | None = None, scanning: str | None = None, further: str = "") -> Path:
    (folder / "ous").mkdir(parents=True)
    (folder / "organization.yaml").write_text(f'central: {{account: "{CENTRAL}", region: eu-west-1}}\n{further}\n')
    regions = ["eu-west-1", *([region] if region else [])]
    registry = f"registry: {{scanning: {{type: {scanning}}}}}\n" if scanning else ""
    (folder / "ous/apps.yaml").write_text(f"ou: Apps\nenabled: true\nregions: [{', '.join(regions)}]\n{registry}")
    return folder


def everything(sandbox: Sandbox) -> dict[str, Any]:
    """Everything that deployer creates, in all accounts and regions, without ids and times."""
    cloudformation, s3 = sandbox.client("cloudformation"), sandbox.client("s3")
    stack_sets = cloudformation.list_stack_sets(Status="ACTIVE", CallAs="DELEGATED_ADMIN")["Summaries"]
    names = [one["StackSetName"] for one in stack_sets]
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if "artifacts" in bucket["Name"]]
    kept = [s3.list_objects_v2(Bucket=bucket).get("Contents", []) for bucket in buckets]
    return {
        "stack sets": {name: _stack_set(cloudformation, name) for name in names},
        "stacks": sorted(one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]),
        "objects": {entry["Key"] for entries in kept for entry in entries if entry["Key"].startswith("handler/")},
        "tables": sandbox.client("dynamodb").list_tables()["TableNames"],
        "code": {one["FunctionName"]: one["CodeSha256"] for one in _functions(sandbox)},
        "roles": [_roles(sandbox, account) for account in (CENTRAL, APP)],
        "regions": {region: _region(sandbox, region) for region in REGIONS},
    }


def _stack_set(cloudformation: Any, name: str) -> Any:
    named = {"StackSetName": name, "CallAs": "DELEGATED_ADMIN"}
    instances = cloudformation.list_stack_instances(**named)["Summaries"]
    targets = cloudformation.list_stack_set_auto_deployment_targets(**named)["Summaries"]
    return {
        "template": json.loads(cloudformation.describe_stack_set(**named)["StackSet"]["TemplateBody"]),
        "instances": sorted((one["Account"], one["Region"], one["Status"]) for one in instances),
        "targets": sorted((one["OrganizationalUnitId"], sorted(one["Regions"])) for one in targets),
    }


def _functions(sandbox: Sandbox) -> list[Any]:
    found: list[Any] = sandbox.client("lambda").list_functions()["Functions"]
    return found


def _roles(sandbox: Sandbox, account: str) -> list[str]:
    roles = sandbox.client("iam", account=account).list_roles()["Roles"]
    return sorted(role["RoleName"] for role in roles if role["RoleName"].startswith("deployer-"))


def _region(sandbox: Sandbox, region: str) -> Any:
    rules = sandbox.client("events", account=APP, region=region).list_rules()["Rules"]
    queues = sandbox.client("sqs", account=APP, region=region).list_queues().get("QueueUrls", [])
    registry = sandbox.client("ecr", account=APP, region=region).get_registry_scanning_configuration()
    return {
        "rules": sorted(rule["Name"] for rule in rules),
        "queues": sorted(url.rsplit("/", 1)[1] for url in queues),
        "scanning": registry["scanningConfiguration"],
    }


class Trials:
    """One command, killed by SIGKILL after each of its calls in turn, and the resulting state in a copy each time.

    After a call that could have changed anything, it is run again there, and all is as if nothing had happened; also
    after a kind of read that no command of this file has made before, unless what is left is what the read before it
    had left, so that running it again has been tried already. Reads that repeat one since the last write have no turn
    of their own: how often something is looked at is chance.
    """

    _known_reads: ClassVar[set[str]] = set()
    """That a kind of read changes nothing holds for all commands."""

    def __init__(self, killable: KillableProcesses, deployer: Deployer, *command: str) -> None:
        self.sandbox = deployer.sandbox
        self._killable = killable
        self._deployer = deployer
        self._command = command
        self._left: Any = None
        """The state since the last write, once nothing is in progress; None before it was looked at."""
        self.killed_after: list[str] = []
        self.locks_left = 0

    def run(self, expected: Any = None) -> None:
        """Kill the command after every call; `expected` is its result, or it runs undisturbed first."""
        everything(self.sandbox)  # creates the clients that all copies have then
        expected = expected or in_copy(self.sandbox, self._undisturbed)
        self._left = in_copy(self.sandbox, self._settled)
        for ended in self._killable.killed_after_each_call(*self._command, "--config", str(self._deployer.config)):
            if ended.exit_code == 0:
                break
            assert ended.exit_code == KILLED, ended.printed
            with self.sandbox.held():
                self._examine(expected)
        assert in_copy(self.sandbox, self._settled) == expected

    def _examine(self, expected: Any) -> None:
        """Run the command again on what the killed process left, if this has not been tried."""
        operation = [call.operation for call in self.sandbox.calls if "deployer" in call.user_agent][-1]
        self.killed_after.append(operation)
        self.locks_left += _is_locked(self.sandbox)
        if is_writing(operation):
            self._left = None
            self._run_again(expected)
        elif operation not in self._known_reads:
            self._known_reads.add(operation)
            self._examine_read(expected)

    def _examine_read(self, expected: Any) -> None:
        left = in_copy(self.sandbox, self._settled)
        if self._left is None:
            self._run_again(expected)
        else:
            assert left == self._left, f"a read has changed something: {self.killed_after}"
        self._left = left

    def _run_again(self, expected: Any) -> None:
        assert in_copy(self.sandbox, self._undisturbed) == expected, f"killed after {self.killed_after}"

    def _undisturbed(self) -> Any:
        here = Deployer(self.sandbox, clock=self._deployer.clock, config=self._deployer.config)
        ended = here(*self._command)
        assert ended.exit_code == 0, ended
        return self._settled()

    def _settled(self) -> Any:
        self.sandbox.settle()
        return everything(self.sandbox)


def _is_locked(sandbox: Sandbox) -> bool:
    s3 = sandbox.client("s3")
    try:
        stored = s3.get_object(Bucket=f"deployer-artifacts-{CENTRAL}-eu-west-1", Key=LOCK)
    except (s3.exceptions.NoSuchBucket, s3.exceptions.NoSuchKey):
        return False
    return json.load(stored["Body"])["exit_code"] is None


def test_a_first_roll_out_may_be_killed_after_any_call(
    world: World, undisturbed: Any, killable: KillableProcesses
) -> None:
    trials = Trials(killable, world.least, *ROLL_OUT)
    trials.run(undisturbed)
    assert {"ListAccounts", "ExecuteChangeSet", "CreateStackSet", "CreateStackInstances", "PutObject"} <= set(
        trials.killed_after
    )
    assert trials.locks_left > 20


def test_a_removal_may_be_killed_after_any_call(world: World, killable: KillableProcesses) -> None:
    assert world.least(*ROLL_OUT).exit_code == 0
    trials = Trials(killable, world.least, *DESTROY)
    trials.run()
    assert {"DeleteStackInstances", "DeleteStackSet", "DeleteBucket", "DeleteTable"} <= set(trials.killed_after)
    assert trials.locks_left > 20


def test_a_roll_out_of_changes_may_be_killed_after_any_call(world: World, killable: KillableProcesses) -> None:
    assert world.before(*ROLL_OUT).exit_code == 0
    trials = Trials(killable, world.after, *ROLL_OUT)
    trials.run()
    assert {"UpdateStackSet", "DeleteStackInstances", "DeleteStackSet", "CreateStackSet"} <= set(trials.killed_after)
    assert trials.locks_left > 20


@pytest.mark.usefixtures("without_waiting")
def test_responses_that_are_lost_once_do_not_matter(world: World, undisturbed: Any) -> None:
    """The calls take effect, and botocore repeats them."""
    operations = ("PutObject", "CreateChangeSet", "ExecuteChangeSet", "CreateStackSet", "CreateStackInstances")
    lost = [
        world.sandbox.faults.add(
            Fault(effect=Drop(), operation=operation, principal="*administrator", moment=Moment.AFTER, times=1)
        )
        for operation in operations
    ]
    ran = world.least(*ROLL_OUT)
    assert (ran.exit_code, [fault.hits for fault in lost]) == (0, [1] * len(operations)), ran
    world.sandbox.settle()
    assert everything(world.sandbox) == undisturbed


@pytest.mark.usefixtures("without_waiting")
def test_a_lost_network_is_reported_and_the_next_run_continues(world: World, undisturbed: Any) -> None:
    """Each run gets further than the one before, whose last call had no response."""
    for operation in ("ExecuteChangeSet", "CreateStackInstances", "DescribeStackSetOperation"):
        is_gone = False

        def is_cut_off(call: Call, operation: str = operation) -> bool:
            nonlocal is_gone
            is_ours = "deployer" in call.user_agent
            is_gone = is_gone or (is_ours and call.operation == operation)
            return is_gone and is_ours

        world.sandbox.faults.add(Fault(effect=Drop(), when=is_cut_off))
        cut_off = world.least(*ROLL_OUT)
        world.sandbox.faults.clear()
        assert (cut_off.exit_code, is_gone) == (13, True), cut_off
        assert "Check the network, then run the command again" in " ".join(cut_off.out.split())
    assert world.least(*ROLL_OUT).exit_code == 0
    world.sandbox.settle()
    assert everything(world.sandbox) == undisturbed


def test_a_roll_out_that_is_killed_repeatedly_still_finishes(
    world: World, undisturbed: Any, killable: KillableProcesses
) -> None:
    """Each run gets a few calls further than the previous one, on the state that all previous runs left."""
    roll_out = partial(killable, *ROLL_OUT, "--config", str(world.least.config))
    runs = [roll_out(calls=16)]
    while runs[-1].exit_code == KILLED:
        runs.append(roll_out(calls=16 + 4 * len(runs)))
    assert runs[-1].exit_code == 0, runs[-1].printed
    assert len(runs) > 3, "it was killed several times"
    world.sandbox.settle()
    assert everything(world.sandbox) == undisturbed
