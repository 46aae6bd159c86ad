"""`handler:` of organization.yaml: how many concurrent runs of the handler Lambda reserves."""

from __future__ import annotations

from typing import Any

import pytest

from deployer import settings
from deployer.planning.synthesis import synthesize
from deployer.settings import InvalidConfigurationError, load
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE

KEY = "ReservedConcurrentExecutions"


def functions(write: Write, section: str) -> dict[str, Any]:
    compiled = settings.compile(load(write("organization.yaml", ORGANIZATION + section)), EXAMPLE)
    resources = synthesize(compiled).central.to_dict()["Resources"]
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"}


def test_reserved_concurrency_is_the_handlers_and_not_the_watchs(write: Write) -> None:
    made = functions(write, "handler: {reserved_concurrency: 20}\n")
    assert made["HandlerFunction"][KEY] == 20
    assert [name for name, one in made.items() if KEY in one] == ["HandlerFunction"]


@pytest.mark.parametrize("section", ["", "handler: {}\n", "handler: null\n", "handler: {reserved_concurrency: null}\n"])
def test_without_it_the_handler_shares_the_concurrency_of_the_account(write: Write, section: str) -> None:
    assert all(KEY not in one for one in functions(write, section).values())


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{reserved_concurrency: 0}", "handler.reserved_concurrency: 1 to 10,000; 0 would disable the handler"),
        ("{reserved_concurrency: 10001}", "handler.reserved_concurrency: 1 to 10,000"),
        ("{reserved_concurrency: true}", "handler.reserved_concurrency: "),
        ("{reserved_concurency: 3}", "handler.reserved_concurency: unknown key"),
    ],
)
def test_concurrency_that_lambda_cannot_reserve_is_refused_at_its_location(
    write: Write, section: str, problem: str
) -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        load(write("organization.yaml", f"{ORGANIZATION}handler: {section}\n"))
    assert problem in refused.value.message
