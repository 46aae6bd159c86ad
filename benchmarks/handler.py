"""How long a repository takes to be there, beside a handler that describes and then creates, in one account.

Run it with `make bench`. Both run as their zips under Lambda's own runtime client in the sandbox, and each AWS call
takes 50 ms more than the sandbox itself. Claimed is: warm at most 0.55 of the other's time to the repository, with one
AWS call before it (two with a limit), and a cold start that is no slower, although it crosses accounts. Cold
starts are measured in turns, so that both meet the same machine, and the fastest ones are compared.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file, this would itself be found as `handler`

from aws_org_sandbox.calls import Call
from aws_org_sandbox.cloudformation import deploy_stack
from aws_org_sandbox.faults import Delay, Fault
from aws_org_sandbox.functions.execution import execute
from aws_org_sandbox.functions.lookup import find
from aws_org_sandbox.functions.pool import pool
from aws_org_sandbox.sandbox import Sandbox
from benchmarks.sizes import holds, size
from deployer import settings
from deployer.planning.synthesis import synthesize
from templates.parts import body
from tests.example_organization import organization_from

ROOT = Path(__file__).parents[1]
CALL_SECONDS = size(0.05, small=0.005)
COLD_STARTS, WARM_RUNS = size((21, 25), small=(1, 2))
WARM_GOAL, COLD_GOAL = 0.55, 1.0
NOISE = 0.05
"""By how much cold starts of one and the same handler differ on a machine that does other things too."""
OTHER = "describe-then-create"
COLD, WARM, LIMITED = "cold, deployer", "warm, deployer", "warm, deployer, limit set"
DEV, PROD, REGION = "400000000001", "300000000001", "eu-west-1"
"""Accounts without and with a limit in their OU's file."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MAY = {"Effect": "Allow", "Action": ["ecr:DescribeRepositories", "ecr:CreateRepository"], "Resource": "*"}


@dataclass(frozen=True, slots=True)
class Run:
    """One event: milliseconds until the repository was there and until all was done, and calls before it."""

    to_repository: float
    in_all: float
    calls_before: int
    init: float | None
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is measured, in the account that its events come from."""

    sandbox: Sandbox
    arn: str
    account: str
    numbers: Iterator[int]

    def run(self) -> Run:
        """Invoke it with an event for a new repository name."""
        name = f"team-a/n{next(self.numbers)}"
        function = find(self.arn)
        assert function is not None
        self.sandbox.calls.clear()
        begun = datetime.now(UTC)
        outcome = execute(function, _event(self.account, name), request_id=name)
        ended = datetime.now(UTC)
        assert outcome.error is None, outcome.output
        calls = [call for call in self.sandbox.calls if _is_measured(call)]
        number = next(i for i, call in enumerate(calls) if call.operation == "CreateRepository")
        there = calls[number].started + timedelta(milliseconds=calls[number].milliseconds or 0)
        return Run(
            to_repository=(there - begun).total_seconds() * 1000,
            in_all=(ended - begun).total_seconds() * 1000,
            calls_before=number + 1,
            init=outcome.init_ms,
            memory_mb=outcome.max_memory_mb,
        )


def _is_measured(call: Call) -> bool:
    return any(
        f":assumed-role/{role}/" in call.principal.arn for role in ("baseline", "deployer-handler", "deployer-creator")
    )


def _event(account: str, name: str) -> bytes:
    """A push that missed its repository, just now."""
    detail = {
        "eventSource": "ecr.amazonaws.com",
        "eventName": "InitiateLayerUpload",
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventID": name.replace("/", "-"),
        "awsRegion": REGION,
        "errorCode": "RepositoryNotFoundException",
        "recipientAccountId": account,
        "requestParameters": {"repositoryName": name},
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/someone"},
    }
    kind = {"source": "aws.ecr", "detail-type": "AWS API Call via CloudTrail"}
    envelope = {"id": "envelope", **kind, "account": account, "region": REGION, "detail": detail}
    return json.dumps(envelope).encode()


def install(sandbox: Sandbox) -> str:
    """Our handler with its stacks, and the creator role in both accounts; gives the function's ARN."""
    synthesis = synthesize(settings.compile(settings.load(ROOT / "config"), organization_from(sandbox.organization)))
    names, central = synthesis.names, sandbox.central_account
    deploy_stack(account=central, region=REGION, name="artifacts", template_body=body(synthesis.artifacts))
    zip_ = synthesis.bundle
    sandbox.client("s3").put_object(Bucket=names.artifacts_bucket, Key=zip_.key, Body=zip_.data)
    deploy_stack(account=central, region=REGION, name="central", template_body=body(synthesis.central))
    for account in (DEV, PROD):
        deploy_stack(account=account, region=REGION, name="access", template_body=body(synthesis.access))
    return names.function_arn


def install_baseline(sandbox: Sandbox) -> str:
    """The other handler, in the account that the repositories are for."""
    iam = sandbox.client("iam", account=DEV)
    role = iam.create_role(RoleName="baseline", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [MAY]})
    iam.put_role_policy(RoleName="baseline", PolicyName="baseline", PolicyDocument=policy)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(ROOT / "benchmarks" / "describe_then_create" / "function.py", "function.py")
    created = sandbox.client("lambda", account=DEV).create_function(
        FunctionName="baseline",
        Runtime="python3.13",
        Role=role,
        Handler="function.handle",
        Code={"ZipFile": packed.getvalue()},
        Timeout=60,
        MemorySize=512,
    )
    arn: str = created["FunctionArn"]
    return arn


def cold(function: Function) -> Run:
    """A run in a new process."""
    pool.close()
    pool.reopen()
    return function.run()


def warm(function: Function, times: int) -> list[Run]:
    """Runs in the process that the first one started."""
    function.run()
    return [function.run() for _ in range(times)]


def fastest(runs: list[Run]) -> float:
    """Milliseconds to the repository in the fastest run: what else the machine does only ever adds."""
    return min(run.to_repository for run in runs)


def line(name: str, runs: list[Run]) -> str:
    """One row of the table."""
    ready = [run.init for run in runs if run.init is not None]
    times = (fastest(runs), median(run.to_repository for run in runs), min(run.in_all for run in runs))
    return (
        f"{name:<28}{times[0]:>11.0f}{times[1]:>8.0f}{times[2]:>8.0f}{f'{min(ready):.0f}' if ready else '-':>8}"
        f"{runs[0].calls_before:>7}{max(run.memory_mb for run in runs):>6}"
    )


def judge(rows: Mapping[str, list[Run]]) -> Iterator[tuple[str, bool]]:
    """Each claim with its numbers, and whether it holds."""
    times = {name: fastest(runs) for name, runs in rows.items()}
    calls = {name: max(run.calls_before for run in runs) for name, runs in rows.items()}
    warm_ratio, cold_ratio = times[WARM] / times[f"warm, {OTHER}"], times[COLD] / times[f"cold, {OTHER}"]
    yield f"warm {warm_ratio:.2f} of the other's time (claimed: {WARM_GOAL})", holds(warm_ratio <= WARM_GOAL)
    yield (
        f"cold {cold_ratio:.2f} of the other's time (claimed: {COLD_GOAL}, give or take {NOISE})",
        holds(cold_ratio <= COLD_GOAL + NOISE),
    )
    yield (
        f"calls warm {calls[WARM]}, with a limit {calls[LIMITED]} (claimed: 1, 2)",
        (calls[WARM] == 1 and calls[LIMITED] == 2),
    )


def measure() -> dict[str, list[Run]]:
    """The rows of the table."""
    with Sandbox() as sandbox:
        numbers = iter(range(1_000_000))
        ours = Function(sandbox, install(sandbox), DEV, numbers)
        limited = Function(sandbox, ours.arn, PROD, numbers)
        theirs = Function(sandbox, install_baseline(sandbox), DEV, numbers)
        sandbox.faults.add(Fault(effect=Delay(seconds=CALL_SECONDS), when=_is_measured))
        colds = [(cold(ours), cold(theirs)) for _ in range(COLD_STARTS)]
        return {
            COLD: [mine for mine, _ in colds],
            f"cold, {OTHER}": [other for _, other in colds],
            WARM: warm(ours, WARM_RUNS),
            LIMITED: warm(limited, WARM_RUNS),
            f"warm, {OTHER}": warm(theirs, WARM_RUNS),
        }


def main() -> int:
    """Measure, print, and fail when a claim does not hold."""
    rows = measure()
    print(f"{'milliseconds':<28}{'repository':>11}{'median':>8}{'in all':>8}{'ready':>8}{'calls':>7}{'MB':>6}")  # noqa: T201
    for name, runs in rows.items():
        print(line(name, runs))  # noqa: T201
    print("the fastest of each, but for `median`; repository: from the event to the repository; ready: of that, from")  # noqa: T201
    print("the start of the process through imports to clients; calls: to AWS before the repository; MB: the most")  # noqa: T201
    verdicts = list(judge(rows))
    for sentence, is_true in verdicts:
        print(f"{'holds' if is_true else 'FAILS'}: {sentence}")  # noqa: T201
    return 0 if all(is_true for _, is_true in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
