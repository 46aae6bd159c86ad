from __future__ import annotations

from aws_org_sandbox.organizations.accounts import CENTRAL_ACCOUNT, EXAMPLE
from aws_org_sandbox.sandbox import Sandbox


def test_each_account_has_its_own_administrator(sandbox: Sandbox) -> None:
    for account_id in EXAMPLE.accounts:
        identity = sandbox.client("sts", account=account_id).get_caller_identity()
        assert identity["Account"] == account_id
        assert identity["Arn"] == f"arn:aws:iam::{account_id}:user/administrator"


def test_the_default_organization_is_the_example(sandbox: Sandbox) -> None:
    assert sandbox.organization == EXAMPLE
    assert sandbox.central_account == CENTRAL_ACCOUNT


def test_the_call_log_does_not_store_layers(sandbox: Sandbox) -> None:
    ecr = sandbox.client("ecr", account="300000000001")
    ecr.create_repository(repositoryName="team-a/api")
    upload = ecr.initiate_layer_upload(repositoryName="team-a/api")
    layer = b"x" * 100_000
    ecr.upload_layer_part(
        repositoryName="team-a/api",
        uploadId=upload["uploadId"],
        partFirstByte=0,
        partLastByte=len(layer) - 1,
        layerPartBlob=layer,
    )
    (call,) = sandbox.calls.of("ecr", "UploadLayerPart")
    assert len(call.parameters["layerPartBlob"]) < 1000
