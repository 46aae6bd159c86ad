"""How long 300 OU files and 2,000 accounts take: read, validate against the organization, compile, zip.

Run it with `python -m benchmarks.configuration`. What is claimed: under 3 s of processor time in all, and a zip under
1 MB. And of one large file: `validate` takes under 2 s for 2,000 globs of any kind, and for each size at most three
times as long as for half of it; a list of 80,000 entries and a file of 5 MB are refused in under 2 s.
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
GLOBS = size(2_000, small=20)
ENTRIES = size(80_000, small=6_000)
LARGE_FILE = size(5_000_000, small=2_000_000)
SECONDS_OF_A_FILE = 2.0
GROWTH = 3.0
"""At most, when a file is twice as large: 2 is linear, 4 is quadratic."""
LEAST_SECONDS = 0.25
"""Less is not compared: it measures the machine."""
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


def globs(number: int) -> dict[str, str]:
    """OU files with that many globs, by kind: alike at the start, at the end, redundant, denied, one after another."""
    half = range(number // 2)
    return {
        "names by prefix": _create("names", allow=[f"team-{n}/**" for n in range(number)]),
        "names by suffix": _create("names", allow=[f"*-{n}/**/x*" for n in range(number)]),
        "allowed and denied names": _create(
            "names", allow=[f"team-{n}/**" for n in half], deny=[f"**/tmp-{n}-*" for n in half]
        ),
        "redundant names": _create("names", allow=["team-*/**", *(f"team-{n}/**" for n in range(number))]),
        "names that are hard to compare": _create(
            "names", allow=["*a" * (60 + n % 50) + str(n) for n in range(number)]
        ),
        "principals": _create("principals", allow=[f"arn:aws:iam::*:role/ci-{n}-*" for n in range(number)]),
        "namespaces": _create("names", allow=[f"team-{n}/**" for n in half])
        + "namespaces:\n"
        + "".join(f'  - {{match: "team-{n}/cache/**", repository: {{scan_on_push: true}}}}\n' for n in half),
        "namespaces with unknown keys": "namespaces:\n"
        + "".join(
            f'  - match: "a{n}/**"\n' + "".join(f"    key{n}x{m}: true\n" for m in range(9)) for n in range(number)
        ),
        "keys without a value": "repository:\n  tags:\n" + "".join(f"    key{n}:\n" for n in range(number)),
        "native": "engine: native\n"
        + _create("names", allow=[f"team-{n}/**" for n in half], deny=[f"team-{n}/wip/**" for n in half]),
    }


def _create(rules: str, **lists: list[str]) -> str:
    text = "".join(f"    {key}:\n" + "".join(f'      - "{one}"\n' for one in each) for key, each in lists.items())
    return f"create:\n  {rules}:\n{text}"


def seconds(text: str) -> tuple[float, int]:
    """How long `validate` takes for one OU file, and how many problems it finds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ous").mkdir()
        (folder / "organization.yaml").write_text('central: {account: "000000000001", region: eu-west-1}\n', "utf-8")
        (folder / "ous/large.yaml").write_text(f"ou: Large\nenabled: true\nregions: [eu-west-1]\n{text}", "utf-8")
        begun = time.process_time()
        problems = check_folder(folder)
        return time.process_time() - begun, len(problems)


def large_files() -> bool:
    """Measure and print single large files; whether the claims hold."""
    is_held = True
    for kind, text in globs(GLOBS).items():
        half, _ = seconds(globs(GLOBS // 2)[kind])
        whole, number = seconds(text)
        print(f"{GLOBS:,} {kind}: {whole:.2f} s, half of them {half:.2f} s, {number:,} problems")  # noqa: T201
        is_held &= holds(whole < SECONDS_OF_A_FILE and whole < GROWTH * max(half, LEAST_SECONDS))
    for kind, text in {
        f"a list of {ENTRIES:,} entries": _create("names", allow=["a/**"] * ENTRIES),
        f"a file of {LARGE_FILE:,} bytes": "# comment\n" * (LARGE_FILE // 10),
    }.items():
        taken, number = seconds(text)
        print(f"{kind}: {taken:.2f} s")  # noqa: T201
        is_held &= holds(taken < SECONDS_OF_A_FILE) and number > 0
    return is_held


def main() -> int:
    """Measure, print, and fail when the claim does not hold."""
    known = organization()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, known)
        begun = time.process_time()
        problems = check_folder(folder, known)
        checked = time.process_time()
        compiled = compile_settings(load(folder), known)
        done = time.process_time()
        bytes_ = len(build(compiled.settings_json).data)
    print(f"{OUS} OU files, {ACCOUNTS:,} accounts, {len(problems)} problems")  # noqa: T201
    print(f"validate {checked - begun:.2f} s, load and compile {done - checked:.2f} s")  # noqa: T201
    print(f"settings.json {len(compiled.settings_json):,} bytes, zip {bytes_:,} bytes")  # noqa: T201
    is_held = large_files()
    return 0 if is_held and holds(done - begun < SECONDS) and bytes_ < BYTES and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
