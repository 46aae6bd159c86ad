"""Two installations receive every push: only the one that created the repository owns it (invariants 1 and 3)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, LIFECYCLE, POLICY, CrashError, World, settings_document

KEY = (ACCOUNT, "eu-west-1", "team-a/api")
CALLS = ("organization", "create", "lifecycle", "policy", "write")
"""Those of a push, in the order in which one thread makes them; either policy may be first."""


def second_installation(world: World, *, installation: str) -> World:
    """Another installation in the same organization: the same registries, another ledger."""
    return World(installation=installation, repositories=world.repositories, creations=world.creations)


def outcomes(world: World) -> list[tuple[str, str]]:
    return [(record.outcome, record.reason) for record in world.records.values()]


@pytest.mark.parametrize("stops_before", range(len(CALLS) + 1))
@pytest.mark.parametrize("layers", [1, 3])
def test_invariants_1_and_3_the_second_installation_neither_changes_nor_records_the_repository_of_the_first(
    stops_before: int, layers: int
) -> None:
    first = World()
    second = second_installation(first, installation="other")
    first.faults.before[stops_before] = CrashError()
    with suppress(CrashError):
        first.handler().handle(load(), request_id="request")
    is_created = KEY in first.repositories
    for number in [*range(layers), *range(layers)]:
        event = load(changes={"detail.eventID": f"layer-{number}"}) if number else load()
        second.handler().handle(event, request_id=f"other-{number}")
    first.faults.before.clear()
    first.handler().handle(load(), request_id="request")

    owner, loser = (first, second) if is_created else (second, first)
    assert [outcome for outcome, _ in outcomes(owner)].count("created") == 1
    assert {one[0] for one in outcomes(loser)} == {"exists"}
    assert loser.faults.calls.count("lifecycle") == loser.faults.calls.count("policy") == 0
    assert first.creations == [KEY]
    held = first.repositories[KEY]
    assert (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)
    assert held.tags["deployer:installation"] == owner.installation


def test_a_repository_of_an_older_version_is_finished_by_its_installation() -> None:
    world = World()
    world.faults.before[2] = CrashError()
    with pytest.raises(CrashError):
        world.handler().handle(load(), request_id="request")
    held = world.repositories[KEY]
    assert held.tags.pop("deployer:installation") == "deployer"
    world.faults.before.clear()
    world.handler().handle(load(), request_id="request")
    assert outcomes(world) == [("created", "finished")]
    assert (held.lifecycle_policy, held.repository_policy) == (LIFECYCLE, POLICY)


def test_a_slot_of_the_limit_is_released_for_the_other_installations_repository() -> None:
    document = settings_document()
    document["ous"]["ou-exam-prod0001"]["create"]["limit"] = {"per_hour": 1}
    first = World()
    second = second_installation(first, installation="other")
    first.handler(document).handle(load(), request_id="request")
    second.handler(document).handle(load(), request_id="request")
    assert outcomes(second) == [("exists", "already-exists")]
    assert [slots for slots in second.slots.values() if slots] == []
