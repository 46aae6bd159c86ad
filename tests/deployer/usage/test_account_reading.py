"""What is read of one account, with as few calls as possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from deployer.drift.ports import StoppedError
from deployer.errors import CredentialsError, PermissionDeniedError, ServiceError
from deployer.usage.account_reading import OUTDATED_ROLE
from deployer.usage.findings import AccountUsage
from deployer.usage.images import ImageData, ImageSummary
from tests.deployer.drift.examples import ABROAD, HOME, SHOP, record
from tests.deployer.usage.examples import MADE, World, ago

IMAGE = ImageData(size=5, pushed_at=ago(2))


@pytest.fixture
def world() -> World:
    world = World()
    world.records += [record("team-a/api", number=1), record("team-a/web", number=2)]
    world.registry().add("team-a/api", IMAGE, replace(IMAGE, is_archived=True))
    world.registry().add("team-a/web")
    world.registry().add("theirs", IMAGE)
    return world


def names(found: AccountUsage) -> list[str]:
    return [one.name for one in found.repositories]


def test_repositories_of_the_ledger_are_read_and_others_counted(world: World) -> None:
    found = world.read()
    assert names(found) == ["team-a/api", "team-a/web"]
    assert found.repositories[0].images == ImageSummary(
        images=1, size=5, archived=1, archived_size=5, first_push=ago(2), last_push=ago(2), pullable_since=ago(2)
    )
    assert (found.others, found.unread) == (1, ())
    assert [(one.region, one.repositories) for one in found.registries] == [(HOME, 3), (ABROAD, 0)]
    assert sorted(world.registry().asked) == ["images team-a/api", "images team-a/web"]


def test_repositories_of_others_are_read_on_request(world: World) -> None:
    found = world.read(reads_others=True)
    assert [(one.name, one.is_ours) for one in found.repositories] == [
        ("team-a/api", True),
        ("team-a/web", True),
        ("theirs", False),
    ]
    assert found.others == 0


def test_only_requested_names_and_regions_are_read_but_the_whole_registry_is_counted(world: World) -> None:
    found = world.read(repositories=("team-a/w*",), regions=frozenset({HOME}), reads_others=True)
    assert (names(found), [one.repositories for one in found.registries]) == (["team-a/web"], [3])


@pytest.mark.parametrize(
    ("later", "event_id", "is_ours", "asks"),
    [
        pytest.param(timedelta(seconds=1), "", True, False, id="its time, whatever its tag"),
        pytest.param(timedelta(minutes=4), "event-1", True, True, id="roughly its time, and its tag"),
        pytest.param(timedelta(minutes=4), "event-9", False, True, id="roughly its time, and another tag"),
        pytest.param(timedelta(minutes=4), "", False, True, id="roughly its time, and no tag"),
        pytest.param(timedelta(days=1), "event-1", False, False, id="another time, and its tag"),
    ],
)
def test_a_record_with_the_time_of_creation_proves_that_a_repository_is_ours(
    later: timedelta, event_id: str, *, is_ours: bool, asks: bool
) -> None:
    world = World()
    world.records.append(record("team-a/api", number=1))
    world.registry().add("team-a/api", IMAGE, created_at=MADE + later, event_id=event_id)
    assert names(world.read()) == (["team-a/api"] if is_ours else [])
    assert ("tags team-a/api" in world.registry().asked) is asks


def test_without_a_time_in_the_record_the_tag_decides() -> None:
    world = World()
    world.records.append(record("team-a/api", number=1, created_at=None))
    world.registry().add("team-a/api", IMAGE, event_id="event-1")
    assert names(world.read()) == ["team-a/api"]


def test_an_outdated_role_is_reported_once_and_not_used_again(world: World) -> None:
    for number in range(100):
        world.records.append(record(f"many/{number}", number=10 + number))
        world.registry().add(f"many/{number}", IMAGE)
    world.registry().is_outdated = True
    found = world.read()
    assert [(one.account, one.region, one.repository, one.problem) for one in found.unread] == [
        (SHOP, None, None, OUTDATED_ROLE)
    ]
    assert not found.unread[0].may_be_temporary
    assert (names(found), found.others) == ([], 1)
    assert len([one for one in world.registry().asked if one.startswith("images")]) <= 8


def test_a_registry_or_repository_that_cannot_be_read_is_reported_and_the_rest_is_read(world: World) -> None:
    world.registry(ABROAD).error = PermissionDeniedError("denied by an SCP", next_step="")
    world.registry().unreadable = {"team-a/web": ServiceError("throttled", next_step="")}
    found = world.read()
    assert names(found) == ["team-a/api"]
    assert {(one.region, one.repository, one.may_be_temporary) for one in found.unread} == {
        (ABROAD, None, False),
        (HOME, "team-a/web", True),
    }


def test_a_repository_that_is_deleted_meanwhile_is_omitted(world: World) -> None:
    world.registry().vanishing = frozenset({"team-a/api"})
    found = world.read()
    assert (names(found), found.unread) == (["team-a/web"], ())


def test_expired_credentials_end_the_reading(world: World) -> None:
    world.registry().unreadable = {"team-a/web": CredentialsError("expired")}
    with pytest.raises(CredentialsError):
        world.read()


def test_records_of_deletions_do_not_count_as_repositories_of_ours(world: World) -> None:
    world.records.append(record("theirs", number=5, outcome="observed", action="deleted", created_at=MADE))
    assert names(world.read()) == ["team-a/api", "team-a/web"]


def test_adopted_repositories_are_ours_until_they_are_released(world: World) -> None:
    adoption = record("theirs", number=7, outcome="adopted", event_id="adoption.1")
    world.records.append(adoption)
    assert names(world.read()) == ["team-a/api", "team-a/web", "theirs"]
    world.records.append(replace(adoption, outcome="released"))
    assert names(world.read()) == ["team-a/api", "team-a/web"]


def test_an_account_is_left_when_the_audit_ends(world: World) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(StoppedError):
        world.read(stop=stop)
    assert world.registry().asked == []
