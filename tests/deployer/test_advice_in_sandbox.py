"""Advice that commands print, followed from the fault to the repaired state."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from aws_org_sandbox.faults import Drop, Fault, Moment
from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.drift.installation import NAMES, Installed
from tests.deployer.examples import SHOP_DEV
from tests.deployer.rollout.few_accounts import begins_rolled_out_to_few

pytestmark = pytest.mark.usefixtures("small_central_stack")

BLANK = "team-a/blank"


@begins_rolled_out_to_few
def test_blank_repositories_are_deleted_once_the_role_is_rolled_out_and_a_lost_response_counts_as_deleted(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    organization = config / "organization.yaml"
    organization.write_text(f"{organization.read_text()}\ncleanup: true\n")
    installed = Installed(sandbox, Deployer(sandbox, config=config))
    installed.create(BLANK, account=SHOP_DEV)
    installed.age(BLANK, by=timedelta(days=30), account=SHOP_DEV)
    clean = ("audit", "repair", "--delete-blank", "--yes", "--json")

    failed = installed.deployer(*clean)
    assert failed.exit_code != 0, failed
    (one,) = failed.document["done"]
    assert one["status"] == "failed"
    assert f"role/{NAMES.cleaner_role} cannot be assumed" in one["problem"]
    assert "`deployer rollout --org` creates the role" in one["problem"]

    assert installed.deployer("rollout", "--org", "--yes").exit_code == 0
    sandbox.settle()
    sandbox.faults.add(Fault(effect=Drop(), moment=Moment.AFTER, operation="DeleteRepository", times=1))
    cleaned = installed.deployer(*clean)
    assert cleaned.exit_code == 0, cleaned.err
    assert [one["status"] for one in cleaned.document["done"]] == ["deleted"]
    assert installed.ecr(SHOP_DEV).describe_repositories()["repositories"] == []


@begins_rolled_out_to_few
def test_code_that_was_replaced_by_hand_is_reported_and_deployed_again(sandbox: Sandbox) -> None:
    deployer, client = Deployer(sandbox), sandbox.client("lambda")
    functions = (NAMES.function, NAMES.watch_function)
    deployed = {name: client.get_function_configuration(FunctionName=name)["CodeSha256"] for name in functions}
    replaced = io.BytesIO()
    with zipfile.ZipFile(replaced, "w") as archive:
        archive.writestr("handler/entry.py", "def handle(event, context): return None")
    client.update_function_code(FunctionName=NAMES.function, ZipFile=replaced.getvalue())

    status = deployer("status")
    assert status.exit_code == 2
    assert f"the code of {NAMES.function} was replaced without CloudFormation" in " ".join(status.out.split())
    assert "`deployer rollout --org` brings" in status.out
    (central,) = [one for one in deployer("status", "--json").document["stacks"] if one["replaced_code"]]
    assert (central["name"], central["replaced_code"]) == (NAMES.central_stack, [NAMES.function])
    planned = deployer("plan")
    assert planned.exit_code == 2
    assert f"the code of {NAMES.function} was replaced without CloudFormation" in " ".join(planned.out.split())
    assert "HandlerFunction (AWS::Lambda::Function): Code" in planned.out

    assert deployer("rollout", "--org", "--yes").exit_code == 0
    found = {name: client.get_function_configuration(FunctionName=name)["CodeSha256"] for name in functions}
    assert found == deployed
    assert "Nothing to change" in deployer("plan").out
    assert deployer("status").exit_code == 0
