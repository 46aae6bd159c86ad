"""Organizations of any size for the benchmarks, and config files that cover them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deployer.organization import Account, Organization, OrganizationalUnit

CENTRAL_ACCOUNT = "200000000001"
"""What the sandbox makes the delegated administrator."""
MANAGEMENT_ACCOUNT = "900000000000"
REGIONS = (
    "eu-west-1",
    "us-east-1",
    "eu-central-1",
    "us-west-2",
    "ap-southeast-1",
    "ap-northeast-1",
    "sa-east-1",
    "eu-north-1",
)
FURTHER_REGION = "ca-central-1"
TOPS = 8


def sized_organization(*, accounts: int, ous: int) -> Organization:
    """Eight OUs at the top, four below each, five levels for 200 OUs; accounts are spread evenly over all of them."""
    every = {"r-exam": OrganizationalUnit(id="r-exam", name="Root", parent_id=None)}
    for number in range(ous):
        parent = "r-exam" if number < TOPS else _ou_id((number - TOPS) // 4)
        every[_ou_id(number)] = OrganizationalUnit(id=_ou_id(number), name=f"Unit {number}", parent_id=parent)
    members = {
        f"3{number:011d}": Account(id=f"3{number:011d}", name=f"workload-{number}", parent_id=_ou_id(number % ous))
        for number in range(accounts - 2)
    }
    members[CENTRAL_ACCOUNT] = Account(id=CENTRAL_ACCOUNT, name="platform-tools", parent_id=_ou_id(0))
    members[MANAGEMENT_ACCOUNT] = Account(id=MANAGEMENT_ACCOUNT, name="management", parent_id="r-exam")
    return Organization(id="o-exampleorg1", management_account_id=MANAGEMENT_ACCOUNT, ous=every, accounts=members)


def write_config(folder: Path, organization: Organization, *, regions: Sequence[str] = REGIONS) -> None:
    """Everything on, in eight regions; every tenth OU in four, every seventeenth off, and scanning that differs."""
    (folder / "ous").mkdir(exist_ok=True)
    central = f'central: {{account: "{CENTRAL_ACCOUNT}", region: {REGIONS[0]}}}\n'
    (folder / "organization.yaml").write_text(central, encoding="utf-8")
    for number, ou_id in enumerate(ou_id for ou_id in organization.ous if ou_id != organization.root.id):
        if text := _settings(number, regions):
            named = f"ou: {organization.path(ou_id)}\nid: {ou_id}\n"
            (folder / f"ous/{number}.yaml").write_text(named + text, encoding="utf-8")


def _settings(number: int, regions: Sequence[str]) -> str:
    if number < TOPS:
        scanning = f"registry: {{scanning: {{type: BASIC, filters: ['team-{number % 2}/*']}}}}\n"
        return f"enabled: true\nregions: [{', '.join(regions)}]\n{scanning}"
    if number % 10 == 0:
        return f"regions: [{', '.join(regions[:4])}]\n"
    return "enabled: false\n" if number % 17 == 0 else ""


def _ou_id(number: int) -> str:
    return f"ou-exam-{number:08d}"
