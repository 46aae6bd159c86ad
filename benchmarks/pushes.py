"""The sandbox's memory and time over ten thousand pushes: a rehearsal may run for days.

Run it with `make bench`. Each push logs in, is refused because its repository is missing, and pushes an image to one
that exists; the event of the refusal goes through a rule to a Lambda function, which writes logs. Claimed is that the
second half takes no more memory than the first (10 % of tolerance), and no more time for each push (50 %).
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.oci.images import OciImage, build
from aws_org_sandbox.sandbox import Sandbox
from benchmarks.sizes import holds, size

PUSHES = size(10_000, small=20)
BATCH = PUSHES // 10
MEMORY = 1.1
TIME = 1.5
ACCOUNT, REGION = "300000000001", "eu-west-1"
HANDLER = "def handle(event, context):\n    print('received', event['id'])\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The sandbox after a tenth of the pushes."""

    megabytes: float
    milliseconds: float


def main() -> int:
    """Push, print each tenth, and fail if a claim does not hold."""
    with Sandbox() as sandbox:
        _install(sandbox)
        image = build(layers=1)
        batches = [_batch(sandbox, image, number) for number in range(10)]
    memory = batches[-1].megabytes / batches[4].megabytes
    time_ = sum(one.milliseconds for one in batches[5:]) / sum(one.milliseconds for one in batches[:5])
    _print(f"second half: {memory:.2f} of the memory, {time_:.2f} of the time; at most {MEMORY} and {TIME} are claimed")
    return 0 if holds(memory <= MEMORY and time_ <= TIME) else 1


def _batch(sandbox: Sandbox, image: OciImage, number: int) -> Batch:
    begun = time.perf_counter()
    for index in range(BATCH):
        _push(sandbox, image, number * BATCH + index)
        if index % 50 == 49:
            sandbox.settle(300.0)
    sandbox.settle(300.0)
    found = Batch(megabytes=_resident(), milliseconds=(time.perf_counter() - begun) / BATCH * 1000)
    _print(f"{(number + 1) * BATCH:>6} pushes: {found.megabytes:.0f} MB, {found.milliseconds:.0f} ms each")
    return found


def _push(sandbox: Sandbox, image: OciImage, number: int) -> None:
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    client = Client.login(sandbox.client("ecr", account=ACCOUNT), endpoint=sandbox.endpoint_url, registry=registry)
    with suppress(Rejected):
        client.push(image, f"missing/{number}")
    client.push(image, "team-a/api", f"tag-{number % 100}")


def _install(sandbox: Sandbox) -> None:
    """A repository, and a rule that passes the events of refused pushes to a function that logs them."""
    sandbox.client("ecr", account=ACCOUNT).create_repository(repositoryName="team-a/api")
    iam, events = sandbox.client("iam", account=ACCOUNT), sandbox.client("events", account=ACCOUNT)
    trust = _policy({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="logging", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = _policy({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
    iam.put_role_policy(RoleName="logging", PolicyName="logs", PolicyDocument=allowed)
    functions = sandbox.client("lambda", account=ACCOUNT)
    function = functions.create_function(
        FunctionName="log", Role=role, Handler="app.handle", Runtime="python3.13", Code={"ZipFile": _zip()}
    )["FunctionArn"]
    rule = events.put_rule(Name="refused", EventPattern=json.dumps({"source": ["aws.ecr"]}))["RuleArn"]
    functions.add_permission(
        FunctionName="log",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="refused", Targets=[{"Id": "log", "Arn": function}])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", HANDLER)
    return buffer.getvalue()


def _resident() -> float:
    """Megabytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
