"""A plan without changes needs little more than the instances that it compares."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from benchmarks.organizations.sized import sized_organization, write_config
from deployer.planning.comparison import make_plan
from deployer.rollout.actual_state import read_actual_state
from tests.deployer.examples import example_deployment, rolled_out

BYTES_PER_INSTANCE = 500
"""About 230 are used."""


def test_memory_of_a_plan_without_changes_is_bounded_for_each_instance(tmp_path: Path) -> None:
    organization = sized_organization(accounts=300, ous=30)
    write_config(tmp_path, organization)
    deployment = example_deployment(tmp_path, organization=organization)
    actual = read_actual_state(deployment.desired, rolled_out(deployment).cloud)
    instances = sum(len(state.instances) for state in actual.stack_sets.values())
    make_plan(deployment.desired, actual)  # what is computed once for an organization
    tracemalloc.start()
    try:
        found = make_plan(deployment.desired, actual)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.is_empty
    assert found.unchanged == instances > 1_000
    assert peak / instances < BYTES_PER_INSTANCE
