"""Alternative behaviors that AWS may turn out to have, contrary to the sandbox's default.

AWS documents none of these. Each can be switched on, so that a check for such a behavior can be seen to fail when AWS
has it: a check that cannot fail proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from aws_org_sandbox import seams


class Behaviour(StrEnum):
    """A behavior of AWS that contradicts an assumption."""

    TARGET_ROLES_WITHOUT_SOURCE = (
        "EventBridge assumes roles of targets without aws:SourceArn and aws:SourceAccount"  # A1
    )
    OWN_OUS_REPORTED = "an instance reports its account's own OU, even if it was deployed through a parent OU"  # A2
    FILTERED_CREATION_REGISTERS_NOTHING = "a creation with an account filter does not change auto-deployment"  # A3
    DELETION_ENDS_ALL_REGIONS = "deleting an OU's instances in one region ends auto-deployment in all"  # A4
    MOVES_REPLACE_STACKS = "an account moved between OUs of one StackSet gets new stacks"  # A5
    INDEX_PAGES_LOSE_ITEMS = "a query of an index leaves out items with the key that a page ended with"  # A6
    PASSED_ROLES_WITHOUT_SERVICE = "iam:PassRole is evaluated without iam:PassedToService"  # A8
    ORGANIZATION_UNKNOWN = "aws:PrincipalOrgID is missing for callers from other accounts"  # A9
    EVENTS_WITHOUT_PARAMETERS = "CloudTrail leaves out requestParameters of refused ECR calls"  # A10
    EVENTS_LATE = "CloudTrail delivers events twenty minutes after the call"  # A11
    TAGS_LATE = "authorization ignores the tags of a new repository"  # A12
    FORWARDED_WITHOUT_KEYS = "a forwarded event lacks events:source and events:detail-type"  # A13
    MISSING_REPOSITORIES_DENIED = "ECR denies calls to repositories that do not exist"  # A14
    LIMITED_UPDATE_ENDS_AUTO_DEPLOYMENT = "UpdateStackSet of some instances disables auto-deployment"  # A15
    UNSPECIFIC_REASONS = "reasons of failed stack instances name neither resource nor type"  # A16
    SUSPENDED_ACCOUNTS_FAIL = "instances of suspended accounts fail instead of being skipped"  # A17
    NO_EVENT_FOR_OWNERS = "a registry's account has no event of another account's refused call"  # A18
    OUTSIDE_ACCOUNTS_INVALID = "Organizations reports an account outside the organization as invalid input"  # A19
    SUSPENDED_INSTANCES_STAY = "instances of suspended accounts are not released either"  # A20
    EXISTING_INSTANCES_REFUSED = "a creation is refused if an account has an instance already"  # A22
    ORGANIZATION_UNKNOWN_TO_URLS = "policies of functions with URLs do not know the caller's organization"  # A23
    MISSING_ROLES_NAMED = "AssumeRole reports that a role does not exist"  # A24
    CREATION_REFUSALS_DENY_PUSHES = "a push is denied if the role of a creation template may not create"  # A25
    CREATIONS_WITHOUT_ROLE = "CloudTrail does not show the role that created a repository on push"  # A26
    CREATED_PUSHES_NOT_FOUND = "a push that creates its repository has an event of a missing repository, too"  # A27
    PUSHERS_JUDGED_LATE = "ECR creates the repository before it checks whether the caller may push"  # A28
    POLICIES_NOT_APPLIED = "ECR does not apply the policies of a creation template with the template's own role"  # A29
    CREATIONS_WITHOUT_TAGS = "CloudTrail leaves out the tags of repositories that are created"  # A30
    FEW_CREATION_TEMPLATES = "a registry takes ten repository creation templates"  # A31
    API_CALLS_CREATE = "a call of ECR's API creates the repository that a creation template covers"  # A32
    REPOSITORY_POLICIES_UNCHECKED = "ECR accepts repository policies with empty lists and values of another type"  # A33
    TEMPLATES_FOR_EVERYTHING = "ECR creates on push by creation templates for other purposes, too"  # A34
    OMITTED_PROPERTIES_STAY = "an update keeps the values of properties that the new template omits"  # A35
    REPOSITORY_POLICIES_LATE = "authorization ignores the policies of repositories for minutes"  # A36
    TOPIC_ROLES_UNUSED = "EventBridge publishes to a topic without the role of the target"  # A21


_altered: set[Behaviour] = set()


def is_altered(behaviour: Behaviour) -> bool:
    """Whether the sandbox currently has this behavior; called by the seam that implements it."""
    return behaviour in _altered


@contextmanager
def altered(*behaviours: Behaviour) -> Iterator[None]:
    """Enable this behavior until the block ends or the sandbox is reset."""
    _altered.update(behaviours)
    try:
        yield
    finally:
        _altered.difference_update(behaviours)


@seams.on_reset
def _forget() -> None:
    _altered.clear()
