"""The callers of requests: access keys of the accounts' administrators, of IAM users and of assumed roles.

moto takes any access key and falls back to an account of its own; here a key that was never issued is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.core.utils import utcnow
from moto.iam.models import AccessKey, IAMBackend, iam_backends
from moto.sts.models import AssumedRole, sts_backends

PARTITION = "aws"
ADMINISTRATOR = "administrator"
"""Name of the IAM user that each account's own credentials belong to."""

ALLOW_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The keys that an AWS client signs with; long-term keys have no session token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a session has beyond its role: its source identity, its tags, and which of these go on to other roles."""

    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller as IAM and CloudTrail see it.

    `arn` is the user's or the session's; `role_arn` the role's, with its path, for sessions. `unrestricted` callers
    are administrators of their account: no identity policy is evaluated for them.
    """

    arn: str
    account: str
    access_key_id: str
    user_id: str
    user_name: str | None = None
    role_arn: str | None = None
    session_name: str | None = None
    session_created: datetime | None = None
    carried: Carried = Carried()
    unrestricted: bool = False


CARRIED = "sandbox_carried"
"""The attribute of moto's session that keeps what STS was given for it, which moto drops."""


class UnknownCredentials(Exception):  # noqa: N818 - describes a request; the gate translates it
    """No account issued this access key, or its session token is wrong."""


class ExpiredCredentials(Exception):  # noqa: N818 - as above
    """The session has expired."""


def administrator_credentials(account_id: str) -> Credentials:
    """The keys of an account's administrator: always the same, so that a shell keeps working after a restart."""
    return Credentials(access_key_id=f"AKIASBOX{account_id}", secret_access_key=f"sandbox/{account_id}/".ljust(40, "x"))


def issue_administrator(account_id: str) -> None:
    """Make the account's administrator known to moto, so that `GetCallerIdentity` and the like answer as in AWS."""
    iam: IAMBackend = iam_backends[account_id][PARTITION]
    iam.create_user(region_name="us-east-1", user_name=ADMINISTRATOR)
    iam.put_user_policy(ADMINISTRATOR, "everything", ALLOW_EVERYTHING)
    key: AccessKey = iam.create_access_key(ADMINISTRATOR)
    del iam.access_keys[key.access_key_id]
    credentials = administrator_credentials(account_id)
    key.access_key_id = credentials.access_key_id
    key.secret_access_key = credentials.secret_access_key
    iam.access_keys[key.access_key_id] = key


def secret_of(access_key_id: str) -> str | None:
    """The secret behind an access key that was issued here; None for any other key."""
    found = _find(access_key_id)
    return found[1].secret_access_key if found else None


def principal_of(access_key_id: str, *, session_token: str | None) -> Principal:
    """The owner of an access key; raises UnknownCredentials or ExpiredCredentials, which AWS distinguishes."""
    found = _find(access_key_id)
    if found is None:
        raise UnknownCredentials(access_key_id)
    account_id, key = found
    if key.role_arn or access_key_id.startswith("ASIA"):
        return _session_principal(account_id, key, session_token=session_token)
    if key.status != "Active" or session_token:
        raise UnknownCredentials(access_key_id)
    return _user_principal(account_id, key)


KEPT_SESSIONS = timedelta(hours=1)
"""How long an expired session is still answered as expired; after that its credentials are unknown."""


_SWEEP = 100
"""Sessions are swept at every hundredth of an account."""


def forget_expired_sessions(account_id: str) -> None:
    """Drop the sessions of an account that expired long ago: a sandbox may run for days."""
    sts, iam = sts_backends[account_id][PARTITION], iam_backends[account_id][PARTITION]
    if len(sts.assumed_roles) % _SWEEP:
        return
    oldest = utcnow() - KEPT_SESSIONS
    for session in [one for one in sts.assumed_roles if one.expiration < oldest]:
        sts.assumed_roles.remove(session)
        iam.access_keys.pop(session.access_key_id, None)
        _last_found.pop(session.access_key_id, None)


_last_found: dict[str, str] = {}
"""A cache of accounts by access key: every call needs it, and an organization may have thousands of accounts."""


def _find(access_key_id: str) -> tuple[str, AccessKey] | None:
    if (account_id := _last_found.get(access_key_id)) in iam_backends:
        assert account_id is not None
        key = iam_backends[account_id][PARTITION].access_keys.get(access_key_id)
        if key is not None:
            return account_id, key
    for account_id, backends in list(iam_backends.items()):
        key = backends[PARTITION].access_keys.get(access_key_id)
        if key is not None:
            _last_found[access_key_id] = account_id
            return account_id, key
    return None


def _user_principal(account_id: str, key: AccessKey) -> Principal:
    assert key.user_name is not None
    user = iam_backends[account_id][PARTITION].get_user(key.user_name)
    return Principal(
        arn=user.arn,
        account=account_id,
        access_key_id=key.access_key_id,
        user_id=user.id,
        user_name=user.name,
        unrestricted=key.access_key_id == administrator_credentials(account_id).access_key_id,
    )


def _session_principal(account_id: str, key: AccessKey, *, session_token: str | None) -> Principal:
    session: AssumedRole | None = sts_backends[account_id][PARTITION].get_assumed_role_from_access_key(
        key.access_key_id
    )
    if session is None or session.session_token != session_token:
        raise UnknownCredentials(key.access_key_id)
    if session.expiration <= utcnow():
        raise ExpiredCredentials(key.access_key_id)
    return Principal(
        arn=session.arn,
        account=account_id,
        access_key_id=key.access_key_id,
        user_id=session.user_id,
        role_arn=session.role_arn,
        session_name=session.session_name,
        session_created=key.create_date,
        carried=getattr(session, CARRIED, Carried()),
    )
