"""`rollout:` in organization.yaml: errors, and warnings about values without the intended effect."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deployer import settings
from deployer.operation_preferences import Amount
from deployer.organization import Organization
from deployer.settings.checking import check_folder
from deployer.settings.problems import InvalidConfigurationError
from tests.example_config import HANDLER_CONFIG
from tests.example_organization import EXAMPLE

CONFIG = HANDLER_CONFIG


def _folder(tmp_path: Path, rollout: str) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    file = tmp_path / "config" / "organization.yaml"
    file.write_text(f"{file.read_text().partition('rollout:')[0]}rollout: {rollout}\n")
    return tmp_path / "config"


@pytest.mark.parametrize(
    ("rollout", "organization", "parts"),
    [
        pytest.param("{}", EXAMPLE, [], id="no preferences"),
        pytest.param("{max_concurrent: 50%, failure_tolerance: null}", EXAMPLE, [], id="a fraction as concurrency"),
        pytest.param("{waves: [[Sandbox], [Workloads/Dev], ['*']]}", EXAMPLE, [], id="waves for all"),
        pytest.param("{max_concurrent: 0}", None, ["max_concurrent: at least 1"], id="zero at a time"),
        pytest.param("{failure_tolerance: some}", None, ["a number of accounts or a percentage"], id="not a number"),
        pytest.param(
            "{concurrency_mode: SOFT}", None, ["must be SOFT_FAILURE_TOLERANCE or"], id="an abbreviated value of AWS"
        ),
        pytest.param("{waves: [[A], [A]]}", None, ["named twice: A"], id="an OU named twice"),
        pytest.param("{waves: [[A], []]}", None, ["a wave is empty"], id="an empty wave"),
        pytest.param("{wave: [[A]]}", None, ["did you mean `waves`?"], id="an unknown key"),
        pytest.param(
            "{waves: [['*', A]]}",
            None,
            ["other names beside it are in the same wave"],
            id="a star together with a name",
        ),
        pytest.param(
            "{region_order: [us-east-1]}",
            None,
            ["has no effect while region_concurrency is PARALLEL"],
            id="an order without sequential regions",
        ),
        pytest.param(
            "{max_concurrent: 9, failure_tolerance: 2, concurrency_mode: STRICT_FAILURE_TOLERANCE}",
            None,
            ["runs only 3 at once"],
            id="STRICT without the organization",
        ),
        pytest.param(
            "{failure_tolerance: 10%, max_concurrent: 1}", EXAMPLE, ["10 % of 9 rounds to 0"], id="rounded to zero"
        ),
        pytest.param(
            "{waves: [[Sandbox], [Workloads/Dve], ['*']]}",
            EXAMPLE,
            ["waves[1][0]: there is no OU or account Workloads/Dve in o-exampleorg1; did you mean Workloads/Dev?"],
            id="an unknown OU",
        ),
        pytest.param(
            "{region_concurrency: SEQUENTIAL, region_order: [us-east-1, eu-wst-1, ap-south-2]}",
            EXAMPLE,
            [
                "region_order[1]: no OU or account is covered in eu-wst-1, so it has no effect in the order; did you",
                "region_order[2]: no OU or account is covered in ap-south-2, so it has no effect in the order",
            ],
            id="regions without accounts",
        ),
        pytest.param(
            "{waves: [[Workloads], [Sandbox]]}", EXAMPLE, ["no wave has `*`: 100000000000"], id="some OUs omitted"
        ),
    ],
)
def test_problems_and_warnings(
    tmp_path: Path, rollout: str, organization: Organization | None, parts: list[str]
) -> None:
    found = [str(problem) for problem in check_folder(_folder(tmp_path, rollout), organization)]
    assert len(found) == len(parts), found
    assert all(part in line for part, line in zip(parts, found, strict=True)), found


def test_the_values_reach_the_roll_out(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "{max_concurrent: 25%, failure_tolerance: 3, waves: [[Sandbox], ['*']]}")
    rollout = settings.load(folder).rollout
    assert rollout.preferences.max_concurrent == Amount(25, is_percentage=True)
    assert rollout.preferences.failure_tolerance == Amount(3)
    assert rollout.waves == (("Sandbox",), ("*",))


def test_a_roll_out_refuses_waves_with_unknown_names(tmp_path: Path) -> None:
    config = settings.load(_folder(tmp_path, "{waves: [[Nowhere], ['*']]}"))
    with pytest.raises(InvalidConfigurationError, match="there is no OU or account Nowhere"):
        settings.compile(config, EXAMPLE)
