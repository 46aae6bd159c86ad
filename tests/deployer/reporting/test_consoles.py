from __future__ import annotations

import pytest

from deployer.reporting.consoles import repository_link

ACCOUNT, REGION, NAME = "300000000001", "eu-west-1", "team-a/api"


@pytest.mark.parametrize(
    ("region", "start"),
    [
        ("eu-west-1", "https://eu-west-1.console.aws.amazon.com/"),
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_each_partition_has_a_console_of_its_own(region: str, start: str) -> None:
    link = repository_link(ACCOUNT, region, NAME)
    assert link == f"{start}ecr/repositories/private/{ACCOUNT}/{NAME}?region={region}"


@pytest.mark.parametrize(
    ("account", "region", "repository"),
    [
        pytest.param("evil.example/", REGION, NAME, id="an account that is none"),
        pytest.param(ACCOUNT, "evil.example/x-1", NAME, id="a region that is another host"),
        pytest.param(ACCOUNT, REGION, "../../logout", id="a name that leaves the path"),
        pytest.param(ACCOUNT, REGION, "a?b=c", id="a name that ends the path"),
        pytest.param(ACCOUNT, REGION, 'a"onclick="x', id="a name that ends the attribute"),
        pytest.param(ACCOUNT, REGION, "a" * 257, id="a name that is too long"),
        pytest.param(ACCOUNT, REGION, "team-a/api\n", id="a line more"),
    ],
)
def test_what_ecr_would_not_take_has_no_address(account: str, region: str, repository: str) -> None:
    assert repository_link(account, region, repository) is None
