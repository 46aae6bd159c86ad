"""The output of each client when ECR does not know a repository, and which repository it names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.pushing.client_failures import is_name_unknown, missing_repositories

R = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
OF_WEB = "The repository with name 'team-a/web' does not exist in the registry with id '300000000001'"
UPLOADS = f"https://{R}/v2/team-a/web/blobs/uploads/"
MANIFEST = f"https://{R}/v2/team-a/web/manifests/1"

WRITING = [
    pytest.param(
        f"The push refers to repository [{R}/team-a/web]\n5f70bf18a086: Preparing\nname unknown: {OF_WEB}\n",
        id="docker's graph drivers",
    ),
    pytest.param(f"unexpected status from POST request to {UPLOADS}: 404 Not Found", id="docker's containerd store"),
    pytest.param(
        f"ERROR: failed to solve: failed to push {R}/team-a/web:1: unexpected status from POST request to"
        f" {UPLOADS}: 404 Not Found",
        id="buildkit",
    ),
    pytest.param(
        f"#12 ERROR: failed to push {R}/team-a/web:1: unexpected status: 404 Not Found", id="buildkit before 0.12"
    ),
    pytest.param(
        f"ERROR: failed to solve: error writing layer blob: failed to copy: unexpected status from POST request to"
        f" {UPLOADS}: 404 Not Found",
        id="buildkit's cache export",
    ),
    pytest.param(
        f"\x1b[31mERROR:\x1b[0m failed to push {R}/team-a/web:1: name unknown: {OF_WEB}\r\n", id="with colours"
    ),
    pytest.param(
        f'time="2026-11-28T10:00:00Z" level=fatal msg="writing blob: initiating layer upload to'
        f' /v2/team-a/web/blobs/uploads/ in {R}: name unknown: {OF_WEB}"',
        id="skopeo",
    ),
    pytest.param(
        f"Error: writing blob: initiating layer upload to /v2/team-a/web/blobs/uploads/ in {R}: name unknown: {OF_WEB}",
        id="podman",
    ),
    pytest.param(
        'error pushing image "x" to "docker://' + f'{R}/team-a/web:1": error copying layers and metadata: Error writing'
        f" blob: Error initiating layer upload to /v2/team-a/web/blobs/uploads/ in {R}: name unknown: {OF_WEB}",
        id="buildah",
    ),
    pytest.param(
        f"Error: writing manifest: uploading manifest 1 to {R}/team-a/web: name unknown: {OF_WEB}", id="manifest"
    ),
    pytest.param(f"Error: POST {UPLOADS}: NAME_UNKNOWN: {OF_WEB}", id="crane"),
    pytest.param(f"2026/11/28 error during command execution: PUT {MANIFEST}: NAME_UNKNOWN: {OF_WEB}", id="ko"),
    pytest.param(
        "error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated"
        f' correctly, and try again: checking push permission for "{R}/team-a/web:1": POST {UPLOADS}: NAME_UNKNOWN:'
        f" {OF_WEB}",
        id="kaniko",
    ),
    pytest.param(
        f"WARN[0012] Error uploading layer to cache: failed to push to destination {R}/team-a/web:ab: POST {UPLOADS}:"
        f" NAME_UNKNOWN: {OF_WEB}",
        id="kaniko's cache",
    ),
    pytest.param(
        f"Error: signing [{R}/team-a/web:1]: signing digest: POST {UPLOADS}: NAME_UNKNOWN: {OF_WEB}", id="cosign"
    ),
    pytest.param(
        f'Error response from registry: failed to perform "Push" on destination: POST "{UPLOADS}": response status code'
        f" 404: name unknown: {OF_WEB}",
        id="oras",
    ),
    pytest.param(
        "ValueError: Issue retrieving session url: {'errors': [{'code': 'NAME_UNKNOWN', 'message':"
        f' "{OF_WEB}"' + "}]} " + R,
        id="oras' Python SDK",
    ),
    pytest.param(f'Error: POST "{UPLOADS}": response status code 404: name unknown: {OF_WEB}', id="helm 4"),
    pytest.param(f"Error: unexpected status from POST request to {UPLOADS}: 404 Not Found", id="helm 3"),
    pytest.param(
        f"[ERROR] Failed to execute goal jib:build: Build image failed: Tried to push BLOB for {R}/team-a/web with"
        f" digest sha256:ab but failed because: name unknown: {OF_WEB} -> [Help 1]",
        id="jib",
    ),
    pytest.param(
        f'level=WARN msg="failed to put manifest" err="failed to send blob post, ref {R}/team-a/web:1: request failed:'
        f' not found [http 404]: {{\\"errors\\":[{{\\"code\\":\\"NAME_UNKNOWN\\",\\"message\\":\\"{OF_WEB}\\"}}]}}"',
        id="regctl",
    ),
    pytest.param(
        f"FATAL:   Unable to push image to oci registry: unable to push: POST {UPLOADS}: NAME_UNKNOWN: {OF_WEB}",
        id="singularity",
    ),
    pytest.param(f'{{"level":"error","error":"POST {UPLOADS}: {OF_WEB}"}}'.replace("'", "\\u0027"), id="JSON of Java"),
    pytest.param(
        f"ctr: failed to do request: unexpected status from PUT request to {MANIFEST}: 404 Not Found", id="ctr"
    ),
    pytest.param(
        f"An error occurred (RepositoryNotFoundException) when calling the PutImage operation: {OF_WEB} ({R})",
        id="AWS CLI",
    ),
]


@pytest.mark.parametrize("output", WRITING)
@pytest.mark.parametrize("around", ["{}", "building\r\n{}\nexit 1"])
def test_a_repository_that_a_client_could_not_write_to(output: str, around: str) -> None:
    (missing,) = missing_repositories(around.replace("{}", output))
    assert missing.reference == f"{R}/team-a/web"
    assert missing.is_certain


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(
            f"Error response from daemon: repository {R}/team-a/web not found: name unknown: {OF_WEB}", id="docker pull"
        ),
        pytest.param(
            f"ERROR: failed to solve: {R}/team-a/web:1: failed to resolve source metadata for {R}/team-a/web:1:"
            f" {R}/team-a/web:1: not found",
            id="buildkit's base image",
        ),
        pytest.param(
            f"ERROR: failed to configure registry cache importer: importing cache manifest from {R}/team-a/web:"
            f" unexpected status from HEAD request to {MANIFEST}: 404 Not Found",
            id="buildkit's cache import",
        ),
        pytest.param(
            f"initializing source docker://{R}/team-a/web:1: reading manifest 1 in {R}/team-a/web: name unknown:"
            f" {OF_WEB}",
            id="skopeo's source",
        ),
        pytest.param(
            f'Error: fetching "{R}/team-a/web:1": GET {MANIFEST}: NAME_UNKNOWN: {OF_WEB}', id="crane's source"
        ),
        pytest.param(f"error building image: GET {MANIFEST}: NAME_UNKNOWN: {OF_WEB}", id="kaniko's base image"),
        pytest.param(
            f'Error: failed to push: GET "{MANIFEST}": response status code 404: name unknown: {OF_WEB}',
            id="a read during a push",
        ),
        pytest.param(
            f"Tried to pull image manifest for {R}/team-a/web:1 but failed because: name unknown: {OF_WEB}",
            id="jib's base",
        ),
        pytest.param(
            f'failed to get manifest {R}/team-a/web:1: not found [http 404]: "{OF_WEB}"', id="regctl's source"
        ),
        pytest.param(
            f"An error occurred (RepositoryNotFoundException) when calling the DescribeRepositories operation:"
            f" {OF_WEB}",
            id="AWS CLI's look-up",
        ),
        pytest.param(f"PUT {MANIFEST}: MANIFEST_UNKNOWN: 404 Not Found", id="something else is missing"),
        pytest.param(f"POST {UPLOADS}: 403 Forbidden", id="another error"),
        pytest.param(f"pushing {R}/team-a/web:1: no basic auth credentials", id="no login"),
        pytest.param("POST https://ghcr.io/v2/team-a/web/blobs/uploads/: 404 Not Found", id="another registry"),
        pytest.param(
            f"The push refers to repository [{R}/team-a/web]\n1: digest: sha256:404a size: 1", id="a push that works"
        ),
        pytest.param("", id="no output"),
    ],
)
def test_output_that_names_no_repository_to_create(output: str) -> None:
    assert missing_repositories(output) == ()


def test_the_name_of_a_repository_is_not_mistaken_for_text_of_the_client() -> None:
    output = f"Error: failed to push {R}/pull/reading-get:1: unexpected status: 404 Not Found"
    assert [missing.reference for missing in missing_repositories(output)] == [f"{R}/pull/reading-get"]


@pytest.mark.parametrize(
    ("texts", "reference"),
    [
        pytest.param([f"docker push {R}/other"], f"{R}/team-a/web", id="the command's registry"),
        pytest.param(
            [f"{R}/other", f"x.{R.replace('west', 'north')}"], f"{R}/team-a/web", id="the first registry in the command"
        ),
        pytest.param([R.replace("3", "4", 1), R], f"{R}/team-a/web", id="not the region of another account"),
        pytest.param([f"{R} {R.replace('eu-west', 'us-east')}"], None, id="two regions"),
        pytest.param(
            [f"{R}/team-a/web {R.replace('eu-west', 'us-east')}/other"],
            f"{R}/team-a/web",
            id="two regions, one with the name",
        ),
        pytest.param([], None, id="no registry in the command"),
    ],
)
def test_the_region_of_a_message_without_a_region(texts: list[str], reference: str | None) -> None:
    (missing,) = missing_repositories(f"name unknown: {OF_WEB}", other_texts=texts)
    assert (missing.reference, missing.account, missing.repository) == (reference, "300000000001", "team-a/web")
    assert not missing.is_certain


def test_each_of_several_repositories_is_returned_once() -> None:
    lines = [f"POST https://{R}/v2/{name}/blobs/uploads/: NAME_UNKNOWN" for name in ("b", "a/c", "b", "a-d")]
    assert [missing.repository for missing in missing_repositories("\n".join(lines))] == ["b", "a/c", "a-d"]


@pytest.mark.parametrize(
    ("output", "holds"),
    [
        ("unexpected status: NAME_UNKNOWN", True),
        ("name unknown: x", True),
        ("RepositoryNotFoundException", True),
        ("EOF", False),
    ],
)
def test_whether_the_output_reports_an_unknown_name(output: str, holds: bool) -> None:
    assert is_name_unknown(output) is holds


NAME = st.from_regex(r"[a-z0-9]{1,9}(?:(?:[._]|-{1,2})[a-z0-9]{1,9}){0,2}(?:/[a-z0-9]{1,9}){0,3}", fullmatch=True)


@given(NAME, st.text(max_size=40))
def test_every_name_is_read_from_an_upload_and_from_ecr_s_sentence(name: str, noise: str) -> None:
    upload = f"POST https://{R}/v2/{name}/blobs/uploads/: NAME_UNKNOWN"
    sentence = (
        f"pushing to {R}: The repository with name '{name}' does not exist in the registry with id '300000000001'"
    )
    for output in (upload, sentence):
        (missing,) = missing_repositories(f"{noise}\n{output}")
        assert missing.reference == f"{R}/{name}"


@given(st.text(alphabet=f"{R}/:' \nPOSTpushname unknown404", max_size=2_000))
def test_no_output_causes_an_error(output: str) -> None:
    missing_repositories(output)
