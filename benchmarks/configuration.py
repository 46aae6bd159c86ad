"""How long 300 OU files and 2,000 accounts take: read, validate against the organization, compile, zip.

Run it with `python -m benchmarks.configuration`. Under 3 s in all, and a zip of under 1 MB, is what is claimed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.sizes import holds, size
from deployer.bundle import build
from deployer.organization import Account, Organization, OrganizationalUnit
from deployer.settings import compile as compile_settings
from deployer.settings import load
from deployer.settings.checking import check_folder

OUS = size(300, small=12)
ACCOUNTS = size(2_000, small=20)
SECONDS = 3.0
BYTES = 1_000_000

OU_FILE = """\
# OU number {number}
ou: {path}
id: {id}
enabled: true
regions: [eu-west-1, us-east-1, eu-central-1]
create:
  on: [push]
  names:
    allow: ["team-{number}/**", "shared/**", "products-*/web/**"]
    deny: ["**/tmp-*", "**/wip/**"]
  principals:
    allow: ["arn:aws:iam::*:role/ci-*", "arn:aws:iam::*:role/release/*"]
    deny: ["arn:aws:iam::*:role/ci-untrusted-*"]
  limit: {{per_hour: 50}}
repository:
  image_tag_mutability: IMMUTABLE
  mutability_exclusions: [latest, "dev-*"]
  scan_on_push: true
  encryption: {{type: KMS, kms_key: "arn:aws:kms:{{region}}:{{account}}:alias/ecr-{number}"}}
  lifecycle_policy: policies/lifecycle-{policy}.json
  tags: {{env: prod, ou: "{{ou}}", pushed-by: "{{principal}}", cost-center: "{number:04d}"}}
namespaces:
  - match: "team-{number}/cache/**"
    repository: {{image_tag_mutability: MUTABLE, mutability_exclusions: []}}
  - match: "shared/base/**"
    repository: {{encryption: null, tags: {{base: "true"}}}}
"""
POLICY = """\
{{"rules": [{{"rulePriority": 1, "description": "Policy {number}", "selection": {{"tagStatus": "untagged",
 "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}}, "action": {{"type": "expire"}}}}]}}
"""


def organization() -> Organization:
    """OUs four to a parent, so five levels of them, and the accounts spread evenly."""
    ous = {"r-exam": OrganizationalUnit(id="r-exam", name="Root", parent_id=None)}
    for number in range(OUS):
        parent = "r-exam" if number < 4 else f"ou-exam-{(number - 4) // 4:08d}"
        id_ = f"ou-exam-{number:08d}"
        ous[id_] = OrganizationalUnit(id=id_, name=f"Unit {number}", parent_id=parent)
    accounts = {
        f"{number:012d}": Account(
            id=f"{number:012d}", name=f"workload-account-{number}", parent_id=f"ou-exam-{number % OUS:08d}"
        )
        for number in range(1, ACCOUNTS + 1)
    }
    return Organization(id="o-exampleorg1", management_account_id=f"{1:012d}", ous=ous, accounts=accounts)


def write(folder: Path, known: Organization) -> None:
    """A file for each OU, a lifecycle policy for every ten."""
    (folder / "ous").mkdir()
    (folder / "policies").mkdir()
    central = 'central: {account: "000000000001", region: eu-west-1}\n'
    (folder / "organization.yaml").write_text(central, encoding="utf-8")
    for number in range(OUS):
        id_ = f"ou-exam-{number:08d}"
        text = OU_FILE.format(number=number, path=known.path(id_), id=id_, policy=number // 10)
        (folder / f"ous/{number}.yaml").write_text(text, encoding="utf-8")
        (folder / f"policies/lifecycle-{number // 10}.json").write_text(POLICY.format(number=number), encoding="utf-8")


def main() -> int:
    """Measure, print, and fail when the claim does not hold."""
    known = organization()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, known)
        begun = time.perf_counter()
        problems = check_folder(folder, known)
        checked = time.perf_counter()
        compiled = compile_settings(load(folder), known)
        done = time.perf_counter()
        size = len(build(compiled.settings_json).data)
    print(f"{OUS} OU files, {ACCOUNTS:,} accounts, {len(problems)} problems")  # noqa: T201
    print(f"validate {checked - begun:.2f} s, load and compile {done - checked:.2f} s")  # noqa: T201
    print(f"settings.json {len(compiled.settings_json):,} bytes, zip {size:,} bytes")  # noqa: T201
    return 0 if holds(done - begun < SECONDS) and size < BYTES and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
