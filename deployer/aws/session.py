"""One boto3 session, the caller's identity, and clients: retries in standard mode, finite timeouts, each created once.

`AWS_ENDPOINT_URL` is honoured by botocore itself, which is how the sandbox is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, overload

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from deployer.aws.errors import QUOTA_REACHED, translated, unusable_settings
from deployer.aws.pacing import pacers
from deployer.clock import SYSTEM_CLOCK, Clock
from deployer.local_endpoint import check_endpoint
from handler.clients import Client
from handler.json_values import JsonValue

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.model import OperationModel
    from mypy_boto3_account import AccountClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

ATTEMPTS = 8
"""Of each call, the first included; standard mode backs off with jitter, 20 s at most between two."""

_CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    user_agent_extra="deployer",
)

_OPTIONAL_READS = _CLIENT.merge(
    ClientConfig(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=15)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The response of GetCallerIdentity."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`: the second part of every ARN."""
        return self.arn.split(":", 2)[1]

    @property
    def session_name(self) -> str:
        """The caller's own name, for sessions of roles that it assumes: CloudTrail shows who assumed them."""
        name = re.sub(r"[^\w+=,.@-]", "-", self.arn.rsplit("/", 1)[-1], flags=re.ASCII)
        return name[:64].ljust(2, "-")


class Session:
    """Credentials of one principal. `region` is the default region of clients; `clock` paces their calls."""

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **credentials: str,
    ) -> None:
        with translated():
            self._boto = boto3.Session(profile_name=profile, region_name=region, **credentials)  # type: ignore[arg-type]
        self._clients: dict[tuple[str, str | None], Client] = {}
        self._clock = clock

    def as_role(self, role_arn: str) -> Session:
        """A session of a role, for an hour, under the caller's own name as CloudTrail shows it."""
        name = self.identity.session_name
        with translated():
            given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
        return Session(
            region=self.region,
            clock=self._clock,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    @property
    def region(self) -> str | None:
        return self._boto.region_name

    @property
    def credentials(self) -> Credentials | None:
        """The caller's credentials, for requests that are signed without a client; None if there are none."""
        return self._boto.get_credentials()

    @property
    def ca_bundle(self) -> str | None:
        """The file of certificate authorities that AWS_CA_BUNDLE or the profile names, if any."""
        found: str | None = self._boto._session.get_config_variable("ca_bundle")  # boto3 has no other way
        return found

    @cached_property
    def identity(self) -> Identity:
        """The caller's identity, read once; needs no permission, so it fails only without valid credentials."""
        with translated():
            answer = self.client("sts").get_caller_identity()
        return Identity(account=answer["Account"], arn=answer["Arn"])

    @overload
    def client(self, service: Literal["account"], *, region: str | None = None) -> AccountClient: ...
    @overload
    def client(self, service: Literal["cloudformation"], *, region: str | None = None) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["cloudtrail"], *, region: str | None = None) -> CloudTrailClient: ...
    @overload
    def client(self, service: Literal["dynamodb"], *, region: str | None = None) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["ec2"], *, region: str | None = None) -> EC2Client: ...
    @overload
    def client(self, service: Literal["events"], *, region: str | None = None) -> EventBridgeClient: ...
    @overload
    def client(self, service: Literal["iam"], *, region: str | None = None) -> IAMClient: ...
    @overload
    def client(self, service: Literal["lambda"], *, region: str | None = None) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["logs"], *, region: str | None = None) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["organizations"], *, region: str | None = None) -> OrganizationsClient: ...
    @overload
    def client(self, service: Literal["s3"], *, region: str | None = None) -> S3Client: ...
    @overload
    def client(self, service: Literal["service-quotas"], *, region: str | None = None) -> ServiceQuotasClient: ...
    @overload
    def client(self, service: Literal["sns"], *, region: str | None = None) -> SNSClient: ...
    @overload
    def client(self, service: Literal["sqs"], *, region: str | None = None) -> SQSClient: ...
    @overload
    def client(self, service: Literal["sts"], *, region: str | None = None) -> STSClient: ...
    def client(self, service: str, *, region: str | None = None) -> object:
        """The client of a service in a region, the session's own by default."""
        return self.client_of(service, region=region)

    def client_of(self, service: str, *, region: str | None = None) -> Client:
        """`client` for a service that is only known at run time."""
        return self._made((service, region), service, region, _CLIENT)

    def cloudformation_for_optional_reads(self, *, region: str) -> CloudFormationClient:
        """A client with short timeouts, for regions that a policy may deny and a network may not reach."""
        key = ("cloudformation for optional reads", region)
        client: CloudFormationClient = self._made(key, "cloudformation", region, _OPTIONAL_READS)
        return client

    def ecr_client(self, *, region: str, is_fips: bool = False, is_dual_stack: bool = False) -> ECRClient:
        """The ECR API at the kind of endpoint that a registry's host name means.

        An endpoint that is set by AWS_ENDPOINT_URL is used unchanged: botocore refuses to combine the two.
        """
        if os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL"):
            is_fips = is_dual_stack = False
        key = (f"ecr fips={is_fips} dual={is_dual_stack}", region)
        endpoint = ClientConfig(use_fips_endpoint=is_fips, use_dualstack_endpoint=is_dual_stack)
        client: ECRClient = self._made(key, "ecr", region, _CLIENT.merge(endpoint))
        return client

    def _made(self, key: tuple[str, str | None], service: str, region: str | None, config: ClientConfig) -> Client:
        """The client of a key, created at its first use."""
        if key not in self._clients:
            with translated():
                try:
                    create: Callable[..., Client] = self._boto.client
                    self._clients[key] = create(service, region_name=region, config=config)
                except ValueError as error:  # of an endpoint's URL, or a region's name
                    raise unusable_settings(error) from error
            check_endpoint(self._clients[key].meta.endpoint_url)
            events = self._clients[key].meta.events
            events.register_first("needs-retry.cloudformation", _refuse_quotas)
            for event, handler in pacers(service, self._clock):
                events.register(event, handler)
        return self._clients[key]


def _refuse_quotas(response: tuple[object, JsonValue] | None, operation: OperationModel, **_: object) -> None:
    """A quota stays reached: botocore's standard mode would repeat the call for half a minute, as if it throttled."""
    parsed: JsonValue = response[1] if response else {}
    if parsed.get("Error", {}).get("Code") in QUOTA_REACHED:
        raise ClientError(parsed, operation.name)
