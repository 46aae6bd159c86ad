"""What to do about a stack instance that failed, by AWS's words for the reason. Pure.

AWS documents the error codes, not the sentences that StackSets make of them (assumption A16), so a reason that none of
these recognize gets the general advice. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-troubleshooting.html
"""

from __future__ import annotations

import re
from collections.abc import Collection

from deployer.quotas import ROLES, in_service_quotas, increase

AGAIN = "`deployer rollout --only-failed`"

_ACTION = re.compile(r"not authorized to perform:? (?P<action>[a-z0-9-]+:[A-Za-z*]+)")
_PREFIX = re.compile(r"(?:(?:identifier|prefix) '|: )(?P<prefix>[^\s']+)'? already exists")
_SERVICE = re.compile(r"\(AWS::(?P<service>\w+)::\w+\)")
_GENERAL = "Its events are in CloudFormation's console in that account and region. Then {again}."
_KNOWN = (
    (
        r"was added to (role|event rule) ",
        (
            "`deployer status --deep` lists the commands that remove what was added. Run them with administrator"
            " credentials of each account, then `deployer rollout --org --deep`."
        ),
    ),
    (
        r"must (detach|delete|remove) .*first|can't be deleted since it has targets",
        (
            "Somebody added a policy or an instance profile to the role, or a target to the rule, so AWS does not"
            " delete it. Remove that in these accounts, then delete the stack there, and roll out again."
        ),
    ),
    (
        r"service control policy",
        (
            "A service control policy denies {action}, likely by a statement with a condition on aws:RequestedRegion"
            " ({regions}) or aws:PrincipalArn; `deployer doctor` names it. Exempt the roles stacksets-exec-* there, or"
            " remove the account or region from the config files. Then {again}."
        ),
    ),
    (
        r"rate exceeded|throttl|too ?many ?requests",
        "{again} in a few minutes; with a lower --max-concurrent if it occurs again.",
    ),
    (r"RolesPerAccount", f"In each of these accounts: `{increase(ROLES)}`. Then {{again}}."),
    (
        r"limit ?exceeded|exceed(s|ed)? (the |your )?(\w+ )?(quota|limit)|quota",
        f"In each of these accounts, request an increase {in_service_quotas('{service}')}. Then {{again}}.",
    ),
    (
        r"RepositoryCreationTemplate.*already exists in stack .*registry-creation-templates-",
        (
            "The account was moved between OUs, or joined one in which an account's own file gives other creation"
            " templates, and AWS creates and deletes in any order. It may now have the other ones, or none, so that the"
            " handler creates its repositories: {again}."
        ),
    ),
    (
        r"RepositoryCreationTemplate.*already ?exists",
        (
            "Somebody else's creation template has that prefix. If it is not needed, delete it with credentials of each"
            " account (`aws ecr delete-repository-creation-template --prefix {prefix}`, with --region); else set"
            " `engine: handler` there. Then {again}."
        ),
    ),
    (
        r"already ?exists",
        "Another resource in these accounts has that name: delete or rename it. Then {again}.",
    ),
    (
        r"OptInRequired|region .*(is disabled|is not enabled)|security token .* is invalid",
        "Enable {regions} in these accounts and in the management account, or remove it from `regions`.",
    ),
    (
        r"cannot assume|should have .* role|trust relationship",
        (
            "In the management account: `aws cloudformation activate-organizations-access`, which creates the roles"
            " that StackSets use. Then {again}."
        ),
    ),
    (
        r"not authorized|access ?denied",
        (
            "Allow {action} for the roles stacksets-exec-*: a resource policy, a permissions boundary or a hook of"
            " these accounts denies it. Then {again}."
        ),
    ),
    (
        r"can no longer reach the account",
        "The account has left the organization, so AWS deletes nothing there.",
    ),
    (r"cancel", "It was not tried, after failures elsewhere: {again}."),
)


def advice(reason: str, regions: Collection[str], *, again: str = AGAIN) -> str:
    """The next step for failures with one reason, as `shortened` gives it; `regions` are those that it occurs in.

    `again` is the command that retries them.
    """
    action, service, prefix = (pattern.search(reason) for pattern in (_ACTION, _SERVICE, _PREFIX))
    text = next((text for pattern, text in _KNOWN if re.search(pattern, reason, re.IGNORECASE)), _GENERAL)
    return text.format(
        action=action["action"] if action else "the call",
        service=service["service"] if service else "the service that it names",
        prefix=prefix["prefix"] if prefix else "PREFIX",
        regions=", ".join(sorted(regions)),
        again=again,
    )
