"""Checks of merged settings: combinations that ECR refuses, and ones that are probably unintended."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.settings.cache_names import names_cache
from deployer.settings.problems import Problem, Severity
from deployer.settings.views import View
from deployer.settings.yaml_source import KeyPath
from handler.layers import Layer, build
from handler.settings import Encryption, RepositorySettings, Settings, merge, overlay
from handler.tags import MAX_CONFIGURED_TAGS, MAX_TAGS, OWN_TAGS


def inconsistencies(view: View) -> Iterator[Problem]:
    """Errors that ECR would return at the first push, and warnings."""
    settings = view.settings
    yield from _repository(view, settings.repository, ())
    for index, namespace in enumerate(settings.namespaces):
        yield from _repository(view, overlay(settings.repository, namespace.repository), ("namespaces", index))
    yield from _immutable_caches(view)
    yield from _inverted_exclusions(view)
    yield from _scanning(view)
    if view.is_complete and settings.enabled and not settings.regions:
        yield view.problem(("enabled",), "enabled, but in no region: add regions here or in a parent OU")
    if settings.enabled and not settings.create.on:
        yield view.problem(("create", "on"), "enabled, but no kind of call creates repositories")
    yield from _pulls(view)


def _pulls(view: View) -> Iterator[Problem]:
    """Pulls begin with BatchGetImage, which is a read event: trails may leave those out, and most tutorials do.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
    """
    on = view.settings.create.on
    if view.settings.enabled and "pull" in on:
        message = (
            "pulls are read events: without a trail that logs read management events, no pull creates a repository"
        )
        yield view.problem(("create", "on", on.index("pull")), message)


def _repository(view: View, repository: RepositorySettings, at: KeyPath) -> Iterator[Problem]:
    """`at` is the namespace that was merged over the OU's own settings."""
    encryption = repository.encryption
    if encryption.type == "AES256" and encryption.kms_key is not None:
        path = _location_of(view, at, ("repository", "encryption", "type"), ("repository", "encryption", "kms_key"))
        message = "ECR refuses a kms_key with type AES256: add kms_key: null"
        yield view.problem(path, message, severity=Severity.ERROR)
    if elsewhere := _regions_without_key(view.settings, encryption):
        message = f"ECR requires a key in the repository's region, as with {{region}}; this one is not in {elsewhere}"
        path = _location_of(view, at, ("repository", "encryption", "kms_key"))
        yield view.problem(path, message, severity=Severity.ERROR)
    if encryption.type == "KMS_DSSE" and (refusing := _regions_without_dsse(view.settings)):
        path = _location_of(view, at, ("repository", "encryption", "type"))
        yield view.problem(path, f"ECR supports KMS_DSSE only in AWS GovCloud (US), not in {refusing}: use KMS there")
    if (number := len(repository.tags)) > MAX_CONFIGURED_TAGS:
        message = f"{number} tags, inherited ones included; ECR accepts {MAX_TAGS}, and deployer adds {len(OWN_TAGS)}"
        path = _location_of(view, at, *(("repository", "tags", key) for key in reversed(list(repository.tags))))
        yield view.problem(path, message, severity=Severity.ERROR)


def _regions_without_dsse(settings: Settings) -> str:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"""
    return ", ".join(region for region in settings.regions if settings.enabled and not region.startswith("us-gov-"))


def _regions_without_key(settings: Settings, encryption: Encryption) -> str:
    """Covered regions, except the one that a key's ARN names.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html
    """
    if encryption.kms_key is None or not settings.enabled:
        return ""
    region = encryption.kms_key.split(":")[3]
    return ", ".join(other for other in settings.regions if region not in {other, "{region}"})


def _scanning(view: View) -> Iterator[Problem]:
    """Combinations of type and frequency that ECR refuses, and keys without effect.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html
    """
    if not any("registry" in file.layer for file in view.layers):
        return  # as in most files; looking up locations costs more than all other checks
    scanning = view.settings.registry.scanning
    at = ("registry", "scanning")
    path = _location_of(view, (), (*at, "frequency"), (*at, "type"))
    if scanning.type == "BASIC" and scanning.frequency == "CONTINUOUS_SCAN":
        message = "ECR scans continuously only with type ENHANCED; BASIC supports SCAN_ON_PUSH and MANUAL"
        yield view.problem(path, message, severity=Severity.ERROR)
    if scanning.type == "ENHANCED" and scanning.frequency == "MANUAL":
        message = "ECR has no manual scans with type ENHANCED; it supports SCAN_ON_PUSH and CONTINUOUS_SCAN"
        yield view.problem(path, message, severity=Severity.ERROR)
    if scanning.type == "BASIC" and scanning.frequency == "MANUAL" and (*at, "filters") in view.provenance.set_by:
        yield view.problem((*at, "filters"), "MANUAL scans nothing automatically, so filters have no effect")
    if view.is_complete and scanning.type is None:
        for key in ("frequency", "filters"):
            if (*at, key) in view.provenance.set_by:
                yield view.problem((*at, key), "has no effect without a type, here or in a parent OU")


def _location_of(view: View, at: KeyPath, *paths: KeyPath) -> KeyPath:
    """The first of some paths that a file sets, below a namespace if there is one."""
    for path in paths:
        for candidate in ((*at, *path), path):
            if candidate in view.provenance.set_by:
                return candidate
    return at or paths[0]


def _immutable_caches(view: View) -> Iterator[Problem]:
    """Namespaces of build caches whose tags may not move; exclusions of the namespace itself may be for its tags."""
    for index, namespace in enumerate(view.settings.namespaces):
        repository = overlay(view.settings.repository, namespace.repository)
        is_mutable = repository.image_tag_mutability == "MUTABLE" or namespace.repository.get("mutability_exclusions")
        if names_cache(namespace.match) and not is_mutable:
            message = (
                "build caches write the same tags again, which IMMUTABLE refuses: "
                "set image_tag_mutability: MUTABLE and mutability_exclusions: []"
            )
            yield view.problem(("namespaces", index, "match"), message)


def _inverted_exclusions(view: View) -> Iterator[Problem]:
    """A layer that inverts the mutability also inverts the meaning of inherited exclusions."""
    merged: Layer = {}
    for file in view.layers:
        above = build(RepositorySettings, _mutability(merged.get("repository")))
        merged = merge([merged, file.layer])
        if message := _inversion(above, file.layer.get("repository")):
            yield file.problem(("repository", "image_tag_mutability"), message, severity=Severity.WARNING)
        below = build(RepositorySettings, _mutability(merged.get("repository")))
        for index, namespace in enumerate(file.layer.get("namespaces") or []):
            if message := _inversion(below, namespace.get("repository")):
                path = ("namespaces", index, "repository", "image_tag_mutability")
                yield file.problem(path, message, severity=Severity.WARNING)


def _mutability(settings: Layer | None) -> Layer:
    keys = ("image_tag_mutability", "mutability_exclusions")
    return {key: settings[key] for key in keys if key in settings} if settings else {}


def _inversion(above: RepositorySettings, settings: Layer | None) -> str | None:
    layer = settings or {}
    mutability = layer.get("image_tag_mutability")
    if mutability in {None, above.image_tag_mutability} or "mutability_exclusions" in layer:
        return None
    if not above.mutability_exclusions:
        return None
    listed = ", ".join(above.mutability_exclusions)
    return f"inverts the inherited exclusions ({listed} would be the exception): add mutability_exclusions, too"
