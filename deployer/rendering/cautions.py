"""What a person should know before a roll-out: cautions of a plan, a sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from deployer.organization import Organization
from deployer.planning.losses import TABLE_TYPE, losses, restoring
from deployer.planning.plan import Plan
from deployer.planning.states import OperationInProgress
from deployer.rendering.stack_sets import stack_set_cautions, targeted_ous
from deployer.rendering.waves import Course, course_cautions
from deployer.rollout.operations import describe_operation
from deployer.words import account_name, ou_paths

_COMMANDS = {"disabled": "enable-region", "unknown": "get-region-opt-status"}


def cautions(plan: Plan, organization: Organization, course: Course, *, everything: bool = False) -> tuple[str, ...]:
    """Those of a plan and of its course, each once. `everything`: each OU has its own."""
    found = chain(
        map(busy_text, plan.under_way),
        _losses(plan),
        _opt_in_warnings(plan, organization),
        _function_url(plan),
        _auto_deployment(plan, organization),
        course_cautions(plan, course),
        (text for one in plan.stack_sets for text in stack_set_cautions(one, organization, everything=everything)),
    )
    return tuple(dict.fromkeys(found))


def busy_text(busy: OperationInProgress) -> str:
    """Which operation keeps a StackSet busy, since when and by whom."""
    return f"StackSet {busy.stack_set} is busy: {describe_operation(busy.operation, over=busy.over, total=busy.total)}"


def _losses(plan: Plan) -> Iterator[str]:
    """What deleted resources held; DynamoDB keeps a backup of a table that had point-in-time recovery."""
    for type_, name, what in losses(plan):
        if type_ == TABLE_TYPE:
            yield f"table {name} is created again without its {what}. {restoring(name)}"
        else:
            yield f"{name} is created again without its {what}"


def _opt_in_warnings(plan: Plan, organization: Organization) -> Iterator[str]:
    management = account_name(organization, organization.management_account_id)
    for region, status in plan.opt_in_warnings:
        found = "is not enabled" if status == "disabled" else "has to be enabled"
        known = "" if status == "disabled" else ", which only that account itself can check"
        yield (
            f"{region} {found} in the management account {management}{known}: stack instances there fail otherwise."
            f" With its credentials: `aws account {_COMMANDS[status]} --region-name {region}`"
        )


def _function_url(plan: Plan) -> Iterator[str]:
    """What `ensure.url` opens in the central account, and whether its address is the handler's."""
    if plan.function_url == "deployed" and plan.central.change != "unchanged":
        yield "function URL: a public endpoint that answers only calls signed by principals of this organization"
    elif plan.function_url == "unavailable":
        yield (
            "no function URL, which `ensure.url` requests: AWS documents no address of one in"
            f" {plan.central.key.region}. `deployer ensure` uses events instead."
        )
    if plan.function_url == "deployed" and plan.configured_url not in {None, plan.current_url}:
        actual = f"is {plan.current_url}" if plan.current_url else "does not exist yet, and AWS chooses its address"
        yield (
            f"`ensure.url` in organization.yaml is {plan.configured_url}, but the handler's function URL {actual}:"
            " `deployer ensure` and `deployer push` with these files send their requests to the wrong address."
            " Replace it with the URL that `deployer rollout` prints."
        )


def _auto_deployment(plan: Plan, organization: Organization) -> Iterator[str]:
    """It comes before the roll-out, since AWS has no call to take it back."""
    targeted = {ou_id for one in plan.stack_sets for ou_id in targeted_ous(one)}
    if targeted:
        yield (
            f"AWS from now on also deploys to accounts that join {ou_paths(organization, targeted)}: an OU once"
            " targeted stays a target as long as accounts in it are covered, and AWS has no call to take that back"
        )
