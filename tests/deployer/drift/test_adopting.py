"""What can be adopted, what an adoption changes, and that the next run completes one that stopped anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.drift.account_adoption import AdoptionFinder
from deployer.drift.adopting import (
    Adoption,
    AdoptionPlan,
    AdoptionRequests,
    AdoptionResult,
    NotAdoptable,
    OutdatedHandlerError,
    carry_out,
    obstacle,
    plan_of,
    problem_in,
)
from deployer.drift.findings import Report, Unread
from deployer.drift.ports import RepositoryGoneError
from deployer.drift.repairing import PutTags, plan_repairs
from deployer.errors import ServiceError
from handler.adoption_requests import Action, AdoptionRequest, adoption_id
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG, MAX_TAGS, OWN_TAGS
from tests.deployer.drift.examples import HOME, NOW, SHOP, World, desired_state_of, record
from tests.handler.test_adoptions import REQUEST as HANDLER_REQUEST
from tests.handler.test_adoptions import world as adoptable_world

MADE = NOW - timedelta(days=900)
NAME = "team-a/old"
PERSON = "arn:aws:sts::200000000001:assumed-role/platform/someone"
ARN = f"arn:aws:ecr:{HOME}:{SHOP}:repository/{NAME}"
ID = adoption_id(ARN, MADE)


def adoption_record(name: str = NAME, **changes: Any) -> Any:
    """The record of an adoption an hour ago."""
    arn = f"arn:aws:ecr:{HOME}:{SHOP}:repository/{name}"
    values: dict[str, Any] = {
        "outcome": "adopted",
        "reason": "adopted",
        "event_id": adoption_id(arn, MADE),
        "created_at": MADE,
    }
    values |= {"event_time": NOW - timedelta(hours=1), "principal": PERSON}
    return record(name, **values | changes)


def world(tags: Mapping[str, str] | None = None, *, name: str = NAME) -> World:
    """A registry with one repository that somebody else created long ago."""
    found = World()
    theirs = found.registry().add(record(name), tags=dict(tags or {}), image_tag_mutability="MUTABLE")
    theirs.created_at = MADE
    return found


def find(found: World, action: Action = "adopt", **changes: Any) -> AdoptionPlan:
    finder = AdoptionFinder(auditor=found.auditor(**changes), action=action)
    account = finder.read_account(SHOP)
    assert account.unread == ()
    assert account.repository_count == len(account.found)
    return plan_of(action, account.found, names=("**",))


def test_a_repository_of_others_can_be_adopted_and_the_plan_shows_what_repair_would_change() -> None:
    (one,) = find(world()).adoptions
    assert (one.event_id, one.created_at, one.is_recorded, one.last) == (ID, MADE, False, None)
    assert one.tags == {EVENT_ID_TAG: ID, INSTALLATION_TAG: "deployer"}
    aspects = [difference.aspect for difference in one.differences]
    assert aspects[0] == "image_tag_mutability"
    assert not {f"tags.{key}" for key in OWN_TAGS} & set(aspects)
    assert one.refused is None


def test_a_tag_for_who_pushed_is_not_requested_of_an_adopted_repository() -> None:
    assert "pushed-by" in desired_state_of(record(NAME)).tags
    state = desired_state_of(adoption_record())
    assert "pushed-by" not in state.tags
    assert {"env", *OWN_TAGS} <= set(state.tags)


def test_a_name_that_the_rules_refuse_is_shown_with_the_rule_and_can_be_adopted() -> None:
    (one,) = find(world(name="team-a/tmp-1")).adoptions
    assert one.refused is not None
    assert (one.refused.reason, "deny" in one.refused.rule) == ("name-denied", True)


def created_by_us(found: World) -> None:
    made = record(NAME, created_at=MADE, event_time=MADE)
    found.records.append(made)
    found.registry().held[NAME].state = desired_state_of(made)


def lost_its_tag(found: World) -> None:
    created_by_us(found)
    state = found.registry().held[NAME].state
    found.registry().held[NAME].state = replace(state, tags={})


def adopted(found: World) -> None:
    found.records.append(adoption_record())
    found.registry().held[NAME].state = desired_state_of(adoption_record())


def tag_with(tags: Mapping[str, str]) -> Any:
    def change(found: World) -> None:
        state = found.registry().held[NAME].state
        found.registry().held[NAME].state = replace(state, tags=dict(tags))

    return change


@pytest.mark.parametrize(
    ("change", "problem", "is_ours"),
    [
        (created_by_us, "deployer created it", True),
        (lost_its_tag, "deployer created it", True),
        (adopted, "it is adopted already", True),
        (tag_with({EVENT_ID_TAG: "e-1"}), "it has the tag deployer:event-id of e-1; delete the tag to adopt it", False),
        (
            tag_with({EVENT_ID_TAG: "e-1", INSTALLATION_TAG: "other"}),
            "it has the tag deployer:installation of the installation other",
            False,
        ),
        (tag_with({f"t{n}": "" for n in range(MAX_TAGS - 1)}), "it would have", False),
    ],
    ids=["created", "created, without its tag", "adopted", "unknown event", "another installation", "too many tags"],
)
def test_a_repository_that_cannot_be_adopted_is_left_alone_with_the_reason(
    change: Any, problem: str, is_ours: bool
) -> None:
    found = world()
    change(found)
    plan = find(found)
    assert plan.adoptions == ()
    (other,) = plan.others
    assert isinstance(other, NotAdoptable)
    assert (other.problem.startswith(problem), other.is_ours) == (True, is_ours), other


def test_a_record_without_tags_is_completed_and_needs_no_second_record() -> None:
    found = world()
    found.records.append(adoption_record())
    (one,) = find(found).adoptions
    assert (one.is_recorded, set(one.tags), one.event_id) == (True, set(OWN_TAGS), ID)


def test_a_repository_that_was_created_again_must_be_adopted_again() -> None:
    found = world()
    adopted(found)
    found.registry().held[NAME].created_at = NOW - timedelta(hours=2)
    found.registry().held[NAME].state = replace(found.registry().held[NAME].state, tags={})
    (one,) = find(found).adoptions
    assert (one.is_recorded, one.event_id != ID) == (False, True)
    (gone,) = found.auditor().audit_account(SHOP).checked
    assert (gone.verdict, gone.note) == ("gone", "another repository has its name now")


def test_a_region_that_no_file_enables_is_read_if_it_is_named_and_the_plan_has_the_rule() -> None:
    found, region = World(), "ap-southeast-2"
    found.registry(region=region).add(record(NAME), tags={}).created_at = MADE
    named = frozenset({region})
    assert find(found, regions=named).adoptions == ()
    (one,) = find(found, regions=named, reads_uncovered=True).adoptions
    assert one.refused is not None
    assert (one.region, one.refused.reason) == (region, "region-not-enabled")
    assert find(found, reads_uncovered=True).adoptions == ()


@pytest.mark.parametrize("later", [timedelta(seconds=3), timedelta(minutes=4), timedelta(days=1)], ids=str)
def test_invariant_3_a_repository_that_was_created_again_is_not_adopted_by_a_copy_of_the_tags(later: timedelta) -> None:
    """Created minutes after the first one: an administrator of the account can set any tag on it."""
    found = world()
    adopted(found)
    held = found.registry().held[NAME]
    held.created_at = MADE + later
    held.state = replace(held.state, scan_on_push=not held.state.scan_on_push)
    report = found.auditor().audit_account(SHOP)
    assert {one.verdict for one in report.checked} == {"unrecorded", "gone"}
    assert plan_repairs(Report(accounts=(report,)), delete_blank=True).repairs == ()
    (other,) = find(found).others
    assert "delete the tag to adopt it" in other.problem


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {EVENT_ID_TAG: "e-1", INSTALLATION_TAG: "deployer"},
        {EVENT_ID_TAG: "e-1", INSTALLATION_TAG: "other"},
        {INSTALLATION_TAG: "other"},
    ],
    ids=["no tags", "another event", "another installation", "another installation alone"],
)
def test_an_adopted_repository_can_be_released_whatever_tags_it_has(tags: dict[str, str]) -> None:
    found = world()
    adopted(found)
    tag_with(tags)(found)
    (one,) = find(found, "release").adoptions
    assert (one.event_id, one.tags, one.last) == (ID, {}, NOW - timedelta(hours=1))


def test_the_repository_of_probes_cannot_be_adopted() -> None:
    """Each probe deletes it, and its records count nowhere else."""
    found = world(name="deployer-probe")
    for action in ("adopt", "release"):
        finder = AdoptionFinder(auditor=found.auditor(), action=action, probe_repository="deployer-probe")
        (other,) = finder.read_account(SHOP).found
        assert isinstance(other, NotAdoptable)
        assert (other.problem, other.is_ours) == ("it is for `deployer doctor --probe`, which deletes it", False)


def test_the_tags_of_an_adoption_without_its_record_are_a_finding_and_it_can_be_adopted() -> None:
    found = world()
    tag_with({EVENT_ID_TAG: ID, INSTALLATION_TAG: "deployer"})(found)
    (checked,) = found.auditor().audit_account(SHOP).checked
    assert checked.verdict == "unrecorded"
    (one,) = find(found).adoptions
    assert (one.is_recorded, one.tags) == (False, {})


def test_an_adopted_repository_is_verified_and_repaired_and_never_deleted_for_being_blank() -> None:
    found = world()
    adopted(found)
    held = found.registry().held[NAME]
    held.images, held.state = 0, replace(held.state, scan_on_push=not held.state.scan_on_push)
    report = found.auditor().audit_account(SHOP)
    (checked,) = report.checked
    assert (checked.verdict, checked.is_blank, report.others) == ("drifted", False, {})
    plan = plan_repairs(Report(accounts=(report,)), delete_blank=True)
    assert (len(plan.repairs), plan.blank) == (1, ())


def test_a_released_repository_is_one_of_others_until_it_is_adopted_again() -> None:
    found = world()
    adopted(found)
    (one,) = find(found, "release").adoptions
    assert (one.event_id, one.tags, one.last) == (ID, {}, NOW - timedelta(hours=1))
    assert [(other.problem, other.is_ours) for other in find(world(), "release").others] == [
        ("it is not adopted", False)
    ]
    released_at = NOW - timedelta(minutes=30)
    found.records.append(adoption_record(outcome="released", reason="released", event_time=released_at))
    report = found.auditor().audit_account(SHOP)
    assert (report.checked, report.others) == ((), {HOME: 1})
    assert find(found, "release").adoptions == ()
    (again,) = find(found).adoptions
    assert (again.event_id, again.tags, again.last, again.is_recorded) == (ID, {}, released_at, False)
    found.records.append(adoption_record(event_time=NOW - timedelta(minutes=10)))
    assert found.auditor().audit_account(SHOP).others == {}


def test_a_release_of_one_repository_does_not_hide_the_tag_on_another() -> None:
    found = world({EVENT_ID_TAG: ID, INSTALLATION_TAG: "deployer"}, name="team-a/copy")
    found.records += [adoption_record(), adoption_record(outcome="released", reason="released", event_time=NOW)]
    plan = find(found)
    assert (plan.adoptions, [one.problem for one in plan.others]) == (
        (),
        [f"it has the tag deployer:event-id of {ID}; delete the tag to adopt it"],
    )


_TAGS = st.dictionaries(
    st.sampled_from([*OWN_TAGS, *(f"t{n}" for n in range(MAX_TAGS))]),
    st.sampled_from(["deployer", "other", ID, "event"]),
    max_size=MAX_TAGS,
)


@given(tags=_TAGS, desired=st.integers(0, 9))
def test_only_a_repository_without_an_owner_and_with_room_for_all_tags_can_be_adopted(
    tags: dict[str, str], desired: int
) -> None:
    requested = {EVENT_ID_TAG: ID, INSTALLATION_TAG: "deployer", **{f"d{n}": "" for n in range(desired)}}
    is_free = tags.get(EVENT_ID_TAG, ID) == ID and tags.get(INSTALLATION_TAG, "deployer") == "deployer"
    has_room = len(tags | requested) <= MAX_TAGS
    assert (obstacle(tags, requested, event_id=ID, installation="deployer") == "") == (is_free and has_room)


# The run


class StoppedError(BaseException):
    """The process was killed."""


@dataclass
class Cloud:
    """The handler, and a registry through the repairer role; `stops_at` is the number of the call that is the last."""

    created: datetime = MADE
    time: datetime = NOW
    owner: str | None = None
    records: list[AdoptionRequest] = field(default_factory=list)
    tagged: list[PutTags] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    stops_at: int | None = None
    refuses: str = ""
    errors: dict[str, Exception] = field(default_factory=dict)

    def _call(self, name: str) -> None:
        if len(self.calls) == self.stops_at:
            raise StoppedError
        self.calls.append(name)
        if name in self.errors:
            raise self.errors[name]

    def open(self, account: str, region: str) -> Cloud:
        self._call("open")
        return self

    def ask(self, request: AdoptionRequest) -> str:
        self._call("ask")
        if not self.refuses:
            self.records.append(request)
        return self.refuses

    def creator(self, name: str) -> str | None:
        self._call("creator")
        return self.owner

    def created_at(self, name: str) -> datetime:
        self._call("created_at")
        return self.created

    def change(self, name: str, change: Any) -> None:
        self._call("change")
        self.tagged.append(change)
        self.owner = change.tags[EVENT_ID_TAG]

    def run(self, *adoptions: Adoption, action: Action = "adopt") -> list[AdoptionResult]:
        shown: list[AdoptionResult] = []
        done = carry_out(
            adoptions,
            AdoptionRequests(action=action, principal=PERSON, now=lambda: self.time),
            self.open,
            self.ask,
            report=shown.append,
        )
        assert shown == done
        return done


ADOPTION = Adoption(
    account=SHOP,
    region=HOME,
    name=NAME,
    arn=ARN,
    created_at=MADE,
    event_id=ID,
    tags={EVENT_ID_TAG: ID, INSTALLATION_TAG: "deployer"},
)
IN_ORDER = ["open", "ask", "creator", "created_at", "change"]


def test_an_adoption_writes_the_record_and_then_the_ownership_tags_and_nothing_else() -> None:
    cloud = Cloud()
    (done,) = cloud.run(ADOPTION)
    assert (done.status, cloud.calls) == ("adopted", IN_ORDER)
    assert cloud.tagged == [PutTags(ADOPTION.tags)]
    (request,) = cloud.records
    assert (request.event_id, request.principal, request.time) == (ID, PERSON, NOW)


@pytest.mark.parametrize("stops_at", range(len(IN_ORDER)))
def test_a_run_that_stops_before_any_call_is_completed_by_the_next(stops_at: int) -> None:
    cloud = Cloud(stops_at=stops_at)
    with pytest.raises(StoppedError):
        cloud.run(ADOPTION)
    assert not cloud.tagged or cloud.records
    cloud.stops_at = None
    (done,) = cloud.run(replace(ADOPTION, is_recorded=bool(cloud.records)))
    assert (done.status, len(cloud.records), cloud.owner) == ("adopted", 1, ID)


@pytest.mark.parametrize(
    ("cloud", "status"),
    [
        (Cloud(refuses="it no longer exists"), "left alone"),
        (Cloud(owner="event"), "left alone"),
        (Cloud(created=NOW), "left alone"),
        (Cloud(created=NOW, owner=ID), "left alone"),
        (Cloud(errors={"creator": RepositoryGoneError()}), "left alone"),
        (Cloud(errors={"open": ServiceError("no role")}), "failed"),
        (Cloud(errors={"ask": ServiceError("no answer")}), "failed"),
        (Cloud(errors={"change": ServiceError("throttled")}), "failed"),
    ],
    ids=[
        "refused",
        "tagged meanwhile",
        "created again",
        "created again with a copy of the tags",
        "deleted meanwhile",
        "no role",
        "no response",
        "no tags",
    ],
)
def test_a_repository_that_changed_meanwhile_gets_no_tags(cloud: Cloud, status: str) -> None:
    (done,) = cloud.run(ADOPTION)
    assert (done.status, cloud.tagged) == (status, [])
    assert done.problem
    assert cloud.records == [] or "open" not in cloud.errors


def test_a_release_only_writes_a_record_that_is_later_than_the_last() -> None:
    cloud = Cloud(owner=ID)
    (done,) = cloud.run(replace(ADOPTION, tags={}, last=NOW), action="release")
    assert (done.status, cloud.calls) == ("released", ["ask"])
    (request,) = cloud.records
    assert (request.action, request.time) == ("release", NOW + timedelta(seconds=1))


def test_a_refusal_of_the_handler_is_reported_and_an_older_handler_is_recognized() -> None:
    found = adoptable_world()
    answer = found.service().handle(HANDLER_REQUEST.to_event(), request_id="1")
    assert problem_in(answer) == ""
    found.repositories.clear()
    answer = found.service().handle(HANDLER_REQUEST.to_event(), request_id="2")
    assert problem_in(answer) == "it no longer exists"
    older = found.handler().handle(HANDLER_REQUEST.to_event(), request_id="3")
    with pytest.raises(OutdatedHandlerError) as raised:
        problem_in(older)
    assert "rollout --org" in (raised.value.next_step or "")


def test_an_older_handler_receives_a_single_request() -> None:
    cloud = Cloud(errors={"ask": OutdatedHandlerError("older")})
    with pytest.raises(OutdatedHandlerError):
        cloud.run(*(replace(ADOPTION, name=f"team-a/{n}") for n in range(20)))
    assert cloud.calls.count("ask") == 1


def test_each_request_has_its_own_time_since_the_handler_accepts_no_old_ones() -> None:
    """The plan may be an hour old when a person confirms it, and thousands of repositories take minutes."""
    cloud = Cloud()
    requests = AdoptionRequests(action="adopt", principal=PERSON, now=lambda: cloud.time)
    assert requests.of(ADOPTION).time == NOW
    cloud.time += timedelta(hours=1, microseconds=7)
    assert requests.of(ADOPTION).time == NOW + timedelta(hours=1)
    assert requests.of(replace(ADOPTION, last=NOW)).time == NOW + timedelta(hours=1)


def test_names_that_match_nothing_are_in_the_plan() -> None:
    plan = plan_of("adopt", [ADOPTION], names=(NAME, "team-a/**", "team-b/*", "team-a/odl", NAME))
    assert (plan.unmatched, plan.missing) == (("team-b/*", "team-a/odl"), ("team-a/odl",))


def test_a_name_that_could_not_be_read_exists() -> None:
    unread = [Unread(account=SHOP, region=HOME, repository=NAME, problem=""), Unread(account=SHOP, problem="")]
    assert plan_of("adopt", [], names=(NAME, "team-b/x"), unread=unread).missing == ("team-b/x",)
