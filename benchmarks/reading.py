"""Reading an organization of 300 accounts and 20 OUs, beside org-formation, from the same sandbox.

Run it with `make bench`. org-formation (npm package aws-organization-formation) is installed into a cache folder, never
into the project; without npm this is skipped. `deployer organization snapshot` and `org-formation init` both write what
the organization is, OUs and accounts; counted are the AWS calls until then. Claimed is at most a tenth of its calls.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from benchmarks.organizations.sized import CENTRAL_ACCOUNT, MANAGEMENT_ACCOUNT, sized_organization
from benchmarks.peers.npm import installed
from benchmarks.sizes import SMALL, size
from deployer.organization import Organization

ACCOUNTS, OUS = size((300, 20), small=(20, 4))
SHARE = 0.1
PACKAGE = "aws-organization-formation@1.0.17"

WITHOUT_SUPPORT_PLAN = Fault(service="support", effect=Error(code="SubscriptionRequiredException"))
"""What AWS answers accounts without a support plan, whom org-formation asks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A command, and the file that it writes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one tool needed, and the accounts that it then knew."""

    tool: str
    seconds: float
    calls: Counter[str]
    known: int


def main() -> int:
    """Read with both and compare; fail if the claim does not hold."""
    organization = sized_organization(accounts=ACCOUNTS, ous=OUS)
    other = None if SMALL else installed(PACKAGE, "org-formation")
    with tempfile.TemporaryDirectory() as folder, Sandbox(organization=organization, time_scale=0) as sandbox:
        sandbox.faults.add(WITHOUT_SUPPORT_PLAN)
        ours = _read(_deployer(sandbox, Path(folder)), sandbox, organization)
        theirs = _read(_org_formation(sandbox, Path(folder), other), sandbox, organization) if other else None
    for reading in (ours, theirs):
        if reading:
            _report(reading)
    if theirs is None:
        _print("org-formation is skipped: there is no npm")
        return 0 if ours.known == ACCOUNTS else 1
    share = ours.calls.total() / theirs.calls.total()
    _print(f"deployer makes {share:.3f} of its calls; at most {SHARE} is claimed")
    return 0 if share <= SHARE and ours.known == theirs.known == ACCOUNTS else 1


def _deployer(sandbox: Sandbox, folder: Path) -> Tool:
    program = [sys.executable, "-c", "import sys; from deployer.cli.main import run; sys.exit(run(sys.argv[1:]))"]
    file = folder / "snapshot.json"
    return Tool(
        name="deployer organization snapshot",
        command=(*program, "organization", "snapshot", "--out", str(file)),
        environment=sandbox.environment(CENTRAL_ACCOUNT),
        file=file,
    )


def _org_formation(sandbox: Sandbox, folder: Path, program: Path) -> Tool:
    """It knows no delegated administrator of Organizations, so the management account reads."""
    file = folder / "organization.yml"
    return Tool(
        name="org-formation init",
        command=(str(program), "init", str(file), "--region", sandbox.home_region, "--no-color"),
        environment=sandbox.environment(MANAGEMENT_ACCOUNT),
        file=file,
    )


def _read(tool: Tool, sandbox: Sandbox, organization: Organization) -> Reading:
    sandbox.calls.clear()
    begun = time.perf_counter()
    environment = os.environ | tool.environment
    ran = subprocess.run(tool.command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    seconds = time.perf_counter() - begun
    text = tool.file.read_text(encoding="utf-8") if tool.file.exists() else ""
    if ran.returncode or not text:
        _print(f"{tool.name}: exit code {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return Reading(
        tool=tool.name,
        seconds=seconds,
        calls=Counter(call.name for call in sandbox.calls),
        known=sum(account_id in text for account_id in organization.accounts),
    )


def _report(reading: Reading) -> None:
    summary = f"{reading.calls.total():,} calls, {reading.seconds:.1f} s, {reading.known} of {ACCOUNTS} accounts"
    _print(f"\n{reading.tool}: {summary}")
    for operation, count in reading.calls.most_common(8):
        _print(f"  {count:>6,} {operation}")


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a benchmark's result


if __name__ == "__main__":
    sys.exit(main())
