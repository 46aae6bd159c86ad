"""The input of the checks, as AWS reports it. A refused read is a value, `Unread`, rather than an error. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from deployer.organization import Organization
from deployer.planning.other_installations import FoundInstallation
from templates.names import Names

STACK_SETS_PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
"""The service principal that a delegated administrator of StackSets is registered for."""

ENABLED_REGION = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})
"""Values of RegionOptStatus under which StackSets can deploy to a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A value that could not be read: the required IAM action, and the reason. `is_denied`: access was denied."""

    action: str
    reason: str
    is_denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The caller of the command."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSummary:
    """The response of DescribeOrganization; `feature_set` is ALL or CONSOLIDATED_BILLING."""

    id: str
    management_account: str
    feature_set: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A trail that reaches the central account. `reads` and `writes`: whether it logs those management events."""

    name: str
    home_region: str
    is_multi_region: bool
    is_organization_trail: bool
    is_logging: bool | Unread
    reads: bool | Unread
    writes: bool | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceControlPolicy:
    """A policy with its document as JSON text."""

    id: str
    name: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The usage of a quota, what a roll-out adds to it, and its limit."""

    name: str
    code: str
    service: str
    used: int | Unread
    added: int
    limit: int | Unread
    default: int


Holder = Literal["ours", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A resource with a name that a roll-out uses: deployer's own, by its tag, or another owner's."""

    type: str
    name: str
    region: str
    holder: Holder | Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The accounts and regions that the config files cover; they match the organization."""

    regions: Mapping[str, tuple[str, ...]]
    """By account, active ones only."""
    handles_pulls: bool
    """Whether any OU enables creation on pull, which requires a trail that logs read events."""
    creation_templates: Mapping[str, str] = field(default_factory=dict)
    """By account that gets creation templates: the digest of their content, which its roles are named by."""

    @property
    def all_regions(self) -> frozenset[str]:
        return frozenset(region for regions in self.regions.values() for region in regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualState:
    """The actual state that the checks need."""

    names: Names
    organization_id: str | None
    """The organization that organization.yaml names, if it names one."""
    runtime: str
    known_runtimes: frozenset[str]
    """Those of the installed botocore's model of Lambda."""
    missing_endpoints: Mapping[str, frozenset[str]]
    """Services without an endpoint that botocore knows, by region."""
    caller: Caller | Unread
    summary: OrganizationSummary | Unread
    organization: Organization | Unread
    trusted_access: str | Unread
    delegated: frozenset[str] | Unread
    """Accounts that are registered as delegated administrators of StackSets."""
    config_problems: tuple[str, ...]
    """Problems of the config files with the organization."""
    coverage: Coverage | Unread
    central_regions: Mapping[str, str] | Unread
    """OptInStatus of all regions, by region: opt-in-not-required, opted-in, not-opted-in."""
    opt_in_regions: Mapping[str, Mapping[str, str] | Unread]
    """RegionOptStatus by account and opt-in region that is covered there; the management account has all of them."""
    trails: tuple[Trail, ...] | Unread
    policies: Mapping[str, tuple[ServiceControlPolicy, ...]] | Unread
    """Service control policies by the root, OU or account that they are attached to."""
    quotas: tuple[Quota, ...]
    existing: tuple[Existing, ...] | Unread
    installations: tuple[FoundInstallation, ...] | Unread
    """All installations in the organization, this one included."""
    unread_regions: Mapping[str, str]
    """Enabled regions whose StackSets could not be listed, with the reason."""
    creation_templates: Mapping[str, int] = field(default_factory=dict)
    """How many creation templates each native OU or account requires in each of its registries, by path or id."""
    has_function_url: bool = False
    """Whether the handler gets a URL for requests."""

    @property
    def is_management(self) -> bool:
        """Whether the central account is the management account."""
        return not isinstance(self.summary, Unread) and self.summary.management_account == self.names.central_account
