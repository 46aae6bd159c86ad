"""Encryption of repositories: the key that a repository uses, and KMS's error for a key that does not exist."""

from __future__ import annotations

from moto.kms.models import KmsBackend, kms_backends

from aws_org_sandbox.ecr.errors import KmsException

MANAGED_KEY = "alias/aws/ecr"
"""The key that AWS manages for ECR, one for each account and region: the default for KMS encryption."""


def resolve(encryption: dict[str, str] | None, *, account: str, region: str) -> dict[str, str] | None:
    """The configuration with its key's ARN; raises KmsException for a key that cannot be used.

    ECR takes symmetric encryption keys only. https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    """
    if encryption is None or encryption["encryptionType"] == "AES256":
        return encryption
    key = encryption.get("kmsKey")
    if key is None:
        return {**encryption, "kmsKey": _managed_key(kms_backends[account][region])}
    owner = key.split(":")[4] if key.startswith("arn:") else account
    return {**encryption, "kmsKey": _existing_key(kms_backends[owner][region], key)}


def _managed_key(backend: KmsBackend) -> str:
    key_id = backend.get_key_id_from_alias(MANAGED_KEY)
    if key_id is None:
        key_id = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key for ECR", None).id
        backend.create_alias(key_id, MANAGED_KEY)
    return str(backend.keys[key_id].arn)


def _existing_key(backend: KmsBackend, key: str) -> str:
    name = backend.get_alias_name(key)
    key_id = backend.get_key_id_from_alias(name) if name.startswith("alias/") else backend.get_key_id(key)
    found = backend.keys.get(key_id or "")
    if found is None:
        raise KmsException(f"Key '{key}' does not exist", kms_error="NotFoundException")
    if found.key_spec != "SYMMETRIC_DEFAULT":
        raise KmsException(
            f"{found.arn} is {found.key_spec}, not a symmetric encryption key", kms_error="InvalidKeyUsageException"
        )
    if found.key_state != "Enabled":
        raise KmsException(f"{found.arn} is not enabled: {found.key_state}", kms_error="KMSInvalidStateException")
    return str(found.arn)
