"""Finds the installations of the organization: StackSets in each region, buckets of the central account.

The buckets show in one call the regions in which the account has installations. Service-managed StackSets are all in
the management account, whoever creates them, so those of another central account are listed too:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import CallAs, StackSetReader
from deployer.clock import Clock
from deployer.errors import DeployerError, PermissionDeniedError
from deployer.planning.other_installations import FoundInstallation, by_bucket, by_stack_sets, central_account_in
from templates.names import MANAGED_BY_TAG, Names

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_AT_ONCE = 16
_UNREADABLE_BUCKET = {"AccessDenied", "NoSuchBucket", "NoSuchTagSet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationFinder:
    """Reads as the caller; `regions` are the enabled ones."""

    session: Session
    call_as: CallAs
    names: Names
    regions: Collection[str]
    clock: Clock

    def here(self, *, template: str | None = None) -> tuple[FoundInstallation, ...]:
        """By StackSets of the configured region, and by the account's buckets; two calls, and one for each candidate.

        `template` is that of the config files' forwarding StackSet, if it was read already.
        """
        client = self.session.client("cloudformation", region=self.names.central_region)
        return (*self._in_region(client, self.names.central_region, template=template), *self._buckets())

    def elsewhere(self) -> tuple[tuple[FoundInstallation, ...], Mapping[str, str]]:
        """By StackSets of all other regions, and the reason for each region that could not be read."""
        others = sorted({*self.regions} - {self.names.central_region})
        clients = [self.session.cloudformation_for_optional_reads(region=region) for region in others]  # in one thread
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = dict(zip(others, pool.map(self._attempt, clients, others), strict=True))
        found = tuple(one for result in results.values() if not isinstance(result, DeployerError) for one in result)
        return found, {key: one.message for key, one in results.items() if isinstance(one, DeployerError)}

    def _attempt(self, client: CloudFormationClient, region: str) -> tuple[FoundInstallation, ...] | DeployerError:
        """A service control policy may deny regions, a network not reach them, and they may refuse session tokens.

        Tokens of the global endpoint of STS are not valid in regions that are disabled by default:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
        """
        try:
            return self._in_region(client, region)
        except DeployerError as error:
            return error

    def _in_region(
        self, client: CloudFormationClient, region: str, *, template: str | None = None
    ) -> tuple[FoundInstallation, ...]:
        reader = StackSetReader(client, call_as=self.call_as, clock=self.clock)
        return tuple(
            replace(one, account=self._central_account(reader, template)) if one.prefix == self.names.prefix else one
            for one in by_stack_sets(reader.descriptions(), region=region)
        )

    def _central_account(self, reader: StackSetReader, template: str | None) -> str | None:
        """Of StackSets of the configured prefix; the caller may not read others."""
        bodies = (
            template or reader.template(name) for name in (self.names.forwarding_stack_set, self.names.access_stack_set)
        )
        found = (central_account_in(body, prefix=self.names.prefix) for body in bodies if body)
        try:
            return next((account for account in found if account), None)
        except PermissionDeniedError:
            return None

    def _buckets(self) -> Iterator[FoundInstallation]:
        client = self.session.client("s3", region=self.names.central_region)
        with translated():
            names = [one["Name"] for page in client.get_paginator("list_buckets").paginate() for one in page["Buckets"]]
        for name in names:
            found = by_bucket(name, account=self.session.identity.account)
            if found and name != self.names.artifacts_bucket and self._is_tagged(name, found):
                yield found

    def _is_tagged(self, bucket: str, found: FoundInstallation) -> bool:
        client = self.session.client("s3", region=found.region)
        with translated(found.region):
            try:
                tags = client.get_bucket_tagging(Bucket=bucket, ExpectedBucketOwner=found.account or "")["TagSet"]
            except ClientError as error:
                if code_of(error) not in _UNREADABLE_BUCKET:
                    raise
                return False
        return {"Key": MANAGED_BY_TAG, "Value": found.prefix} in tags
