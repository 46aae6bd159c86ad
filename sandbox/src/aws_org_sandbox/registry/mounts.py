"""Blob mounting: a layer of one repository used in another of the same registry, if the account enables it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from moto.ecr.models import ECRBackend, ecr_backends

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.ecr.layers import layers_of
from aws_org_sandbox.registry.ecr_api import EcrApi
from aws_org_sandbox.registry.errors import RegistryError
from aws_org_sandbox.registry.store import repository_of
from aws_org_sandbox.seams import answers

BLOB_MOUNTING = "BLOB_MOUNTING"
_VALUES = {
    BLOB_MOUNTING: ("DISABLED", "ENABLED"),
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2",),
}
"""The values of each account setting; the first is the default."""

_settings: WeakKeyDictionary[ECRBackend, dict[str, str]] = WeakKeyDictionary()


@answers("ecr", "PutAccountSetting")
def put_account_setting(call: Call) -> dict[str, Any]:
    """Set one setting of the caller's registry in the region."""
    name, value = _name(call), str(call.parameters.get("value"))
    if value not in _VALUES[name]:
        raise Refused("InvalidParameterException", f"Invalid value '{value}' for the account setting {name}")
    _settings.setdefault(ecr_backends[call.account][call.region], {})[name] = value
    return {"name": name, "value": value}


@answers("ecr", "GetAccountSetting")
def get_account_setting(call: Call) -> dict[str, Any]:
    """One setting of the caller's registry in the region."""
    name = _name(call)
    return {"name": name, "value": _setting(ecr_backends[call.account][call.region], name)}


def mount(api: EcrApi, *, source: str, target: str, digest: str) -> bool:
    """Use `source`'s layer in `target`; False if ECR does not allow it, and the client uploads the layer.

    Both repositories need the same encryption; the caller needs ecr:GetDownloadUrlForLayer on the source, and what any
    upload needs on the target.
    """
    backend = ecr_backends[api.host.account][api.host.region]
    there, here = repository_of(api.host, source), repository_of(api.host, target)
    if _setting(backend, BLOB_MOUNTING) != "ENABLED" or there is None or here is None:
        return False
    if there.encryption_configuration != here.encryption_configuration:
        return False
    try:
        api.call("GetDownloadUrlForLayer", repositoryName=source, layerDigest=digest)
    except RegistryError:
        return False
    upload = api.call("InitiateLayerUpload", repositoryName=target)
    layers_of(here).cancel(upload["uploadId"])
    layers_of(here).add(layers_of(there).get(digest), digest)
    return True


def _name(call: Call) -> str:
    name = str(call.parameters.get("name"))
    if name not in _VALUES:
        raise Refused("InvalidParameterException", f"Invalid account setting name '{name}'")
    return name


def _setting(backend: ECRBackend, name: str) -> str:
    return _settings.get(backend, {}).get(name, _VALUES[name][0])
