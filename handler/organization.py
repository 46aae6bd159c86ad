"""Looks up the OU of an account in AWS Organizations when an event arrives; falls back to the last roll-out's data.

DescribeAccount returns the whole path in one call (`Paths`); if it does not, ListParents is called from the account up
to the root. Organizations allows only a few calls a second for a whole organization, so a response is cached for some
minutes. If the request fails, the structure of the organization at the last roll-out, which the settings file contains,
is used, and the record states this.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler import reasons
from handler.aws_errors import translate_errors
from handler.concurrency import CachedValue, SingleFlight
from handler.errors import PermanentError
from handler.ports import Membership
from handler.settings_file import SettingsFile
from handler.text import clean

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

LOOKUP_LIFETIME: Final = timedelta(minutes=5)
"""How long the former OU's settings may still apply to an account after it moved."""
FALLBACK_LIFETIME: Final = timedelta(seconds=30)

_NOT_IN_ORGANIZATION = frozenset({"AccountNotFoundException", "ChildNotFoundException"})
_MAX_PROBLEM_LENGTH = 500
_MAX_DEPTH = 8
"""OUs nest up to five levels below the root."""


class Accounts:
    """The OUs of each account; None for one that is not in the organization."""

    def __init__(
        self,
        client: OrganizationsClient,
        *,
        settings: SettingsFile,
        organization_id: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._organization_id = organization_id
        self._settings = settings
        self._clock = clock
        self._cache = SingleFlight[str, Membership | None](clock=clock)

    def membership(self, account: str) -> Membership | None:
        """The OUs of an account. Raises the error of Organizations if the last roll-out did not know the account."""
        return self._cache.get(account, lambda: self._load(account))

    def _load(self, account: str) -> CachedValue[Membership | None]:
        """The response of Organizations (A19), or the OUs at the last roll-out if the request fails."""
        try:
            with translate_errors("DescribeAccount", location=account, denied=reasons.ORGANIZATION_NOT_READABLE):
                membership = self._look_up(account)
        except (PermanentError, ClientError, BotoCoreError) as error:
            last_known = self._settings.last_known_chain(account)
            if last_known is None:
                raise
            problem = clean(
                f"AWS Organizations could not be read, so the OU at the last roll-out was used: {error}",
                limit=_MAX_PROBLEM_LENGTH,
            )
            is_denied = isinstance(error, PermanentError) and error.reason == reasons.ORGANIZATION_NOT_READABLE
            fallback = Membership(chain=last_known, source="remembered", problem=problem, is_denied=is_denied)
            return CachedValue(fallback, self._clock() + FALLBACK_LIFETIME)
        return CachedValue(membership, self._clock() + LOOKUP_LIFETIME)

    def _look_up(self, account: str) -> Membership | None:
        try:
            described = self._client.describe_account(AccountId=account)["Account"]
            paths = described.get("Paths") or []
            chain = self._chain(paths[0]) if paths else self._chain_of_parents(account)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_IN_ORGANIZATION:
                return None
            raise
        if chain is None:
            return None
        return Membership(chain=chain, source="asked", account_name=clean(described.get("Name", "")))

    def _chain(self, path: str) -> tuple[str, ...] | None:
        """`o-…/r-…/ou-…/123456789012/` without organization and account; None for a path of another organization."""
        organization, *chain, _account = path.strip("/").split("/")
        return tuple(chain) if organization == self._organization_id else None

    def _chain_of_parents(self, account: str) -> tuple[str, ...]:
        chain: list[str] = []
        child = account
        while len(chain) < _MAX_DEPTH:
            parent = self._client.list_parents(ChildId=child)["Parents"][0]
            child = parent["Id"]
            chain.append(child)
            if parent["Type"] == "ROOT":
                break
        return tuple(reversed(chain))
