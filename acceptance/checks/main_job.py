"""The main job: a push to a missing repository, and the repository exists, with a record in the ledger."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from acceptance import installation
from acceptance.check import Check, Finding, held, refuted
from acceptance.errors import WaitError
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.registry import begin_push
from deployer.aws.errors import code_of


def run(lab: Lab) -> Finding:
    """Roll `deployer` out to the OU under test, push, wait for the repository, push again, and read the ledger."""
    name, member = f"{lab.prefix}/api", lab.access.session("member")
    # Written down before the handler is there, so it is removed after it: a late event makes no repository again.
    lab.journal.creating(Resource(kind="repository", side="member", region=lab.environment.region, name=name))
    code, printed = installation.roll_out(lab, installation.write_config(lab))
    if code:
        return refuted(f"`deployer rollout` ended with {code}", printed=printed)
    first = begin_push(lab, member, name)
    try:
        found = lab.wait("a repository for a push", lambda: _described(lab, name))
    except WaitError as error:
        return refuted(f"No repository appeared ({error.message})", records=_records(lab), first=first.body)
    second = begin_push(lab, member, name)
    try:
        record = lab.wait("the record of a repository", lambda: _created(lab, name), limit=120.0)
    except WaitError as error:
        return refuted(f"The repository has no record ({error.message})", records=_records(lab))
    response: dict[str, Any] = {"first": first.code, "second": second.status, "repository": found, "record": record}
    if second.status >= 400:
        return refuted("The second push was refused", **response)
    return held("The repository exists, accepts the push, and is in the ledger", **response)


def _described(lab: Lab, name: str) -> dict[str, Any] | None:
    try:
        answer = lab.client("member", "ecr").describe_repositories(repositoryNames=[name])
    except ClientError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        return None
    found: dict[str, Any] = answer["repositories"][0]
    return found


def _created(lab: Lab, name: str) -> dict[str, Any] | None:
    expected = (one for one in _records(lab) if one.get("repository") == name and one["outcome"] == "created")
    return next(expected, None)


def _records(lab: Lab) -> list[dict[str, Any]]:
    """All records of the member, as they are stored."""
    answer = lab.client("central", "dynamodb").query(
        TableName=replace(lab.names, prefix=installation.prefix(lab)).ledger_table,
        KeyConditionExpression="#account = :account",
        ExpressionAttributeNames={"#account": "account"},
        ExpressionAttributeValues={":account": {"S": lab.environment.member_account}},
    )
    return [{key: next(iter(value.values())) for key, value in item.items()} for item in answer["Items"]]


CHECK = Check(
    number=None,
    title="A push to a missing repository: the repository exists, with a record in the ledger",
    run=run,
    creates=(
        "the resources of `deployer rollout`, with its own prefix (docs/permissions.md)",
        "member: a repository",
    ),
    minutes=15,
    dollars=Decimal("0.10"),
    altered_by="EVENTS_WITHOUT_PARAMETERS",
)
