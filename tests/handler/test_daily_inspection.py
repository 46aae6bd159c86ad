"""The watch inspects every account once a day: in stateless slices, in bounded time, and reports the damage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from handler.audited_accounts import AuditedAccounts
from handler.daily_inspection import MAX_LENGTH, MAX_PLACES, SLICES, DailyInspection, current_slice, slice_of
from handler.deployed_resources import Resource
from handler.inspection import NO_ROLE, NO_TIME, NOT_ASSUMED, UNTIL_REPAIRED, ReadDeniedError, ReadError
from handler.resource_comparison import Reading
from handler.stack_instances import StackSets
from templates.alarms import catalogue
from templates.names import Names

START = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
MEMBERS = tuple(f"{number:012}" for number in range(300, 420))
REGIONS = ("eu-west-1", "us-east-1")
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "deployer-auditor", "Policies": []}}
RULE = {"Type": "AWS::Events::Rule", "Properties": {"Name": "deployer-forwarding", "State": "ENABLED", "Targets": []}}
BODIES = {"access": {"Resources": {"Role": ROLE}}, "forwarding": {"Resources": {"Rule": RULE}}}

moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2126, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True)


@given(account=accounts, first=moments)
def test_every_account_has_exactly_one_turn_in_any_run_of_hours(account: str, first: datetime) -> None:
    hours = [first + timedelta(hours=hour) for hour in range(SLICES)]
    assert [current_slice(hour) for hour in hours].count(slice_of(account)) == 1
    assert SLICES < 24


def test_an_alarm_lasts_until_the_next_inspection_of_the_same_account() -> None:
    names = Names(prefix="deployer", organization_id="o-a", central_account="200000000001", central_region="eu-west-1")
    found = [alarm for alarm in catalogue(names) if alarm.name.startswith("resources-")]
    assert len(found) == 2
    for alarm in found:
        to_alarm, evaluated = alarm.periods
        assert (to_alarm, alarm.period) == (1, timedelta(hours=1))
        assert evaluated > SLICES, "it would end and go off again every day"
        assert evaluated * alarm.period <= timedelta(days=1), "CloudWatch evaluates no longer time"


@dataclass
class FakeCloudFormation:
    """Two StackSets with an instance for each member, and one that a roll-out may change meanwhile."""

    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=lambda: dict(BODIES))
    lists: int = 0

    def own(self, service: str) -> FakeCloudFormation:
        assert service == "cloudformation"
        return self

    def describe_stack_set(self, **request: str) -> Mapping[str, Any]:
        assert request["CallAs"] == "DELEGATED_ADMIN"
        return {"StackSet": {"TemplateBody": json.dumps(self.bodies[request["StackSetName"]])}}

    def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
        self.lists += 1
        regions = REGIONS[:1] if request["StackSetName"] == "access" else REGIONS
        return {"Summaries": [self._summary(account, region) for account in MEMBERS for region in regions]}

    def list_stack_sets(self, **request: str) -> Mapping[str, Any]:
        assert (request["CallAs"], request["Status"]) == ("DELEGATED_ADMIN", "ACTIVE")
        names = sorted(self.bodies)
        at = int(request.get("NextToken", "0"))
        more = {"NextToken": str(at + 1)} if at + 1 < len(names) else {}
        return {"Summaries": [{"StackSetName": names[at]}], **more}

    def _summary(self, account: str, region: str) -> dict[str, Any]:
        status, detailed = self.statuses.get(account, ("CURRENT", "SUCCEEDED"))
        return {
            "Account": account,
            "Region": region,
            "StackId": f"{account}-{region}",
            "Status": status,
            "StatusReason": "" if detailed == "SUCCEEDED" else "ROOT already exists",
            "StackInstanceStatus": {"DetailedStatus": detailed},
        }


@dataclass
class FakeAccounts:
    """Accounts whose resources are as deployed, except those that are named."""

    disabled: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()
    opened: list[str] = field(default_factory=list)
    text: str = "x"

    def open(self, account: str) -> FakeAccount:
        self.opened.append(account)
        if account in self.refused:
            raise ReadDeniedError("AccessDenied")
        if account in self.throttled:
            raise ReadError("Rate exceeded")
        return FakeAccount(self, account)


@dataclass
class FakeAccount:
    owner: FakeAccounts
    account: str

    def stack_exists(self, stack_id: str, *, region: str) -> bool:
        return stack_id == f"{self.account}-{region}"

    def read(self, resource: Resource, *, region: str) -> Reading | None:
        if resource.type == "AWS::IAM::Role":
            return Reading(properties={"Policies": []})
        is_disabled = (self.account, region) in self.owner.disabled
        return Reading(properties={"State": "DISABLED" if is_disabled else "ENABLED"})

    def waiting(self, queue: Resource, *, region: str) -> int:
        raise AssertionError((queue, region))


def inspection(
    cloud: FakeCloudFormation, fakes: FakeAccounts, *, own: tuple[tuple[str, str], ...] = (), late_after: int = 10**6
) -> DailyInspection:
    return DailyInspection(
        stack_sets=StackSets(clients=cloud, call_as="DELEGATED_ADMIN"),  # type: ignore[arg-type]
        accounts=fakes,
        access="access",
        forwarding="forwarding",
        creation_templates="templates-",
        own=own,
        home_region="eu-west-1",
        partition="aws",
        clock=lambda: START,
        is_late=lambda: len(fakes.opened) >= late_after,
        at_once=1 if late_after < 10 else 10,
    )


def a_day(cloud: FakeCloudFormation, fakes: FakeAccounts, **options: Any) -> Iterator[dict[str, Any]]:
    """The lines of a day's runs, each in a process of its own."""
    for hour in range(SLICES):
        yield inspection(cloud, fakes, **options).run(scheduled=START + timedelta(hours=hour), request_id="r")


def in_turn(account: str) -> datetime:
    """A time at which an account has its turn."""
    return next(
        time for hour in range(SLICES) if current_slice(time := START + timedelta(hours=hour)) == slice_of(account)
    )


def test_a_day_of_runs_inspects_each_account_and_region_once_and_names_what_is_damaged() -> None:
    fakes = FakeAccounts(disabled=((MEMBERS[3], "us-east-1"), (MEMBERS[70], "eu-west-1")))
    lines = list(a_day(FakeCloudFormation(), fakes, own=(("100000000000", "eu-west-1"),)))
    assert sorted(fakes.opened) == sorted([*MEMBERS, "100000000000"])
    assert sum(line["stacks"] for line in lines) == 3 * len(MEMBERS) + 2
    places = [place for line in lines for place in line["damaged_places"]]
    assert sorted(places) == [
        f"{MEMBERS[3]} us-east-1: event rule deployer-forwarding is disabled",
        f"{MEMBERS[70]} eu-west-1: event rule deployer-forwarding is disabled",
    ]
    assert {line["level"] for line in lines if line["damaged"]} == {"ERROR"}
    assert {line["level"] for line in lines if not line["damaged"]} == {"INFO"}


def test_a_missing_auditor_role_is_damage_if_the_role_of_another_slice_can_be_assumed() -> None:
    gone = MEMBERS[0]
    alone = tuple(one for one in MEMBERS if slice_of(one) == slice_of(gone))
    fakes = FakeAccounts(refused=alone)
    line = inspection(FakeCloudFormation(), fakes).run(scheduled=in_turn(gone), request_id="r")
    expected = [f"{account} eu-west-1: {NOT_ASSUMED}" for account in sorted(alone)]
    assert line["damaged_places"] == expected
    assert line["unread_places"] == [
        f"{account} {region}: {UNTIL_REPAIRED}" for account in sorted(alone) for region in REGIONS
    ]


def test_a_watch_that_can_assume_no_role_reports_only_that() -> None:
    line: Any = inspection(FakeCloudFormation(), FakeAccounts(refused=MEMBERS)).run(scheduled=START, request_id="r")
    assert (line["level"], line["damaged"], line["unread"]) == ("WARN", 0, 2 * line["accounts"])
    assert all(NO_ROLE in place for place in line["unread_places"])
    assert line["unread_places"]


def test_accounts_beyond_the_time_limit_are_reported_and_inspected_on_another_day() -> None:
    def left_out(days: int) -> set[str]:
        line: Any = inspection(FakeCloudFormation(), FakeAccounts(), late_after=2).run(
            scheduled=START + timedelta(hours=days * SLICES), request_id="r"
        )
        places: list[str] = line["unread_places"]
        assert line["unread"] == 2 * (line["accounts"] - 1) > 0
        assert all(NO_TIME in place for place in places)
        return {place.split()[0] for place in places}

    assert set.intersection(*(left_out(days) for days in range(120))) == set()


def test_accounts_with_errors_do_not_hide_others() -> None:
    throttled = MEMBERS[5]
    fakes = FakeAccounts(throttled=(throttled,), disabled=tuple((one, "eu-west-1") for one in MEMBERS))
    line: Any = inspection(FakeCloudFormation(), fakes).run(scheduled=in_turn(throttled), request_id="r")
    assert [place.split()[0] for place in line["unread_places"]] == [throttled, throttled]
    assert line["damaged"] == line["accounts"] - 1 > 0


@pytest.mark.parametrize(
    ("status", "not_current"),
    [(("OUTDATED", "RUNNING"), 3), (("CURRENT", "SKIPPED_SUSPENDED_ACCOUNT"), 0)],
    ids=["a roll-out is in progress", "the account is suspended"],
)
def test_instances_that_a_roll_out_or_status_reports_are_only_counted(
    status: tuple[str, str], not_current: int
) -> None:
    cloud = FakeCloudFormation(statuses={MEMBERS[0]: status})
    fakes = FakeAccounts(refused=(MEMBERS[0],))
    line = inspection(cloud, fakes).run(scheduled=in_turn(MEMBERS[0]), request_id="r")
    assert (line["damaged"], line["not_current"]) == (0, not_current)
    assert MEMBERS[0] not in fakes.opened


@pytest.mark.parametrize("change", ["template", "instance"])
def test_changes_by_a_roll_out_during_the_inspection_are_not_damage(change: str) -> None:
    cloud, disabled = FakeCloudFormation(), MEMBERS[0]

    class Changing(FakeAccounts):
        def open(self, account: str) -> FakeAccount:
            if change == "template":
                cloud.bodies["forwarding"] = {"Resources": {}}
            else:
                cloud.statuses[disabled] = ("OUTDATED", "RUNNING")
            return super().open(account)

    fakes = Changing(disabled=((disabled, "us-east-1"),))
    assert inspection(cloud, fakes).run(scheduled=in_turn(disabled), request_id="r")["damaged"] == 0


def test_an_account_that_aws_skipped_in_one_stack_set_is_suspended_in_all() -> None:
    closed = MEMBERS[0]

    class Skipping(FakeCloudFormation):
        def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
            skipped = ("CURRENT", "SKIPPED_SUSPENDED_ACCOUNT")
            self.statuses = {closed: skipped} if request["StackSetName"] == "forwarding" else {}
            return super().list_stack_instances(**request)

    line = inspection(Skipping(), FakeAccounts(refused=(closed,))).run(scheduled=in_turn(closed), request_id="r")
    assert (line["damaged"], line["unread"]) == (0, 0)


def test_companion_stacks_are_inspected_before_members_have_any() -> None:
    class Empty(FakeCloudFormation):
        def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
            del request
            return {"Summaries": []}

    management = "100000000000"
    fakes = FakeAccounts(disabled=((management, "us-east-1"),))
    line = inspection(Empty(), fakes, own=((management, "us-east-1"),)).run(
        scheduled=in_turn(management), request_id="r"
    )
    assert (line["stacks"], line["damaged"]) == (2, 1)


def test_before_the_first_roll_out_there_is_nothing_to_inspect() -> None:
    class Empty(FakeCloudFormation):
        def describe_stack_set(self, **request: str) -> Mapping[str, Any]:
            del request
            raise ClientError({"Error": {"Code": "StackSetNotFoundException"}}, "DescribeStackSet")

        def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
            del request
            raise ClientError({"Error": {"Code": "StackSetNotFoundException"}}, "ListStackInstances")

    own = ("100000000000", "eu-west-1")
    line = inspection(Empty(), FakeAccounts(), own=(own,)).run(scheduled=in_turn(own[0]), request_id="r")
    assert (line["level"], line["accounts"], line["damaged"], line["unread"]) == ("INFO", 0, 0, 0)


def test_one_line_names_the_first_damaged_resources_in_limited_length() -> None:
    same = [f"{number:012}" for number in range(10_000) if slice_of(f"{number:012}") == current_slice(START)]
    fakes = FakeAccounts(disabled=tuple((account, "eu-west-1") for account in same))

    class Many(FakeCloudFormation):
        def list_stack_instances(self, **request: str) -> Mapping[str, Any]:
            del request
            return {"Summaries": [self._summary(account, "eu-west-1") for account in same]}

    line: Any = inspection(Many(), fakes).run(scheduled=START, request_id="r")
    assert (line["damaged"], len(line["damaged_places"])) == (len(same), MAX_PLACES)
    assert max(map(len, line["damaged_places"])) <= MAX_LENGTH


@dataclass
class FakeClients:
    """STS that raises one error."""

    error: Exception
    partition: str = "aws"

    def own(self, service: str) -> FakeClients:
        assert service == "sts"
        return self

    def assume_role(self, **request: str) -> Any:
        assert request["RoleArn"] == "arn:aws:iam::300000000001:role/deployer-auditor"
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"), ReadDeniedError),
        (ClientError({"Error": {"Code": "Throttling"}}, "AssumeRole"), ReadError),
        (ReadTimeoutError(endpoint_url="x"), ReadError),
    ],
    ids=["denied", "throttled", "timed out"],
)
def test_only_a_denial_counts_as_a_role_that_cannot_be_assumed(error: Exception, kind: type[ReadError]) -> None:
    clients: Any = FakeClients(error)
    with pytest.raises(ReadError) as raised:
        AuditedAccounts(clients=clients, role_name="deployer-auditor").open("300000000001")
    assert type(raised.value) is kind
    assert raised.value.reason


TEMPLATES = {"templates-0123abcd": BODIES["forwarding"]}


def test_creation_templates_are_inspected_like_other_resources() -> None:
    account = MEMBERS[0]
    with_templates = FakeCloudFormation(bodies=BODIES | TEMPLATES)
    plain: Any = inspection(FakeCloudFormation(), FakeAccounts()).run(scheduled=in_turn(account), request_id="r")
    fields: Any = inspection(with_templates, FakeAccounts()).run(scheduled=in_turn(account), request_id="r")
    assert fields["stacks"] == plain["stacks"] + len(REGIONS) * fields["accounts"]
    assert (fields["failed_templates"], fields["level"]) == (0, "INFO")


@pytest.mark.parametrize("detailed", ["FAILED", "INOPERABLE"])
def test_an_account_without_the_templates_of_its_ou_is_reported_by_every_run(detailed: str) -> None:
    cloud = FakeCloudFormation(bodies=BODIES | TEMPLATES, statuses={MEMBERS[0]: ("OUTDATED", detailed)})
    for fields in a_day(cloud, FakeAccounts()):
        assert (fields["failed_templates"], fields["level"]) == (len(REGIONS), "ERROR")
        assert fields["failed_templates_places"] == [f"{MEMBERS[0]} {one}: ROOT already exists" for one in REGIONS]


@pytest.mark.parametrize("detailed", ["RUNNING", "PENDING", "CANCELLED", "SKIPPED_SUSPENDED_ACCOUNT"])
def test_templates_that_a_roll_out_changes_or_skips_are_not_failures(detailed: str) -> None:
    cloud = FakeCloudFormation(bodies=BODIES | TEMPLATES, statuses={MEMBERS[0]: ("OUTDATED", detailed)})
    fields = inspection(cloud, FakeAccounts()).run(scheduled=START, request_id="r")
    assert fields["failed_templates"] == 0


def test_failures_of_other_stack_sets_do_not_count_as_failed_templates() -> None:
    cloud = FakeCloudFormation(statuses={MEMBERS[0]: ("OUTDATED", "FAILED")})
    assert inspection(cloud, FakeAccounts()).run(scheduled=START, request_id="r")["failed_templates"] == 0
