"""A plan as text: changes by location, equal ones combined, within 80 columns."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.organization import Account, Organization, OrganizationalUnit
from deployer.planning.desired_state import Deployment
from deployer.planning.future_accounts import Overreach
from deployer.planning.opt_in import OptInRegion
from deployer.planning.plan import Plan
from deployer.planning.scopes import find_scope
from deployer.rendering.plan import SCREEN, plan_lines, plan_sections
from deployer.rendering.plan_changes import changes_by_ou
from deployer.rendering.plan_json import plan_document
from deployer.rendering.plan_markdown import plan_annotations, plan_markdown
from deployer.rendering.stack_sets import stack_set_cautions
from deployer.rendering.text import Line
from deployer.rendering.waves import Course
from deployer.stack_sets import Instance
from deployer.words import counted
from tests.deployer.examples import (
    ACCESS,
    DEV,
    FORWARDING,
    ORGANIZATION,
    PROD,
    SCANNING,
    changed,
    example_deployment,
    plan,
    rolled_out,
)
from tests.deployer.json_documents import check_document
from tests.deployer.rollout.fake_cloud import FakeCloud
from tests.example_organization import EXAMPLE

NETWORK_FILE = "ous/infrastructure/network.yaml"
CALLER = "arn:aws:iam::200000000001:user/x"


def _nothing() -> FakeCloud:
    return FakeCloud(EXAMPLE)


def _lines(found: Plan, organization: Organization = EXAMPLE, *, everything: bool = False) -> list[Line]:
    lines = plan_lines(found, organization, caller=CALLER, everything=everything)
    long = [line.text for line in lines if len(line.text) > 80 and len(line.text.split()) > 1]
    assert not long
    return lines


def test_a_plan_reports_what_it_compared_instead_of_a_change_set(tmp_path: Path) -> None:
    after = example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60"))
    found = plan(after, rolled_out(example_deployment()))
    expected = "cloudformation:CreateChangeSet was denied"
    assert expected not in _text(found)
    assert not _document(found)["stacks"][1]["preview_denied"]

    denied = replace(found, central=replace(found.central, is_preview_denied=True))
    assert expected in _text(denied)
    assert _document(denied)["stacks"][1]["preview_denied"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("disabled", "! me-central-1 is not enabled in the management account management (100000000000): stack"),
        ("unknown", "! me-central-1 has to be enabled in the management account management (100000000000), which"),
    ],
)
def test_a_plan_warns_about_regions_that_the_management_account_must_opt_into(
    status: Literal["disabled", "unknown"], expected: str
) -> None:
    found = replace(plan(example_deployment(), _nothing()), opt_in_warnings=(OptInRegion("me-central-1", status),))
    text = _text(found)
    assert expected in text
    command = {"disabled": "enable-region", "unknown": "get-region-opt-status"}[status]
    assert f"`aws account {command} --region-name me-central-1`" in text


@pytest.mark.parametrize(
    ("region", "state", "expected"),
    [
        (
            "eu-west-1",
            "deployed",
            "a public endpoint that answers only calls signed by principals of this organization",
        ),
        ("il-central-1", "unavailable", "`ensure.url` requests: AWS documents no address of one in il-central-1."),
    ],
)
def test_a_plan_reports_the_function_url(tmp_path: Path, region: str, state: str, expected: str) -> None:
    changed(tmp_path, ORGANIZATION, "region: eu-west-1", f"region: {region}")
    config = changed(tmp_path, ORGANIZATION, "url: true", "url: false")
    without = plan(example_deployment(config), _nothing())
    assert "function URL" not in _text(without)
    assert _document(without)["function_url"] == "off"

    found = plan(example_deployment(changed(tmp_path, ORGANIZATION, "url: false", "url: true")), _nothing())
    assert expected in _text(found)
    assert _document(found)["function_url"] == state


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        pytest.param("https://abc.lambda-url.eu-west-1.on.aws/", None, id="the installation's URL"),
        pytest.param("https://def.lambda-url.eu-west-1.on.aws/", "function URL is https://def.", id="another URL"),
        pytest.param(None, "function URL does not exist yet", id="no URL yet"),
    ],
)
def test_a_plan_warns_about_a_configured_url_of_another_installation(
    tmp_path: Path, current: str | None, expected: str | None
) -> None:
    config = changed(tmp_path, ORGANIZATION, "url: true", "url: https://abc.lambda-url.eu-west-1.on.aws/")
    cloud = _nothing()
    found = replace(plan(example_deployment(config), cloud), current_url=current)
    shown = _text(found, everything=True)
    assert ("the wrong address" in shown) == (expected is not None)
    assert (expected or "") in shown


def _text(found: Plan, organization: Organization = EXAMPLE, *, everything: bool = False) -> str:
    """The lines joined, so that line breaks do not matter."""
    return " ".join(" ".join(line.text for line in _lines(found, organization, everything=everything)).split())


def _document(found: Plan, organization: Organization = EXAMPLE) -> dict[str, Any]:
    document = plan_document(found, organization, caller=CALLER)
    check_document(document, "plan")
    return document


def test_the_first_plan_creates_everything_and_counts_it() -> None:
    text = _text(plan(example_deployment(), FakeCloud(EXAMPLE)))
    assert text.startswith(f"Plan for organization o-exampleorg1, as {CALLER}")
    assert "+ stack deployer-artifacts in eu-west-1" in text
    assert "+ Infrastructure, Infrastructure/Deployment, Workloads/Dev: covered from now on, in eu-west-1 " in text
    assert "+ Workloads/Prod: 2 accounts, 6 stack instances in eu-west-1, us-east-1" in text
    assert (
        "create update delete unchanged stack instances 23 0 0 0 in accounts 9 0 0 in OUs 6 0 0 in regions 3 0 0 "
        in text
    )
    assert "StackSets 2 0 0 0 stacks 2 0 0 0 settings of 6 OUs change" in text


def test_every_excluded_account_has_its_reason() -> None:
    found = plan(example_deployment(), FakeCloud(EXAMPLE))
    short = _text(found)
    assert "management account: not enabled for this OU: 1 account in 1 OU" in short
    assert "not enabled for this OU: 3 accounts in 2 OUs suspended: 1 account in 1 OU" in short
    assert "alice-sandbox" not in short
    text = _text(found, everything=True)
    assert "Root: management (100000000000)" in text
    assert "Suspended: old-project (600000000001)" in text
    assert "Sandbox: alice-sandbox (500000000001), bob-sandbox (500000000002)" in text


def test_a_plan_without_changes_is_reported() -> None:
    deployment = example_deployment()
    found = plan(deployment, rolled_out(deployment))
    assert found.is_empty
    assert "Nothing to change in the whole organization." in [line.text for line in _lines(found)]
    assert _document(found)["changes"] is False


def test_a_setting_is_shown_with_both_values(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    found = plan(example_deployment(changed(tmp_path, PROD, "per_hour: 50", "per_hour: 60")), cloud)
    text = _text(found)
    assert "~ Workloads/Prod, Workloads/Prod/Payments create.limit.per_hour: 50 -> 60" in text
    assert "~ stack deployer-central in eu-west-1 ~ Thing (AWS::SQS::Queue): A" in text
    assert "= StackSet deployer-access: unchanged" in _text(found, everything=True)
    assert "deployer-access" not in text


def test_instances_with_the_same_changes_are_combined() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    state = cloud.stack_sets.there[FORWARDING]
    cloud.stack_sets.there[FORWARDING] = replace(state, body=state.body.replace("ENABLED", "DISABLED"))
    text = _text(plan(deployment, cloud))
    assert "~ StackSet deployer-forwarding ~ ForwardingRule (AWS::Events::Rule): State" in text
    assert "~ 14 instances: the same 1 change" in text
    assert "stack instances 0 14 0 9" in text


def test_deletions_are_emphasized(tmp_path: Path) -> None:
    cloud = rolled_out(example_deployment())
    found = plan(example_deployment(changed(tmp_path, DEV, "enabled: true", "enabled: false")), cloud)
    text = _text(found)
    assert "- Workloads/Dev: no longer covered" in text
    names = "shop-dev (400000000001), search-dev (400000000002)"
    assert f"- Workloads/Dev: 4 stack instances in eu-west-1: {names}" in text
    assert "2 instances of deployer-forwarding; lost: the rule: pushes create no repositories there any more" in text
    assert "2 instances of deployer-access; lost: the roles" in text
    assert {line.tone for line in _lines(found) if "shop-dev" in line.text} == {"remove"}


def test_instances_that_move_between_stack_sets_are_distinguished_from_deletions(tmp_path: Path) -> None:
    changed(tmp_path, DEV, "", SCANNING)
    cloud = rolled_out(example_deployment(changed(tmp_path, PROD, "", SCANNING)))
    changed(tmp_path, DEV, SCANNING, "")
    found = plan(example_deployment(changed(tmp_path, PROD, "type: BASIC", "type: ENHANCED")), cloud)
    text = _text(found)
    assert "deployer: ECR scans images ENHANCED SCAN_ON_PUSH *" in text
    assert "~ 8 instances deleted first, for another StackSet of the same kind" in text
    assert "lost: what it configured; afterwards: ECR's default" in text
    assert (found.deletions, found.stack_sets[-1].change) == (2, "delete")
    moving = _document(found)["stack_sets"][-1]["instances"]["moving"]
    assert len(moving) == 8
    assert (
        "8 of the created stack instances replace others, which are deleted first and not counted as deletions" in text
    )


def test_future_accounts_that_aws_covers_as_configured_are_not_reported() -> None:
    found = plan(example_deployment(), FakeCloud(EXAMPLE))
    assert "new accounts" not in _text(found)
    future = _document(found)["stack_sets"][1]["future_accounts"]
    assert future == {"too_much": [], "too_little": []}


def test_future_accounts_that_get_too_much_are_reported(tmp_path: Path) -> None:
    uneven = plan(
        example_deployment(changed(tmp_path, NETWORK_FILE, "[eu-west-1, eu-central-1]", "[eu-central-1]")), _nothing()
    )
    text = _text(uneven)
    assert (
        "! accounts directly in Infrastructure can only be named; AWS then adds new accounts of Infrastructure/Network"
        " in eu-west-1 too, until the next roll-out removes them"
    ) in text
    (much,) = _document(uneven)["stack_sets"][1]["future_accounts"]["too_much"]
    assert (much["ou"], much["regions"], much["via"]["ou"]) == (
        "Infrastructure/Network",
        ["eu-west-1"],
        "Infrastructure",
    )


def test_future_accounts_that_get_too_little_are_reported(tmp_path: Path) -> None:
    """No account is directly in the OU yet, so there is none to name with it."""
    moved = replace(EXAMPLE.accounts["200000000003"], parent_id="ou-exam-dev00001")
    organization = replace(EXAMPLE, accounts={**EXAMPLE.accounts, moved.id: moved})
    config = changed(tmp_path, NETWORK_FILE, "[eu-west-1, eu-central-1]", "[eu-central-1]")
    found = plan(example_deployment(config, organization=organization), FakeCloud(organization))
    assert (
        "! AWS covers an OU only with all OUs below it, so new accounts directly in Infrastructure get eu-west-1 with"
        " the next roll-out"
    ) in _text(found, organization)
    document = _document(found, organization)
    (little,) = document["stack_sets"][1]["future_accounts"]["too_little"]
    assert (little["ou"], little["regions"]) == ("Infrastructure", ["eu-west-1"])


def test_the_document_has_the_totals() -> None:
    deployment = example_deployment()
    document = _document(plan(deployment, _nothing()))
    assert document["totals"] == {"create": 23, "update": 0, "delete": 0, "unchanged": 0}
    again = _document(plan(deployment, rolled_out(deployment)))
    assert again["totals"] == {"create": 0, "update": 0, "delete": 0, "unchanged": 23}


MORE = 40


def _with_teams(parent: str, number: int = MORE) -> Organization:
    """The example with many more OUs of one account each."""
    ids = [f"ou-exam-team{number:04d}" for number in range(number)]
    ous = {id_: OrganizationalUnit(id=id_, name=f"Team {int(id_[-4:]):02}", parent_id=parent) for id_ in ids}
    accounts = {
        f"7{number:011d}": Account(id=f"7{number:011d}", name=f"team-{number}", parent_id=id_)
        for number, id_ in enumerate(ids)
    }
    return replace(EXAMPLE, ous={**EXAMPLE.ous, **ous}, accounts={**EXAMPLE.accounts, **accounts})


def test_ous_with_the_same_changes_are_counted_after_the_first_few() -> None:
    organization = _with_teams("ou-exam-dev00001")
    text = _text(plan(example_deployment(organization=organization), FakeCloud(organization)), organization)
    first = "+ Infrastructure, Infrastructure/Deployment, Workloads/Dev"
    assert f"{first} and {MORE} more OUs: covered from now on, in eu-west-1 " in text
    assert "Team 30" not in text
    assert re.search(r"Workloads/Dev and 40 more OUs: 44 accounts, 88 stack instances in eu-west-1 ", text)
    assert "Workloads/Dev/Team 30: 1 account, 2 stack instances in eu-west-1" in _text(
        plan(example_deployment(organization=organization), FakeCloud(organization)), organization, everything=True
    )


def test_ous_excluded_for_the_same_reason_are_one_line() -> None:
    organization = _with_teams("ou-exam-sand0001")
    found = plan(example_deployment(organization=organization), FakeCloud(organization))
    assert f"not enabled for this OU: {3 + MORE} accounts in {2 + MORE} OUs" in _text(found, organization)
    assert "Sandbox/Team 30: team-30 (700000000030)" in _text(found, organization, everything=True)


def test_an_account_without_the_regions_of_the_scope_is_excluded_for_that_reason() -> None:
    scope = find_scope(EXAMPLE, ous=["Workloads"], accounts=(), regions=["us-east-1"])
    text = _text(plan(example_deployment(scope=scope), _nothing()), everything=True)
    assert "region not enabled, only eu-west-1: 2 accounts in 1 OU Workloads/Dev: shop-dev (400000000001)" in text
    assert "not enabled for this OU: 1 account in 1 OU Workloads: workloads-baseline (300000000005)" in text


def test_unreachable_instances_are_reported() -> None:
    deployment = example_deployment()
    cloud = rolled_out(deployment)
    state = cloud.stack_sets.there[ACCESS]
    left = Instance(account="999999999999", region="eu-west-1", ou_id="ou", status="CURRENT")
    cloud.stack_sets.there[ACCESS] = replace(state, instances=(*state.instances, left))
    text = _text(plan(deployment, cloud))
    assert "! 999999999999 in eu-west-1 should be deleted, but AWS does not reach the account any more" in text


def test_instances_of_suspended_accounts_are_reported_in_one_line_and_nothing_is_planned() -> None:
    accounts = {
        **EXAMPLE.accounts,
        **{id_: replace(EXAMPLE.accounts[id_], state="SUSPENDED") for id_ in ("300000000001", "300000000002")},
    }
    organization = replace(EXAMPLE, accounts=accounts)
    found = plan(example_deployment(organization=organization), rolled_out(example_deployment()))
    assert found.is_empty
    text = _text(found, organization)
    names = "shop-prod (300000000001), search-prod (300000000002)"
    assert f"6 instances skipped by AWS (suspended): {names}" in text
    assert text.count("skipped by AWS") == 1
    assert "unrequired" not in text


def test_a_scope_plans_only_its_own_accounts() -> None:
    scope = find_scope(EXAMPLE, ous=["Workloads/Dev"], accounts=(), regions=())
    text = _text(plan(example_deployment(scope=scope), FakeCloud(EXAMPLE)))
    assert "+ Workloads/Dev: 2 accounts, 4 stack instances in eu-west-1" in text
    assert "Infrastructure: " not in text


@pytest.mark.parametrize("accounts", [13, 40])
def test_many_accounts_are_counted_after_the_first_few(tmp_path: Path, accounts: int) -> None:
    more = {
        f"7{number:011d}": Account(id=f"7{number:011d}", name=f"dev-{number}", parent_id="ou-exam-dev00001")
        for number in range(accounts - 2)
    }
    organization = replace(EXAMPLE, accounts={**EXAMPLE.accounts, **more})
    cloud = rolled_out(example_deployment(organization=organization))
    off = changed(tmp_path, DEV, "enabled: true", "enabled: false")
    text = _text(plan(example_deployment(off, organization=organization), cloud), organization)
    assert f"- Workloads/Dev: {2 * accounts} stack instances in eu-west-1: shop-dev" in text
    assert f"and {accounts - 12} more" in text


# Numbers
_ROW = re.compile(r"^ +(stack instances|in accounts|in OUs) +([\d,]+) +([\d,]+) +([\d,]+)", re.MULTILINE)
_OU = re.compile(
    r"(?P<sign>[+~-]) (?P<named>[^+~!]*?): (?:(?P<accounts>[\d,]+) accounts?, )?(?P<instances>[\d,]+) stack instances?"
    r" in (?P<regions>[a-z0-9, -]+[0-9])(?:: (?P<names>[^-]*(?:-[^ ][^-]*)*))?"
)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


@settings(max_examples=40)
@given(
    teams=st.sampled_from([0, 1, 11, 30]),
    parent=st.sampled_from(["ou-exam-dev00001", "ou-exam-prod0001"]),
    gone=st.sets(st.integers(0, 25), max_size=8),
    outdated=st.sets(st.integers(0, 25), max_size=8),
    is_off=st.booleans(),
    everything=st.booleans(),
)
def test_totals_never_contradict_lines(
    teams: int, parent: str, gone: set[int], outdated: set[int], is_off: bool, everything: bool
) -> None:
    organization, before, after = _installation(teams, parent, is_off)
    cloud = FakeCloud(organization)
    cloud.stack_sets.there |= before.stack_sets.there
    cloud.stacks.there |= before.stacks.there
    state = cloud.stack_sets.there[FORWARDING]
    kept = tuple(
        replace(one, status="OUTDATED") if number in outdated else one
        for number, one in enumerate(state.instances)
        if number not in gone
    )
    cloud.stack_sets.there[FORWARDING] = replace(state, instances=kept)
    found = plan(after, cloud)
    lines = plan_lines(found, organization, caller=CALLER, everything=everything)
    text = "\n".join(line.text for line in lines)
    rows = {what: [_number(one) for one in numbers] for what, *numbers in _ROW.findall(text)}
    assert rows["stack instances"] == [found.creations, found.updates, found.deletions]

    sections = {one.title: one for one in plan_sections(found, organization, everything=everything)}
    summed = {sign: [0, 0, 0] for sign in "+~-"}
    for title in ("By OU", "Removals"):
        shown = " ".join(" ".join(line.text for line in sections[title].lines).split()) if title in sections else ""
        for one in _OU.finditer(shown):
            more = re.search(r" and (\d+) more OU", one["named"])
            names = one["names"] or ""
            further = re.search(r" and (\d+) more", names)
            accounts = _number(one["accounts"]) if one["accounts"] else len(re.findall(r"\(\d{12}\)", names))
            summed[one["sign"]][0] += accounts + (int(further[1]) if further else 0)
            summed[one["sign"]][1] += one["named"].count(",") + 1 + (int(more[1]) if more else 0)
            summed[one["sign"]][2] += _number(one["instances"])
    columns = dict(zip(("in accounts", "in OUs", "stack instances"), zip(*summed.values(), strict=True), strict=True))
    assert {what: list(numbers) for what, numbers in columns.items()} == rows


@cache
def _installation(teams: int, parent: str, is_off: bool) -> tuple[Organization, FakeCloud, Deployment]:
    organization = _with_teams(parent, teams)
    everything = example_deployment(organization=organization)
    if not is_off:
        return organization, rolled_out(everything), everything
    with tempfile.TemporaryDirectory() as folder:
        off = changed(Path(folder), DEV, "enabled: true", "enabled: false")
        return organization, rolled_out(everything), example_deployment(off, organization=organization)


@pytest.mark.parametrize("teams", [3, 60, 400])
@pytest.mark.parametrize("is_off", [False, True], ids=["the first roll-out", "a removal"])
def test_the_last_screen_before_the_prompt_has_the_totals(teams: int, is_off: bool) -> None:
    organization = _with_teams("ou-exam-dev00001", teams)
    if is_off:
        organization, cloud, deployment = _installation(teams, "ou-exam-dev00001", True)
        found = plan(deployment, cloud)
    else:
        found = plan(example_deployment(organization=organization), FakeCloud(organization))
    lines = _lines(found, organization)
    assert len(lines) < 100, "a few screens, whatever the number of OUs"
    last = " ".join(" ".join(line.text for line in lines[-SCREEN:]).split())
    assert "In short" in last, "all of it is on one screen"
    assert f"stack instances {found.creations} {found.updates} {found.deletions}" in last
    changes = changes_by_ou(found, organization)
    accounts, more = sum(len(one.accounts) for one in changes), counted(len(changes) - 3, "more OU")
    if is_off:
        assert f"DELETES {found.deletions} stack instances of " in last
        assert f"and {more}: {accounts} accounts" in last
    else:
        assert f"and {more}: {accounts} accounts, {found.creations} stack instances in " in last
        assert "+ deployer-artifacts, deployer-central, deployer-access, deployer-forwarding" in last
        assert re.search(r"! \d cautions?, see above", last)


def test_each_deleted_stack_set_is_listed_with_everything_that_is_lost(tmp_path: Path) -> None:
    changed(tmp_path, DEV, "", SCANNING)
    cloud = rolled_out(example_deployment(changed(tmp_path, PROD, "", SCANNING.replace("BASIC", "ENHANCED"))))
    text = _text(plan(example_deployment(), cloud))
    assert text.count("; lost: what it configured; afterwards: ECR's default") == 2
    assert text.count("Amazon Inspector is switched off") == 2


def test_a_warning_that_many_ous_cause_is_shown_once() -> None:
    organization = _with_teams("ou-exam-dev00001", 1)
    (first, *_), overreach = plan(example_deployment(organization=organization), FakeCloud(organization)).stack_sets, []
    for number in range(MORE):
        via = OrganizationalUnit(id=f"ou-exam-v{number:07d}", name=f"Via {number:02}", parent_id="ou-exam-dev00001")
        organization = replace(organization, ous={**organization.ous, via.id: via})
        regions = frozenset({"eu-west-1"})
        overreach.append(Overreach(ou_id="ou-exam-team0000", via=via.id, regions=regions, is_left_over=False))
    found = replace(first, overreach=tuple(overreach))
    (text,) = stack_set_cautions(found, organization, everything=False)
    assert "Workloads/Dev/Via 02 and 37 more OUs can only be named" in text
    assert text.count("Workloads/Dev/Team 00") == 1
    assert len(list(stack_set_cautions(found, organization, everything=True))) == MORE


def test_a_first_plan_states_that_targets_of_auto_deployment_remain() -> None:
    deployment = example_deployment()
    text = _text(plan(deployment, _nothing()))
    assert "an OU once targeted stays a target as long as accounts in it are covered" in text
    assert "once targeted" not in _text(plan(deployment, rolled_out(deployment)))


# Formats
@pytest.mark.parametrize("teams", [3, 400])
def test_markdown_is_collapsible_and_fits_a_comment(teams: int) -> None:
    organization = _with_teams("ou-exam-dev00001", teams)
    found = plan(example_deployment(organization=organization), FakeCloud(organization))
    text = plan_markdown(found, organization, caller=CALLER, course=Course(), everything=True)
    assert len(text) < 65_536
    assert text.startswith(f"### deployer: stack instances: {found.creations:,} to create")
    assert text.count("<details") == text.count("</details>") >= 5
    assert text.count("```text") * 2 == len(re.findall("^```", text, re.MULTILINE))


def test_markdown_that_is_too_long_is_cut_with_a_count() -> None:
    organization = _with_teams("ou-exam-dev00001", 2000)
    found = plan(example_deployment(organization=organization), FakeCloud(organization))
    text = plan_markdown(found, organization, caller=CALLER, course=Course(), everything=True)
    assert 60_000 < len(text) < 65_536
    assert re.search(r"… [\d,]+ more lines", text)
    assert "more sections omitted" in text


def test_names_are_escaped_in_markdown() -> None:
    evil = replace(EXAMPLE.accounts["400000000001"], name="</details>```\n@all <img src=x>")
    organization = replace(EXAMPLE, accounts={**EXAMPLE.accounts, evil.id: evil})
    cloud = rolled_out(example_deployment(organization=organization))
    _, _, off = _installation(0, "ou-exam-dev00001", True)
    found = plan(replace(off, desired=replace(off.desired, organization=organization)), cloud)
    text = plan_markdown(found, organization, caller=CALLER, course=Course(), everything=True)
    assert "@all" in text
    assert "````text" in text
    assert re.search("^@all", text, re.MULTILINE) is None


def test_annotations_have_the_totals_and_each_warning() -> None:
    _, cloud, off = _installation(0, "ou-exam-dev00001", True)
    lines = list(plan_annotations(plan(off, cloud), EXAMPLE, course=Course()))
    assert lines[0].startswith("::notice title=deployer plan::stack instances: 0 to create, 0 to update, 4 to delete")
    assert lines[1] == "::warning title=deployer plan::4 stack instances would be deleted"
    assert all(line.startswith(("::notice ", "::warning ")) and "\n" not in line for line in lines)
