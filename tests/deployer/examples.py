"""The desired state of the example's config files, with the changes that a test makes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from deployer import settings
from deployer.organization import Organization
from deployer.planning.comparison import make_plan
from deployer.planning.desired_state import Deployment, deployment_for
from deployer.planning.plan import Plan
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.execution import roll_out
from deployer.targets import Scope
from tests.deployer.rollout.fake_cloud import FakeCloud
from tests.example_config import HANDLER_CONFIG
from tests.example_organization import EXAMPLE

CONFIG = HANDLER_CONFIG
SHOP_PROD, PAYMENTS, SHOP_DEV, NETWORK = "300000000001", "300000000003", "400000000001", "200000000002"
MANAGEMENT, CENTRAL = "100000000000", "200000000001"
ACCESS, FORWARDING = "deployer-access", "deployer-forwarding"
PROD, DEV, ORGANIZATION = "ous/workloads/prod.yaml", "ous/workloads/dev.yaml", "organization.yaml"
SEARCH_DEV = "400000000002"
NATIVE = "engine: native\nnative: {unenforced: [create.principals]}\n"
SCANNING = "registry: {scanning: {type: BASIC}}\n"


def changed(folder: Path, file: str, old: str, new: str, *, of: Path = CONFIG) -> Path:
    """A copy of config files, the example's by default, with one change; an empty `old` appends."""
    config = folder / "config"
    if not config.exists():
        shutil.copytree(of, config)
    text = (config / file).read_text(encoding="utf-8")
    assert old in text
    (config / file).write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    return config


def example_deployment(
    config: Path = CONFIG, *, scope: Scope | None = None, organization: Organization = EXAMPLE
) -> Deployment:
    """The desired state of some config files, for the whole organization unless a scope is given."""
    compiled = settings.compile(settings.load(config), organization)
    return deployment_for(compiled, scope=scope or Scope.whole(organization), partition="aws")


def plan(deployment: Deployment, cloud: FakeCloud, *, scope: Scope | None = None) -> Plan:
    """The plan of a roll-out."""
    scoped = replace(deployment.desired, scope=scope) if scope else deployment.desired
    return make_plan(scoped, read_actual_state(scoped, cloud.cloud))


def rolled_out(deployment: Deployment) -> FakeCloud:
    """A cloud in which everything was rolled out without failures."""
    cloud = FakeCloud(deployment.desired.organization)
    outcome = roll_out(plan(deployment, cloud), deployment.bundle, cloud.cloud, lambda _: None)
    assert outcome.exit_code == 0, outcome
    return cloud
