"""`ensure:` of organization.yaml: whether requests reach the handler through its own URL."""

from __future__ import annotations

import pytest

from deployer import settings
from deployer.planning.synthesis import Synthesis, function_url_of, synthesize
from deployer.settings import Compiled, InvalidConfigurationError, load
from deployer.settings.initial_files import ORGANIZATION as ORGANIZATION_TEMPLATE
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE


def compiled(write: Write, section: str, *, region: str = "eu-west-1") -> Compiled:
    text = ORGANIZATION.replace("eu-west-1", region) + section
    return settings.compile(load(write("organization.yaml", text)), EXAMPLE)


def url_resources(synthesis: Synthesis) -> list[bool]:
    central, access = synthesis.central.to_dict(), synthesis.access.to_dict()
    return [
        "AWS::Lambda::Url" in str(central["Resources"]),
        "HandlerUrl" in central.get("Outputs", {}),
        "lambda:InvokeFunction" in str(central["Resources"]["HandlerRole"]),
        "LookUpCallers" in str(access),
    ]


@pytest.mark.parametrize(
    "section", ["", "ensure: {}\n", "ensure: null\n", "ensure: {url: null}\n", "ensure: {url: false}\n"]
)
def test_the_handler_has_no_url_unless_the_config_requests_it(write: Write, section: str) -> None:
    found = compiled(write, section)
    assert function_url_of(found) == "off"
    assert url_resources(synthesize(found)) == [False] * 4


def test_with_it_the_handler_has_a_url_and_the_permissions_for_requests(write: Write) -> None:
    found = compiled(write, "ensure: {url: true}\n")
    assert function_url_of(found) == "deployed"
    assert url_resources(synthesize(found)) == [True] * 4


ADDRESS = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws/"


@pytest.mark.parametrize("written", [ADDRESS, ADDRESS.removesuffix("/"), f'"{ADDRESS}"'])
def test_a_url_as_the_value_means_true_and_does_not_change_the_deployment(write: Write, written: str) -> None:
    found, switched_on = (compiled(write, f"ensure: {{url: {value}}}\n") for value in (written, "true"))
    assert found.config.function_url is not None
    assert found.config.function_url.text == ADDRESS
    assert switched_on.config.function_url is None
    assert function_url_of(found) == "deployed"
    assert found.settings_json == switched_on.settings_json
    assert synthesize(found).files() == synthesize(switched_on).files()


@pytest.mark.parametrize("region", ["us-gov-west-1", "eu-south-2", "eusc-de-east-1"])
def test_a_region_without_function_urls_gets_no_url(write: Write, region: str) -> None:
    found = compiled(write, "ensure: {url: true}\n", region=region)
    assert function_url_of(found) == "unavailable"
    assert url_resources(synthesize(found)) == [False] * 4


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{url: yes please}", "ensure.url: neither true nor false nor a function URL"),
        ('{url: "true"}', "ensure.url: neither true nor false nor a function URL"),
        ("{url: 1}", "ensure.url: neither true nor false nor a function URL"),
        ("{url: []}", "ensure.url: neither true nor false nor a function URL"),
        ('{url: ""}', "ensure.url: neither true nor false nor a function URL"),
        ("{url: https://example.com/}", "ensure.url: neither true nor false nor a function URL"),
        (f"{{url: {ADDRESS}path}}", "ensure.url: neither true nor false nor a function URL"),
        (
            f"{{url: {ADDRESS.replace('eu-west-1', 'us-east-1')}}}",
            "ensure.url: the URL is in us-east-1, but the handler's is in the home region eu-west-1",
        ),
        ("{uri: true}", "ensure.uri: unknown key"),
    ],
)
def test_an_invalid_value_is_refused_at_its_location(write: Write, section: str, problem: str) -> None:
    with pytest.raises(InvalidConfigurationError) as refused:
        load(write("organization.yaml", f"{ORGANIZATION}ensure: {section}\n"))
    assert refused.value.message.count("ensure.ur") == 1
    assert problem in refused.value.message
    line = ORGANIZATION.count("\n") + 1
    assert f"organization.yaml:{line}" in refused.value.message


def test_the_commented_key_that_init_writes_requests_the_url(write: Write) -> None:
    text = ORGANIZATION_TEMPLATE.format(
        organization="o-exampleorg1", account="200000000001", account_name="platform-tools", region="eu-west-1"
    )
    without = text.replace("    lifecycle_policy: policies/expire-untagged.json\n", "")
    assert not load(write("organization.yaml", without)).ensure_url
    uncommented = without.replace("# ensure:\n#   url: true ", "ensure:\n  url: true ")
    assert uncommented != without
    assert load(write("organization.yaml", uncommented)).ensure_url
