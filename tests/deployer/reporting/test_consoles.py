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
def test_each_partition_has_its_own_console(region: str, start: str) -> None:
    link = repository_link(ACCOUNT, region, NAME)
    assert link == f"{start}ecr/repositories/private/{ACCOUNT}/{NAME}?region={region}"


@pytest.mark.parametrize(
    ("account", "region", "repository"),
    [
        pytest.param("evil.example/", REGION, NAME, id="an invalid account"),
        pytest.param(ACCOUNT, "evil.example/x-1", NAME, id="a region that is another host"),
        pytest.param(ACCOUNT, REGION, "../../logout", id="a name that leaves the path"),
        pytest.param(ACCOUNT, REGION, "a?b=c", id="a name that ends the path"),
        pytest.param(ACCOUNT, REGION, 'a"onclick="x', id="a name that ends the attribute"),
        pytest.param(ACCOUNT, REGION, "a" * 257, id="a name that is too long"),
        pytest.param(ACCOUNT, REGION, "team-a/api\n", id="a trailing newline"),
    ],
)
def test_invalid_repositories_have_no_link(account: str, region: str, repository: str) -> None:
    assert repository_link(account, region, repository) is None
