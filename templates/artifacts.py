"""Stack `<prefix>-artifacts`: the bucket that holds the handler's zips, one object for each digest."""

from __future__ import annotations

from troposphere import Ref, Template, s3

from templates.names import Names
from templates.parts import compose, tags
from templates.policy_documents import policy
from templates.resource_policies import deny_insecure_bucket_calls

DESCRIPTION = "deployer: bucket for the zips of the handler that creates repositories"
BUCKET = "ArtifactsBucket"


def template(names: Names) -> Template:
    """Versioned, encrypted, never public, and kept when the stack is deleted: a rollback needs the old zips."""
    bucket_policy = s3.BucketPolicy(
        "ArtifactsBucketPolicy",
        Bucket=Ref(BUCKET),
        PolicyDocument=policy(*deny_insecure_bucket_calls(BUCKET)),
    )
    return compose(DESCRIPTION, [_bucket(names), bucket_policy])


def _bucket(names: Names) -> s3.Bucket:
    encryption = s3.ServerSideEncryptionRule(
        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    old_versions = s3.LifecycleRule(
        Id="expire-old-versions",
        Status="Enabled",
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=90),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
    )
    return s3.Bucket(
        BUCKET,
        BucketName=names.artifacts_bucket,
        BucketEncryption=s3.BucketEncryption(ServerSideEncryptionConfiguration=[encryption]),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        LifecycleConfiguration=s3.LifecycleConfiguration(Rules=[old_versions]),
        Tags=tags(names),
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
    )
