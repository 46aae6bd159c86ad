"""How ECR lists and describes images: pages, filters, the archive, recorded pulls, and what it refuses."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.ecr.models import ECRBackend, Image
from moto.ecr.responses import ECRResponse

from aws_org_sandbox.ecr.images import REFRESHED, SCHEMA2, StoredImage
from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.refusals import refusal

SHOP = "300000000001"
NAME = "team-a/api"
INVALID = "InvalidParameterException"


@pytest.fixture
def client(sandbox: Sandbox, ecr: Any) -> Client:
    ecr.create_repository(repositoryName=NAME)
    return Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(SHOP, "eu-west-1"))


@pytest.fixture
def pushed(ecr: Any, client: Client) -> oci_images.OciImage:
    """Three images: `1` and `a` name the first, `2` the second; the third has no tag."""
    images = [oci_images.build(content=content) for content in ("first", "second", "third")]
    for image, tag in zip(images, ("1", "2", None), strict=True):
        client.push(image, NAME, *([tag] if tag else []))
    ecr.put_image(repositoryName=NAME, imageManifest=images[0].manifest.decode(), imageTag="a")
    return images[0]


def described(ecr: Any, **request: Any) -> list[list[str]]:
    details = ecr.describe_images(repositoryName=NAME, **request)["imageDetails"]
    return sorted(detail.get("imageTags", []) for detail in details)


def archive(ecr: Any, tag: str, target: str = "ARCHIVE") -> Any:
    return ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageTag": tag}, targetStorageClass=target)


def test_an_image_has_the_fields_of_ecr(ecr: Any, pushed: oci_images.OciImage) -> None:
    [detail] = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": "1"}, {"imageTag": "a"}])["imageDetails"]
    assert abs(detail.pop("imagePushedAt") - datetime.now(UTC)) < timedelta(minutes=5)
    assert detail == {
        "registryId": SHOP,
        "repositoryName": NAME,
        "imageDigest": pushed.digest,
        "imageTags": ["1", "a"],
        "imageSizeInBytes": sum(map(len, pushed.blobs.values())),
        "imageManifestMediaType": pushed.media_type,
        "artifactMediaType": json.loads(pushed.manifest)["config"]["mediaType"],
        "imageStatus": "ACTIVE",
    }


def test_pages_filters_and_names(ecr: Any, pushed: oci_images.OciImage) -> None:
    every = [[], ["1", "a"], ["2"]]
    assert described(ecr) == described(ecr, filter={"tagStatus": "ANY"}) == every
    assert described(ecr, filter={"tagStatus": "TAGGED"}) == every[1:]
    assert described(ecr, filter={"tagStatus": "UNTAGGED"}) == [[]]
    for operation, key, number in (("describe_images", "imageDetails", 3), ("list_images", "imageIds", 4)):
        pages = [
            page[key]
            for page in ecr.get_paginator(operation).paginate(
                repositoryName=NAME, filter={"tagStatus": "ANY"}, PaginationConfig={"PageSize": 2}
            )
        ]
        assert [len(page) for page in pages] == [2, number - 2]
    listed = ecr.list_images(repositoryName=NAME)["imageIds"]
    assert sorted(one.get("imageTag", "") for one in listed) == ["", "1", "2", "a"]


def test_an_archived_image_is_listed_on_request_and_cannot_be_pulled(
    ecr: Any, client: Client, pushed: oci_images.OciImage
) -> None:
    assert archive(ecr, "1")["imageStatus"] == "ARCHIVED"
    assert described(ecr) == [[], ["2"]]
    assert described(ecr, filter={"imageStatus": "ARCHIVED"}) == [["1", "a"]]
    assert described(ecr, filter={"imageStatus": "ANY"}) == [[], ["1", "a"], ["2"]]
    assert len(ecr.list_images(repositoryName=NAME)["imageIds"]) == 2
    assert len(ecr.list_images(repositoryName=NAME, filter={"imageStatus": "ANY"})["imageIds"]) == 4
    with pytest.raises(Rejected) as caught:
        client.pull(NAME, "1")
    assert caught.value.status == 404
    again = {"repositoryName": NAME, "imageId": {"imageTag": "1"}, "targetStorageClass": "ARCHIVE"}
    assert refusal(ecr.update_image_storage_class, **again)[0] == "ImageStorageClassUpdateNotSupportedException"
    client.push(pushed, NAME, "1")
    assert described(ecr) == [[], ["1", "a"], ["2"]]
    archive(ecr, "2")
    archive(ecr, "2", "STANDARD")
    [detail] = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": "2"}])["imageDetails"]
    assert detail["lastArchivedAt"] <= detail["lastActivatedAt"]


def test_the_time_of_a_pull_is_recorded_once_in_24_hours(
    sandbox: Sandbox, ecr: Any, client: Client, pushed: oci_images.OciImage
) -> None:
    def recorded(tag: str) -> datetime | None:
        [detail] = ecr.describe_images(repositoryName=NAME, imageIds=[{"imageTag": tag}])["imageDetails"]
        found: datetime | None = detail.get("lastRecordedPullTime")
        return found

    client.request("HEAD", f"/v2/{NAME}/manifests/1")
    client.request("GET", f"/v2/{NAME}/tags/list")
    assert recorded("1") is None
    client.pull(NAME, "1")
    first = recorded("1")
    assert first is not None
    assert first >= datetime.now(UTC) - timedelta(minutes=5)
    client.pull(NAME, pushed.digest)
    assert recorded("a") == first, "one image, refreshed at least once in 24 hours"
    assert recorded("2") is None


def test_a_pull_after_a_day_is_recorded_again() -> None:
    image = StoredImage(SHOP, "1", "{}", NAME)
    image.last_recorded_pull = before = datetime.now(UTC) - REFRESHED
    image.record_pull()
    assert image.last_recorded_pull > before


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param({"imageIds": [{"imageTag": "1"}], "maxResults": 5}, INVALID, id="names and a page size"),
        pytest.param({"imageIds": [{"imageTag": "1"}], "nextToken": "x"}, INVALID, id="names and a token"),
        pytest.param({"imageIds": [{}]}, INVALID, id="neither tag nor digest"),
        pytest.param({"imageIds": [{"imageTag": "1"}] * 101}, INVALID, id="101 names"),
        pytest.param({"imageIds": [{"imageTag": "none"}]}, "ImageNotFoundException", id="a missing image"),
        pytest.param({"maxResults": 1001}, INVALID, id="more than 1,000 a page"),
        pytest.param({"nextToken": "x"}, INVALID, id="an unknown token"),
        pytest.param({"filter": {"tagStatus": "SOME"}}, INVALID, id="an unknown tag status"),
        pytest.param({"filter": {"imageStatus": "GONE"}}, INVALID, id="an unknown image status"),
    ],
)
@pytest.mark.usefixtures("client")
def test_invalid_requests_of_describe_images_are_refused(ecr: Any, request_: dict[str, Any], code: str) -> None:
    assert refusal(ecr.describe_images, repositoryName=NAME, **request_)[0] == code
    if "imageIds" not in request_:
        assert refusal(ecr.list_images, repositoryName=NAME, **request_)[0] == code


def test_repositories_are_listed_by_pages(ecr: Any) -> None:
    for number in range(101):
        ecr.create_repository(repositoryName=f"many/{number:03}")
    first = ecr.describe_repositories()
    assert len(first["repositories"]) == 100
    assert len(ecr.describe_repositories(nextToken=first["nextToken"])["repositories"]) == 1
    assert len(ecr.describe_repositories(maxResults=1000)["repositories"]) == 101
    for request in ({"maxResults": 1001}, {"nextToken": "x"}, {"repositoryNames": ["many/001"], "maxResults": 5}):
        assert refusal(ecr.describe_repositories, **request)[0] == INVALID


@pytest.mark.usefixtures("running_sandbox")
class TestCanaries:
    """What moto does by itself. If one of these fails, moto has changed: check whether its seam is still needed."""

    @pytest.mark.parametrize("operation", ["describe_repositories", "describe_images", "list_images"])
    def test_everything_is_on_one_page(self, operation: str) -> None:
        known = set(inspect.signature(getattr(ECRBackend, operation)).parameters)
        assert known <= {"self", "registry_id", "repository_name", "repository_names", "image_ids", "tag_status"}

    def test_an_image_has_neither_a_status_nor_a_pull_time(self) -> None:
        image = Image("1", "1", json.dumps({"mediaType": SCHEMA2}), NAME)
        assert not {"image_status", "last_recorded_pull_time", "artifact_media_type"} & set(dir(image))
        assert not hasattr(ECRResponse, "update_image_storage_class")
