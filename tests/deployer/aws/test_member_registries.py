"""What is read of members' registries from the answers of ECR."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployer.aws.member_registries import MemberRegistry
from deployer.usage.images import summary_of

LOCAL = timezone(timedelta(hours=14))
"""botocore returns times in the time zone of the machine."""
MORNING = datetime(2026, 11, 29, 5, tzinfo=LOCAL)
OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution.manifest"


def registry(operation: str, answer: dict[str, Any]) -> MemberRegistry:
    client = boto3.client(
        "ecr", region_name="eu-west-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret"
    )
    stubber = Stubber(client)
    stubber.add_response(operation, answer)
    stubber.activate()
    return MemberRegistry(client, location="here", partition="aws", resolve_alias=lambda alias: alias)


@pytest.mark.parametrize("index", [f"{OCI}.index.v1+json", f"{DOCKER}.list.v2+json"])
def test_the_bytes_of_a_manifest_list_are_those_of_its_images_and_count_once(index: str) -> None:
    kinds = ((index, 700), (f"{OCI}.manifest.v1+json", 700), (f"{DOCKER}.v2+json", 500))
    details = [{"imageManifestMediaType": kind, "imageSizeInBytes": size} for kind, size in kinds]
    found = summary_of(registry("describe_images", {"imageDetails": details}).images("team-a/api"))
    assert (found.images, found.size) == (3, 1200)


def test_times_are_in_utc_on_a_machine_in_any_time_zone() -> None:
    details = [{"imagePushedAt": MORNING, "lastRecordedPullTime": MORNING}]
    [image] = registry("describe_images", {"imageDetails": details}).images("team-a/api")
    described = {"repositoryName": "team-a/api", "repositoryArn": "arn:aws:ecr:eu-west-1:300000000001:repository/a"}
    settings = {
        "createdAt": MORNING,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    [listed] = registry("describe_repositories", {"repositories": [described | settings]}).repositories()
    for moment in (image.pushed_at, image.pulled_at, listed.created_at):
        assert moment is not None
        assert (moment, moment.tzinfo) == (MORNING, UTC)
        assert f"{moment:%Y-%m-%d}" == "2026-11-28"
