"""Composes reads of repositories: credentials, and the auditor role of the account that a repository is in."""

from __future__ import annotations

from functools import cache

from deployer.aws.repository_settings import read_settings
from deployer.aws.session import Session
from deployer.composition.installation import Installation


class Auditor:
    """Reads repositories of any account of the organization, and changes nothing."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._as_auditor = cache(self._assume)

    def settings_of(self, *, account: str, region: str, repository: str) -> dict[str, object] | None:
        """The settings of a repository, as in `handler.requested`; None if it does not exist."""
        return read_settings(self._as_auditor(account), repository, region=region)

    def _assume(self, account: str) -> Session:
        names = self._installation.names
        return self._installation.session.as_role(names.role_arn(account, names.auditor_role))
