from __future__ import annotations

import pytest

from deployer import settings
from deployer.planning.synthesis import Synthesis, synthesize
from templates.parts import body
from tests.example_config import HANDLER_CONFIG
from tests.example_organization import EXAMPLE
from tests.templates.reading import resources

CONFIG = HANDLER_CONFIG


@pytest.fixture(scope="module")
def synthesis() -> Synthesis:
    return synthesize(settings.compile(settings.load(CONFIG), EXAMPLE))


def test_the_function_runs_the_zip_beside_the_template(synthesis: Synthesis) -> None:
    code = resources(synthesis.central)["HandlerFunction"]["Properties"]["Code"]
    assert code == {"S3Bucket": synthesis.names.artifacts_bucket, "S3Key": synthesis.bundle.key}


def test_names_follow_from_the_config_files(synthesis: Synthesis) -> None:
    assert synthesis.names.event_bus_arn == "arn:aws:events:eu-west-1:200000000001:event-bus/deployer-events"
    assert synthesis.names.organization_id == EXAMPLE.id


def test_the_creator_role_may_use_keys_because_an_ou_of_the_example_uses_kms(synthesis: Synthesis) -> None:
    assert "kms:CreateGrant" in body(synthesis.access)


def test_the_same_settings_give_the_same_files(synthesis: Synthesis) -> None:
    again = synthesize(settings.compile(settings.load(CONFIG), EXAMPLE))
    assert again.files() == synthesis.files()
