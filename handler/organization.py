"""Which OU an account is in, asked of AWS Organizations when an event comes, and remembered as the last resort.

DescribeAccount tells the whole path in one call (`Paths`); where it does not, ListParents climbs from the account to
the root. Organizations answers a few calls a second for a whole organization, so an answer serves a few minutes; when
it cannot be asked, the organization as of the last roll-out, which is in the settings, is used and said to be.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler import reasons
from handler.aws_errors import told
from handler.concurrency import Fresh, SingleFlight
from handler.errors import PermanentError
from handler.ports import Membership
from handler.settings_file import SettingsFile
from handler.text import clean

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

ASKED_FRESH: Final = timedelta(minutes=5)
"""How long an account that moved may still be governed by its former OU."""
REMEMBERED_FRESH: Final = timedelta(seconds=30)

_NOT_IN_ORGANIZATION = frozenset({"AccountNotFoundException", "ChildNotFoundException"})
_LONGEST_PROBLEM = 500
_DEEPEST = 8
"""OUs nest five deep below the root."""


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
        """Where an account is. Raises what Organizations said if it cannot be asked and nothing is remembered."""
        return self._cache.get(account, lambda: self._load(account))

    def _load(self, account: str) -> Fresh[Membership | None]:
        """What Organizations answers (A19), or what is remembered if it cannot be asked."""
        try:
            with told("DescribeAccount", where=account, denied=reasons.ORGANIZATION_NOT_READABLE):
                asked = self._ask(account)
        except (PermanentError, ClientError, BotoCoreError) as error:
            remembered = self._settings.remembered_chain(account)
            if remembered is None:
                raise
            problem = clean(f"Organizations could not be asked: {error}", limit=_LONGEST_PROBLEM)
            is_denied = isinstance(error, PermanentError) and error.reason == reasons.ORGANIZATION_NOT_READABLE
            membership = Membership(chain=remembered, source="remembered", problem=problem, is_denied=is_denied)
            return Fresh(membership, self._clock() + REMEMBERED_FRESH)
        return Fresh(asked, self._clock() + ASKED_FRESH)

    def _ask(self, account: str) -> Membership | None:
        try:
            described = self._client.describe_account(AccountId=account)["Account"]
            paths = described.get("Paths") or []
            chain = self._chain(paths[0]) if paths else self._climb(account)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_IN_ORGANIZATION:
                return None
            raise
        if chain is None:
            return None
        return Membership(chain=chain, source="asked", account_name=clean(described.get("Name", "")))

    def _chain(self, path: str) -> tuple[str, ...] | None:
        """`o-…/r-…/ou-…/123456789012/` without its ends; None for a path of another organization."""
        organization, *chain, _account = path.strip("/").split("/")
        return tuple(chain) if organization == self._organization_id else None

    def _climb(self, account: str) -> tuple[str, ...]:
        chain: list[str] = []
        child = account
        while len(chain) < _DEEPEST:
            parent = self._client.list_parents(ChildId=child)["Parents"][0]
            child = parent["Id"]
            chain.append(child)
            if parent["Type"] == "ROOT":
                break
        return tuple(reversed(chain))
