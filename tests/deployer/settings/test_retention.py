from __future__ import annotations

from datetime import timedelta

import pytest

from deployer import settings
from deployer.planning.synthesis import synthesize
from deployer.settings import Compiled, InvalidConfigurationError, load
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE


def compiled(write: Write, text: str) -> Compiled:
    return settings.compile(load(write("organization.yaml", ORGANIZATION + text)), EXAMPLE)


def kept(made: Compiled) -> tuple[timedelta, int, int]:
    """Retention of records as the handler reads it, of events as both have it, and of logs as in the template."""
    central = synthesize(made).central.to_dict()["Resources"]
    assert made.settings_file.archive_retention.days == central["EventArchive"]["Properties"]["RetentionDays"]
    return (
        made.settings_file.kept.expiring,
        central["EventArchive"]["Properties"]["RetentionDays"],
        central["HandlerLogGroup"]["Properties"]["RetentionInDays"],
    )


def test_retention_is_passed_to_the_handler_and_the_central_template(write: Write) -> None:
    section = "retention: {expiring_records: 7, event_archive: 14, logs: 365, refused: 400}\n"
    made = compiled(write, section)
    assert kept(made) == (timedelta(days=7), 14, 365)
    assert made.settings_file.kept.refused == timedelta(days=400)


@pytest.mark.parametrize("section", ["", "retention: {}\n", "retention: {logs: null}\n"])
def test_the_default_retention_is_that_of_the_reference(write: Write, section: str) -> None:
    made = compiled(write, section)
    assert kept(made) == (timedelta(days=30), 30, 90)
    assert made.settings_file.kept.refused is None


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{logs: 91}", "2:19: retention.logs: CloudWatch Logs supports 1, 3, 5, 7,"),
        ("{expiring_records: 0}", "2:31: retention.expiring_records: 1 to 3650 days"),
        ("{refused: 0}", "2:22: retention.refused: 1 to 3650 days"),
        ("{event_archiv: 3}", "2:13: retention.event_archiv: unknown key"),
    ],
)
def test_retention_that_aws_does_not_accept_is_refused_at_its_location(
    write: Write, section: str, problem: str
) -> None:
    folder = write("organization.yaml", f"{ORGANIZATION}retention: {section}\n")
    with pytest.raises(InvalidConfigurationError) as refused:
        load(folder)
    assert f"organization.yaml:{problem}" in refused.value.message
