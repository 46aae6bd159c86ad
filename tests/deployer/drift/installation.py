"""Roles, ledger and repositories as after roll-outs and pushes, but created directly, in a second."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.ecr.models import ecr_backends

from aws_org_sandbox.cloudformation import deploy_stack
from aws_org_sandbox.sandbox import Sandbox
from handler import reasons
from handler.records import Record
from handler.repositories import Registry, Repositories
from templates import access
from templates.ledger import ledger
from templates.operators import operators
from templates.parts import body, compose
from tests.deployer.command_line import CONFIG, Deployer
from tests.deployer.drift.examples import COMPILED, DESIRED, HOME, SHOP, record

NAMES = COMPILED.names(partition="aws")
COVERED = ("200000000001", "200000000002", "200000000003", SHOP, "300000000002", "300000000003", "300000000004",
           "400000000001", "400000000002")  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """An installation that commands can be run against."""

    sandbox: Sandbox
    deployer: Deployer

    def ecr(self, account: str = SHOP, region: str = HOME) -> Any:
        return self.sandbox.client("ecr", account=account, region=region)

    def create(self, name: str, *, account: str = SHOP, region: str = HOME, recorded: bool = True) -> Record:
        """A repository as the handler creates it, with its record."""
        now = datetime.now(UTC).replace(microsecond=0)
        made = record(
            name,
            account=account,
            region=region,
            repository_arn=f"arn:aws:ecr:{region}:{account}:repository/{name}",
            event_id=f"{account}-{region}-{name.replace('/', '-')}",
            event_time=now,
            received_at=now,
            created_at=now,
        )
        desired = DESIRED.for_record(made, partition="aws")
        settings = COMPILED.settings_for_account(account).repository_for(name)
        registry = Registry(account=account, region=region, partition="aws")
        repositories = Repositories(self.ecr(account, region), registry=registry, installation=NAMES.prefix)
        repositories.create(name, settings=settings, tags=desired.tags)
        if desired.lifecycle_policy:
            repositories.put_lifecycle_policy(name, desired.lifecycle_policy)
        if desired.repository_policy:
            repositories.set_repository_policy(name, desired.repository_policy)
        if recorded:
            table = self.sandbox.client("dynamodb")
            table.put_item(TableName=NAMES.ledger_table, Item=made.to_item())
        return made

    def delete_observed(self, made: Record) -> None:
        """Delete a repository, and write the record that the handler writes of its deletion."""
        assert made.repository
        self.ecr(made.account, made.region or HOME).delete_repository(repositoryName=made.repository)
        values: dict[str, Any] = {
            "outcome": "observed",
            "reason": reasons.REPOSITORY_DELETED,
            "action": "deleted",
            "how": "by hand",
        }
        deletion = replace(made, **values, event_id=f"{made.event_id}-deleted", created_at=None, settings=None)
        self.sandbox.client("dynamodb").put_item(TableName=NAMES.ledger_table, Item=deletion.to_item())

    def age(self, name: str, *, by: timedelta, account: str = SHOP, region: str = HOME) -> None:
        """Make a repository and its record older."""
        repository = ecr_backends[account][region].repositories[name]
        repository.created_at -= by
        table = self.sandbox.client("dynamodb")
        for item in table.scan(TableName=NAMES.ledger_table)["Items"]:
            if (item["account"]["S"], item["repository"]["S"]) == (account, name):
                created = datetime.fromisoformat(item["created_at"]["S"]) - by
                item["created_at"] = {"S": f"{created:%Y-%m-%dT%H:%M:%SZ}"}
                table.put_item(TableName=NAMES.ledger_table, Item=item)

    def change_all_settings(self, name: str, *, account: str = SHOP) -> None:
        """Change every setting of a repository that can be changed."""
        ecr, arn = self.ecr(account), f"arn:aws:ecr:{HOME}:{account}:repository/{name}"
        ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
        ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration={"scanOnPush": False})
        ecr.delete_lifecycle_policy(repositoryName=name)
        statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        ecr.set_repository_policy(repositoryName=name, policyText=policy)
        ecr.untag_resource(resourceArn=arn, tagKeys=["env"])

    def regions_read(self) -> Mapping[str, int]:
        """How often the repositories of each account and region were listed."""
        counts: dict[str, int] = {}
        for call in self.sandbox.calls:
            if call.name == "ecr:DescribeRepositories":
                place = f"{call.account} {call.region}"
                counts[place] = counts.get(place, 0) + 1
        return counts


def install(sandbox: Sandbox, *, cleanup: bool = False) -> Installed:
    """The roles in every covered account, and the ledger; `cleanup` as in organization.yaml."""
    central = compose("central", ledger(NAMES), operators(NAMES, cleanup=cleanup))
    deploy_stack(account=NAMES.central_account, region=HOME, name="deployer-central", template_body=body(central))
    roles = body(access.template(NAMES, uses_kms=True, cleanup=cleanup))
    for account in COVERED:
        deploy_stack(account=account, region=HOME, name="deployer-access", template_body=roles)
    sandbox.calls.clear()
    return Installed(sandbox, Deployer(sandbox))


def cleaning_config(folder: Path) -> Path:
    """The example's config files, with `cleanup: true`."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    file = config / "organization.yaml"
    file.write_text(f"{file.read_text()}\ncleanup: true\n")
    return config
