"""Service control policies must allow the calls of StackSets, the creator role, EventBridge, the handler and ECR."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.doctor.actual_state import ActualState, Coverage, Unread
from deployer.doctor.finding import Finding, problem, unchecked, warning
from deployer.doctor.scps import Level, Obstacle, Request, obstacle
from deployer.organization import Organization
from deployer.partitions import partition_of
from deployer.words import account_names, listed
from templates.names import Names

LIST = "aws organizations list-policies-for-target --filter SERVICE_CONTROL_POLICY --target-id {target}"
SHOW = "aws organizations describe-policy --policy-id {policy} --query Policy.Content --output text"
_MANAGEMENT = "In the management account, run:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A call that must be allowed. `role` makes it, in every covered region, or once with `is_global`.

    `owner` and `home` are the account and region of the resource if they are not the caller's own.
    """

    role: str
    action: str
    resource: str
    is_global: bool = False
    owner: str = ""
    home: str = ""


STACK_SETS_ROLE = "stacksets-exec-00000000000000000000000000000000"
"""StackSets act as `stacksets-exec-` and an id, which differs by account."""


def member_needs(names: Names, *, has_function_url: bool) -> tuple[Need, ...]:
    """Calls in every covered account."""
    roles = f"role/{names.creator_role}"
    regional = (
        ("cloudformation:CreateStack", f"stack/StackSet-{names.forwarding_stack_set}-0/0"),
        ("events:PutRule", f"rule/{names.forwarding_rule}"),
        ("events:PutTargets", f"rule/{names.forwarding_rule}"),
        ("sqs:CreateQueue", names.forwarding_dead_letter_queue),
        ("sqs:SetQueueAttributes", names.forwarding_dead_letter_queue),
    )
    creating = ("CreateRepository", "TagResource", "PutLifecyclePolicy", "SetRepositoryPolicy")
    return (
        *(Need(role=STACK_SETS_ROLE, action=f"iam:{action}", resource=roles, is_global=True)
          for action in ("CreateRole", "PutRolePolicy", "TagRole")),
        *(Need(role=STACK_SETS_ROLE, action=action, resource=resource) for action, resource in regional),
        *(Need(role=names.creator_role, action=f"ecr:{action}", resource="repository/team-a/api")
          for action in creating),
        *([Need(role=names.creator_role, action="iam:GetRole", resource="role/ci-build", is_global=True)]
          if has_function_url else []),
        Need(role=names.forwarding_role, action="events:PutEvents", resource=f"event-bus/{names.event_bus}",
             owner=names.central_account, home=names.central_region),
    )  # fmt: skip


def template_needs(names: Names, region: str, digest: str) -> tuple[Need, ...]:
    """Calls for the creation templates of one region: by StackSets, and by ECR during a push."""
    role = names.native_role(region, digest)
    return (
        *(Need(role=STACK_SETS_ROLE, action=f"iam:{action}", resource=f"role/{role}", is_global=True)
          for action in ("CreateRole", "PutRolePolicy", "TagRole", "PassRole")),
        Need(role=STACK_SETS_ROLE, action="ecr:CreateRepositoryCreationTemplate", resource="*"),
        Need(role=role, action="ecr:CreateRepository", resource="repository/team-a/api"),
    )  # fmt: skip


def central_needs(names: Names, members: Iterable[str], *, has_function_url: bool) -> tuple[Need, ...]:
    """Calls of the handler from the central account's home region, to members too."""
    return (
        *(Need(role=names.function_role, action="sts:AssumeRole", resource=f"role/{names.creator_role}", owner=member)
          for member in sorted(members)),
        Need(role=names.function_role, action="dynamodb:PartiQLInsert", resource=f"table/{names.ledger_table}"),
        *([Need(role=names.function_role, action="lambda:InvokeFunction", resource=f"function:{names.function}")]
          if has_function_url else []),
    )  # fmt: skip


def service_control_policies(actual: ActualState) -> Iterator[Finding]:
    """No policy from the root to a covered account denies a call that is needed there."""
    policies, organization, coverage = actual.policies, actual.organization, actual.coverage
    if isinstance(policies, Unread):
        yield unchecked("service control policies", policies, _MANAGEMENT, LIST.format(target="ACCOUNT"))
        return
    if isinstance(organization, Unread) or isinstance(coverage, Unread):
        return  # another check reports the reason
    found: dict[tuple[str, str, bool], _Affected] = defaultdict(_Affected)
    requests = _requests(actual.names, coverage, has_function_url=actual.has_function_url)
    for account, request in (*requests, *_template_requests(actual.names, coverage)):
        chain = (*organization.account_chain(account), account)
        levels: list[Level] = [(level, policies.get(level, ())) for level in chain if level in policies]
        if account != organization.management_account_id and (one := obstacle(levels, request)):
            found[one.policy.id if one.policy else "", one.level, one.is_certain].add(one, account, request)
    for affected in found.values():
        yield _finding(affected, organization)


class _Affected:
    """The calls, accounts and regions that one policy denies."""

    def __init__(self) -> None:
        self.obstacle: Obstacle | None = None
        self.accounts: dict[str, None] = {}
        self.actions: dict[str, None] = {}
        self.regions: dict[str, None] = {}

    def add(self, one: Obstacle, account: str, request: Request) -> None:
        """Add a call that it denies."""
        self.obstacle = one
        self.accounts[account] = self.actions[request.action] = self.regions[request.region] = None


def _requests(names: Names, coverage: Coverage, *, has_function_url: bool) -> Iterator[tuple[str, Request]]:
    for account, regions in sorted(coverage.regions.items()):
        for need in member_needs(names, has_function_url=has_function_url):
            for region in (_iam_region(names),) if need.is_global else regions:
                yield account, _request(need, names, account, region)
    for need in central_needs(names, coverage.regions, has_function_url=has_function_url):
        yield names.central_account, _request(need, names, names.central_account, names.central_region)


def _template_requests(names: Names, coverage: Coverage) -> Iterator[tuple[str, Request]]:
    for account, digest in sorted(coverage.creation_templates.items()):
        for region in coverage.regions[account]:
            for need in template_needs(names, region, digest):
                yield account, _request(need, names, account, _iam_region(names) if need.is_global else region)


def _iam_region(names: Names) -> str:
    return partition_of(names.central_region).iam_region or names.central_region


def _request(need: Need, names: Names, account: str, region: str) -> Request:
    service = need.action.split(":")[0]
    owner = f"{'' if service in {'iam', 'sts'} else need.home or region}:{need.owner or account}"
    home = "iam" if service == "sts" else service
    return Request(
        principal=names.role_arn(account, need.role),
        action=need.action,
        resource=f"arn:{names.partition}:{home}:{owner}:{need.resource}",
        region=region,
    )


def _finding(affected: _Affected, organization: Organization) -> Finding:
    one = affected.obstacle
    assert one is not None
    level = organization.path(one.level) if one.level in organization.ous else one.level
    what = (
        f"{listed(affected.actions)} in {listed(affected.regions)} for {account_names(organization, affected.accounts)}"
    )
    if one.policy is None:
        verb = "allows" if one.is_certain else "certainly allows"
        return (problem if one.is_certain else warning)(
            f"No service control policy on {level} {verb} {what}", _MANAGEMENT, LIST.format(target=one.level)
        )
    show = SHOW.format(policy=one.policy.id)
    name = f"The service control policy {one.policy.name} ({one.policy.id}) on {level}"
    if one.is_certain:
        exempt = "Exempt the roles stacksets-exec-* and deployer's, or remove these from the config files. To show it:"
        return problem(f"{name} denies {what}", exempt, show)
    return warning(
        f"{name} may deny {what}: it depends on conditions that are only known during a call",
        "Read its conditions in the management account, or roll out to one account first:",
        show,
    )
