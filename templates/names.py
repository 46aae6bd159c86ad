"""The names of all AWS resources of an installation, in one module, so that no two of them clash.

The central account can be a covered member itself. It then contains the resources of the central stack and of the
StackSets, so every name below is different.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MANAGED_BY_TAG = "deployer:managed-by"
"""Tag of all resources in the templates; its value is the prefix."""

PREFIX_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""What every service accepts in a name: S3 no upper case, CloudFormation only a letter as the first character."""

RESERVED_PREFIXES = ("sthree", "amzn-s3-demo")
"""Prefixes that S3 reserves (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)."""

PREFIX_MAXIMUM_LENGTH = 20
"""Keeps the bucket's name, the one closest to its limit, within 63 characters in every region."""


def prefix_problem(prefix: str) -> str | None:
    """Why a prefix is invalid, or None."""
    if len(prefix) > PREFIX_MAXIMUM_LENGTH:
        return f"longer than {PREFIX_MAXIMUM_LENGTH} characters"
    if not re.fullmatch(PREFIX_PATTERN, prefix):
        return "not lower-case letters, digits and single hyphens, starting with a letter"
    if prefix.startswith(RESERVED_PREFIXES):
        return "starts with a prefix that S3 reserves for its own buckets"
    return None


def handler_key(digest: str) -> str:
    """S3 key of the handler's zip in the artifacts bucket, by the SHA-256 of its bytes."""
    return f"handler/{digest}.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names and ARNs, derived from the prefix and the location of the central stack."""

    prefix: str
    organization_id: str
    central_account: str
    central_region: str
    partition: str = "aws"
    dns_suffix: str = "amazonaws.com"
    """The end of the partition's endpoints, and so of `kms:ViaService`."""

    def __post_init__(self) -> None:
        if problem := prefix_problem(self.prefix):
            raise ValueError(f"prefix {self.prefix!r}: {problem}")

    # Stacks and StackSets
    @property
    def artifacts_stack(self) -> str:
        return f"{self.prefix}-artifacts"

    @property
    def central_stack(self) -> str:
        return f"{self.prefix}-central"

    @property
    def access_stack_set(self) -> str:
        return f"{self.prefix}-access"

    @property
    def forwarding_stack_set(self) -> str:
        return f"{self.prefix}-forwarding"

    @property
    def creation_templates_stack_sets(self) -> str:
        """The beginning of the names of all StackSets of repository creation templates; a digest follows."""
        return f"{self.prefix}-registry-creation-templates-"

    # Central account
    @property
    def artifacts_bucket(self) -> str:
        """At most 63 characters. Bucket names are global, so this one contains account and region."""
        return f"{self.prefix}-artifacts-{self.central_account}-{self.central_region}"

    @property
    def event_bus(self) -> str:
        return f"{self.prefix}-events"

    @property
    def event_bus_statement(self) -> str:
        """Statement id in the bus's policy."""
        return "AdmitOrganization"

    @property
    def event_archive(self) -> str:
        """At most 48 characters."""
        return f"{self.prefix}-archive"

    @property
    def central_rule(self) -> str:
        return f"{self.prefix}-repository-not-found"

    @property
    def notices_rule(self) -> str:
        return f"{self.prefix}-notices"

    @property
    def notices_role(self) -> str:
        """The role with which EventBridge publishes notices."""
        return f"{self.prefix}-notices"

    @property
    def notices_dead_letter_queue(self) -> str:
        return f"{self.prefix}-notices-dead-letters"

    @property
    def notices_topic(self) -> str:
        return f"{self.prefix}-notices"

    @property
    def function(self) -> str:
        return f"{self.prefix}-handler"

    @property
    def function_role(self) -> str:
        return f"{self.prefix}-handler"

    @property
    def watch_function(self) -> str:
        return f"{self.prefix}-watch"

    @property
    def watch_role(self) -> str:
        return f"{self.prefix}-watch"

    @property
    def watch_rule(self) -> str:
        return f"{self.prefix}-watch"

    @property
    def watch_log_group(self) -> str:
        return f"/aws/lambda/{self.watch_function}"

    @property
    def operator_role(self) -> str:
        return f"{self.prefix}-operator"

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def ledger_table(self) -> str:
        return f"{self.prefix}-ledger"

    @property
    def failures_queue(self) -> str:
        return f"{self.prefix}-failures"

    @property
    def dashboard(self) -> str:
        return self.prefix

    @property
    def metric_namespace(self) -> str:
        return self.prefix

    def alarm(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    # Member accounts
    @property
    def creator_role(self) -> str:
        return f"{self.prefix}-creator"

    @property
    def auditor_role(self) -> str:
        """Reads repositories for `audit verify`."""
        return f"{self.prefix}-auditor"

    @property
    def repairer_role(self) -> str:
        """Restores the settings of repositories for `audit repair`."""
        return f"{self.prefix}-repairer"

    @property
    def cleaner_role(self) -> str:
        """Deletes blank repositories for `audit repair --delete-blank`; exists only if `cleanup` is configured."""
        return f"{self.prefix}-cleaner"

    @property
    def probe_repository(self) -> str:
        """The repository that `deployer doctor --probe` creates and deletes; nothing else may use it."""
        return f"{self.prefix}-probe"

    @property
    def forwarding_role(self) -> str:
        return f"{self.prefix}-forwarding"

    @property
    def forwarding_rule(self) -> str:
        return f"{self.prefix}-forwarding"

    @property
    def forwarding_dead_letter_queue(self) -> str:
        return f"{self.prefix}-forwarding-dead-letters"

    def native_role(self, region: str, digest: str) -> str:
        """The role with which ECR creates repositories by creation templates: one for each region and content.

        IAM is global, and an account that moves to another OU may get the new stack before the old one is deleted: so
        the name has the region and the content's digest. ECR takes no role with a path.
        """
        return f"{self.prefix}-native-{region}-{digest}"

    @property
    def native_role_pattern(self) -> str:
        """Regular expression for every name that `native_role` makes, of this prefix and no other (A26)."""
        return rf"{re.escape(self.prefix)}-native-[a-z]+(-[a-z]+){{1,2}}-[0-9]+-[0-9a-f]{{8}}"

    # ARNs
    @property
    def event_bus_arn(self) -> str:
        return f"arn:{self.partition}:events:{self.central_region}:{self.central_account}:event-bus/{self.event_bus}"

    @property
    def function_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.central_account}:role/{self.function_role}"

    @property
    def ledger_table_arn(self) -> str:
        return f"arn:{self.partition}:dynamodb:{self.central_region}:{self.central_account}:table/{self.ledger_table}"

    @property
    def operator_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.central_account}:role/{self.operator_role}"

    @property
    def watch_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.central_account}:role/{self.watch_role}"

    @property
    def notices_role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.central_account}:role/{self.notices_role}"

    @property
    def notices_rule_arn(self) -> str:
        owner = f"{self.central_region}:{self.central_account}"
        return f"arn:{self.partition}:events:{owner}:rule/{self.event_bus}/{self.notices_rule}"

    @property
    def notices_dead_letter_queue_arn(self) -> str:
        owner = f"{self.central_region}:{self.central_account}"
        return f"arn:{self.partition}:sqs:{owner}:{self.notices_dead_letter_queue}"

    @property
    def function_arn(self) -> str:
        return f"arn:{self.partition}:lambda:{self.central_region}:{self.central_account}:function:{self.function}"

    @property
    def watch_function_arn(self) -> str:
        return (
            f"arn:{self.partition}:lambda:{self.central_region}:{self.central_account}:function:{self.watch_function}"
        )

    @property
    def failures_queue_arn(self) -> str:
        return f"arn:{self.partition}:sqs:{self.central_region}:{self.central_account}:{self.failures_queue}"

    @property
    def event_archive_arn(self) -> str:
        return f"arn:{self.partition}:events:{self.central_region}:{self.central_account}:archive/{self.event_archive}"

    @property
    def central_rule_arn(self) -> str:
        owner = f"{self.central_region}:{self.central_account}"
        return f"arn:{self.partition}:events:{owner}:rule/{self.event_bus}/{self.central_rule}"

    @property
    def replay_arns(self) -> str:
        """The replays that `deployer failures replay` starts."""
        owner = f"{self.central_region}:{self.central_account}"
        return f"arn:{self.partition}:events:{owner}:replay/{self.prefix}-*"

    def alarm_arn(self, name: str) -> str:
        owner = f"{self.central_region}:{self.central_account}"
        return f"arn:{self.partition}:cloudwatch:{owner}:alarm:{self.alarm(name)}"

    def role_arn(self, account: str, role: str) -> str:
        """ARN of a role of the access StackSet; `*` means every account."""
        return f"arn:{self.partition}:iam::{account}:role/{role}"
