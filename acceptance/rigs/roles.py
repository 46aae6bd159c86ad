"""Roles in the member account: those that `deployer` makes, by its own template, and two for the checks themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acceptance.lab import Lab
from deployer.aws.session import Session
from deployer.pushing.pusher_policy import PUSH_ACTIONS
from templates import access, policies, trust
from templates.parts import role

_RETRIED = {"AccessDenied"}
"""What STS answers about a role that is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The roles of the member account, by ARN."""

    auditor: str
    pusher: str
    """May push to the repositories of this run, and nothing else."""
    writer: str
    """May create repositories and finish them, by the very statements of the creator role."""


def roles(lab: Lab) -> Roles:
    """The roles, made for the first check that needs them."""
    return lab.shared("roles", lambda: _build(lab))


def _build(lab: Lab) -> Roles:
    names = lab.names
    template = access.template(names)
    template.add_resource(_pusher(lab))
    template.add_resource(_writer(lab))
    lab.stack("member", "roles", template.to_dict())
    account = lab.environment.member_account
    return Roles(
        auditor=names.role_arn(account, names.auditor_role),
        pusher=names.role_arn(account, lab.name("pusher")),
        writer=names.role_arn(account, lab.name("writer")),
    )


def _pusher(lab: Lab) -> Any:
    names, environment = lab.names, lab.environment
    repositories = f"arn:{names.partition}:ecr:*:{environment.member_account}:repository/{lab.prefix}/*"
    return role(
        "PusherRole",
        names,
        name=lab.name("pusher"),
        description="Pushes to repositories of an acceptance run",
        trusted=trust.auditors(names),
        purpose="push",
        allowed=[
            {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {"Sid": "Push", "Effect": "Allow", "Action": list(PUSH_ACTIONS), "Resource": repositories},
        ],
    )


def _writer(lab: Lab) -> Any:
    names = lab.names
    return role(
        "WriterRole",
        names,
        name=lab.name("writer"),
        description="Creates repositories of an acceptance run",
        trusted=trust.auditors(names),
        purpose="create-repositories",
        allowed=[policies.create_repositories(), policies.finish_created_repositories()],
    )


def session_of(lab: Lab, role_arn: str, *, region: str | None = None, policy: str | None = None) -> Session:
    """A session of a role of the member, assumed from the central account at a regional endpoint.

    `policy` limits the session further.
    """
    client = lab.client("central", "sts", region)
    limited = {"Policy": policy} if policy else {}
    parsed = lab.wait_while(
        _RETRIED,
        lambda: client.assume_role(RoleArn=role_arn, RoleSessionName=lab.prefix, **limited)["Credentials"],
    )
    return Session(
        region=region or lab.environment.region,
        aws_access_key_id=parsed["AccessKeyId"],
        aws_secret_access_key=parsed["SecretAccessKey"],
        aws_session_token=parsed["SessionToken"],
    )
