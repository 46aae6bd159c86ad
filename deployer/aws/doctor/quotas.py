"""Usage and quotas of the caller's account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deployer.aws.doctor.attempts import after
from deployer.aws.errors import code_of
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import StackSetReader
from deployer.doctor.actual_state import Caller, Quota, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The needs of a roll-out: StackSets by name, instances of the largest StackSet, roles."""

    stack_sets: frozenset[str]
    instances: int
    roles: int


def quotas(session: Session, who: Caller | Unread, names: Collection[str] | Unread, added: Added) -> tuple[Quota, ...]:
    """`names` are the StackSets that exist; roles are counted in the central account, which has the most of ours."""
    found = () if isinstance(names, Unread) else names
    summary = after(who, "iam:GetAccountSummary", lambda: session.client("iam").get_account_summary()["SummaryMap"])
    return (
        Quota(
            name="StackSets",
            service="cloudformation",
            code="L-EC62D81A",
            used=names if isinstance(names, Unread) else len(names),
            added=len(added.stack_sets - set(found)),
            limit=_limit(session, who, "L-EC62D81A", default=1_000),
            default=1_000,
        ),
        Quota(
            name="Instances of a StackSet",
            service="cloudformation",
            code="L-C8225BA5",
            used=0,
            added=added.instances,
            limit=_limit(session, who, "L-C8225BA5", default=100_000),
            default=100_000,
        ),
        Quota(
            name="IAM roles in the central account",
            service="iam",
            code="L-FE177D64",
            used=summary if isinstance(summary, Unread) else summary["Roles"],
            added=added.roles,
            limit=summary if isinstance(summary, Unread) else summary["RolesQuota"],
            default=1_000,
        ),
    )


def stack_sets(reader: StackSetReader, who: Caller | Unread) -> Mapping[str, str] | Unread:
    """All StackSets that the caller's account administers: descriptions by name."""
    return after(who, "cloudformation:ListStackSets", reader.descriptions)


def _limit(session: Session, who: Caller | Unread, code: str, *, default: int) -> int | Unread:
    """The applied quota; AWS's default if no other was ever applied."""

    def read() -> int:
        client = session.client("service-quotas")
        try:
            return int(client.get_service_quota(ServiceCode="cloudformation", QuotaCode=code)["Quota"]["Value"])
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":
                raise
            return default

    return after(who, "servicequotas:GetServiceQuota", read)
