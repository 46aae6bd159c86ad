"""Pushes that ECR refuses because a tag may not be moved."""

from __future__ import annotations

import pytest

from deployer.cli.ensuring import explain_immutable_tags
from deployer.pushing.immutable_tags import ImmutableTag, Kind, immutable_tags_in
from deployer.rendering.immutable_tags import immutable_tag_lines

DIGEST = f"sha256-{'0' * 64}"


def refusal(tag: str, repository: str, *, because: str = "tag") -> str:
    return (
        f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten "
        f"because the {because} is immutable."
    )


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(f"tag invalid: {refusal('1', 'team-a/web')}\n", id="docker"),
        pytest.param(refusal("1", "team-a/web", because="repository"), id="the message before exclusions existed"),
        pytest.param(refusal("1", "team-a/web").replace(" and ", "\n  and "), id="wrapped by a client"),
        pytest.param(refusal("1", "team-a/web") * 3, id="repeated"),
    ],
)
def test_the_tag_is_read_from_the_output_of_a_client(output: str) -> None:
    assert list(immutable_tags_in(output)) == [ImmutableTag(repository="team-a/web", tag="1")]


HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"


def bad_request(tag: str, host: str = HOST, status: str = "400 Bad Request", method: str = "PUT") -> str:
    return f"unexpected status from {method} request to https://{host}/v2/team-a/web/manifests/{tag}: {status}"


def test_a_client_that_prints_only_the_status_may_have_met_an_immutable_tag() -> None:
    output = f"#12 ERROR: failed to push {HOST}/team-a/web:1: {bad_request('1')}\n"
    [found] = immutable_tags_in(output)
    assert found == ImmutableTag(repository="team-a/web", tag="1", is_certain=False)
    text = " ".join(line.text.strip() for line in immutable_tag_lines(found))
    assert text.startswith("team-a/web:1: ECR answered 400, as for a tag that exists and is immutable Push under a new")
    assert list(immutable_tags_in(output + refusal("1", "team-a/web"))) == [
        ImmutableTag(repository="team-a/web", tag="1")
    ]


@pytest.mark.parametrize(
    "output",
    [
        "",
        "name unknown",
        "The repository with name 'a' does not exist",
        bad_request("1", status="404 Not Found"),
        bad_request("1", method="HEAD"),
        bad_request("1", host="ghcr.io"),
        bad_request(f"sha256:{'0' * 64}"),
    ],
)
def test_other_failures_name_no_tag(output: str) -> None:
    assert list(immutable_tags_in(output)) == []


@pytest.mark.parametrize(
    ("repository", "tag", "kind", "advice"),
    [
        pytest.param("team-a/web", "1.2", "image", "Push under a new tag", id="an image"),
        pytest.param("team-a/cached", "1", "image", "Push under a new tag", id="a name that only resembles a cache"),
        pytest.param("team-a/web", f"{DIGEST}.sig", "signature", '["sha256-*"]', id="a signature of cosign"),
        pytest.param("team-a/web", f"{DIGEST}.att", "signature", '["sha256-*"]', id="an attestation of cosign"),
        pytest.param("team-a/web", DIGEST, "signature", '["sha256-*"]', id="the referrers of an image"),
        pytest.param(
            "team-a/web-cache", "main", "cache", "image_tag_mutability: MUTABLE", id="a cache by its repository name"
        ),
        pytest.param("team-a/web/cache", "1", "cache", "image_tag_mutability: MUTABLE", id="a cache of kaniko"),
        pytest.param("team-a/web", "buildcache", "cache", "image_tag_mutability: MUTABLE", id="a cache by its tag"),
    ],
)
def test_the_advice_depends_on_the_purpose_of_the_tag(repository: str, tag: str, kind: Kind, advice: str) -> None:
    [found] = immutable_tags_in(refusal(tag, repository))
    assert found.kind == kind
    text = " ".join(line.text.strip() for line in immutable_tag_lines(found))
    assert text.startswith(f"{repository}:{tag}: the tag exists and is immutable")
    assert advice in text
    assert ("deployer audit repair" in text) == (kind != "image")


def test_push_prints_the_advice_after_the_output_of_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    explain_immutable_tags(f"#1 exporting cache\nerror: failed: {refusal('main', 'team-a/web-cache')}\n")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("team-a/web-cache:main: the tag exists and is immutable\n")
