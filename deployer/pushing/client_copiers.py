"""Clients that copy, sign and push what is built already: skopeo, crane, regctl, oras, cosign, ctr. Pure.

Each from the client's own reference of its command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from deployer.pushing.client_arguments import option_names
from deployer.pushing.client_destinations import (
    Call,
    Client,
    Verb,
    every_image,
    first,
    last,
    tags,
    tags_or_image,
    verbs,
)
from deployer.pushing.images import familiar_name, repository_part

_LOCAL: Final = ("--oci-layout", "--oci-layout-path", "--to-oci-layout", "--to-oci-layout-path", "--dry-run")
"""Options of oras and notation by which they write to a folder, or nothing."""

_COPY_OPTIONS: Final = """
--authfile --src-authfile --dest-authfile --creds --src-creds --dest-creds
--src-username --dest-username --src-password --dest-password --src-registry-token --dest-registry-token
--cert-dir --src-cert-dir --dest-cert-dir --src-daemon-host --dest-daemon-host --src-shared-blob-dir
--dest-shared-blob-dir --additional-tag --digestfile --dest-compress-format --dest-compress-level --encryption-key
--encrypt-layer --decryption-key --format -f --multi-arch --retry-times --retry-delay --image-parallel-copies
--sign-by --sign-identity --sign-passphrase-file --sign-by-sigstore --sign-by-sigstore-private-key
--src --dest -s -d --append-suffix --override-arch --override-os --override-variant --policy --registries-conf
--registries.d --tmpdir --command-timeout
"""
_ORAS_OPTIONS: Final = """
-a --annotation --annotation-file --artifact-type --artifact-platform --config --registry-config --from-registry-config
--to-registry-config --username -u --from-username --to-username --password -p --from-password --to-password
--identity-token --from-identity-token --to-identity-token --registry-token --from-registry-token --to-registry-token
--ca-file --from-ca-file --to-ca-file --cert-file --from-cert-file --to-cert-file --key-file --from-key-file
--to-key-file --format --media-type --platform --image-spec --distribution-spec --from-distribution-spec
--to-distribution-spec --export-manifest --concurrency --resolve --from-resolve --to-resolve --header -H --from-header
--to-header --size --output -o --template --manifest-config --input --oci-layout-path --from-oci-layout-path
--to-oci-layout-path
"""


def _synchronized(call: Call) -> Iterator[str]:
    """`skopeo sync` from a registry: https://github.com/containers/skopeo/blob/main/docs/skopeo-sync.1.md.

    Of a folder or a YAML file the names are in no argument.
    """
    sources, targets = call.arguments.values("--src", "-s"), call.arguments.values("--dest", "-d")
    is_copy = sources[-1:] == ("docker",) and targets[-1:] == ("docker",) and len(call.words) == 2
    if not is_copy or call.arguments.has("--dry-run"):
        return
    source, target = call.words
    name = familiar_name(source)
    yield f"{target}/{name if call.arguments.is_on('--scoped') else PurePosixPath(name).name}"


def _appended_by_crane(call: Call) -> Sequence[str]:
    """`crane append --output` writes to a file."""
    return () if call.arguments.has("-o", "--output") else tags(call)


def _changed_by_crane(call: Call) -> Sequence[str]:
    """`crane mutate --output` writes to a file."""
    if call.arguments.has("-o", "--output"):
        return ()
    return call.arguments.values("-r", "--repo") or tags_or_image(call)


def _copied_by_gcrane(call: Call) -> Sequence[str]:
    """The arguments of `gcrane cp -r` are prefixes."""
    return () if call.arguments.is_on("-r", "--recursive") else last(2)(call)  # type: ignore[return-value]


def _changed_by_regctl(call: Call) -> Iterator[str]:
    """`--create` has a tag for the same repository, or a whole reference."""
    images = [str(image) for image in first(call)]
    for created in call.arguments.values("--create"):
        yield from [created] if "/" in created else map(repository_part, images)
    if call.arguments.is_on("--replace"):
        yield from images


def _copied_by_regctl(call: Call) -> Iterator[str]:
    yield from last(2)(call)  # type: ignore[misc]
    yield from call.arguments.values("--referrers-tgt")


def _artifact_of_regctl(call: Call) -> Sequence[str]:
    return first(call) or call.arguments.values("--subject")


def _blob_of_regctl(call: Call) -> Sequence[str]:
    """`regctl blob copy SOURCE TARGET DIGEST`."""
    return call.words[1:2]


def _pushed_by_oras(call: Call) -> Sequence[str]:
    return () if call.arguments.has(*_LOCAL) else [_without_further_tags(word) for word in first(call)]


def _copied_by_oras(call: Call) -> Sequence[str]:
    if call.arguments.has(*_LOCAL):
        return ()
    return [_without_further_tags(str(word)) for word in last(2)(call)]


def _without_further_tags(reference: str) -> str:
    """Of `name:1,2`, the first: https://oras.land/docs/commands/oras_push."""
    return reference.partition(",")[0]


def _signed(call: Call) -> Iterable[str]:
    """Signatures go to the image's own repository, or to COSIGN_REPOSITORY:
    https://docs.sigstore.dev/cosign/signing/signing_with_containers/.
    """
    options = call.arguments
    images = every_image(call)
    if options.is_on("--no-upload") or (options.has("--upload") and not options.is_on("--upload")) or not images:
        return ()
    other = call.command.environment.get("COSIGN_REPOSITORY")
    return [other] if other else images


def _signed_by_notation(call: Call) -> Sequence[str]:
    return () if call.arguments.has(*_LOCAL) else every_image(call)


_CRANE: Final[dict[str, Verb]] = {
    **verbs(last(2), "push, copy, cp, optimize", "--platform --image-refs -j --jobs"),
    **verbs(
        _appended_by_crane,
        "append, index append",
        "-t --new_tag --tag -f --new_layer -b --base --platform -m --manifest -o --output --annotation",
    ),
    **verbs(
        _changed_by_crane,
        "mutate, flatten, index filter, rebase",
        """-t --tag -a --annotation -l --label -e --env --entrypoint --cmd -u --user -w --workdir -o --output --append
        --exposed-ports -r --repo --set-platform --platform --old_base --new_base --original --rebased""",
    ),
    **verbs(tags_or_image, "edit config, edit manifest, edit fs", "-t --tag -m --media-type -f --filename --dst"),
    **verbs(first, "tag"),
}
_REGCTL_OPTIONS: Final = """
--annotation --artifact-type --config --config-file --config-media-type --config-type --content-type -t --created --data
--desc-annotation --desc-platform --digest --export-ref --external -f --file --file-media-type --file-title --format
--label -m --media-type --name -p --platform --platforms --ref --referrers-src --referrers-tgt --subject
"""
_REGCTL: Final[dict[str, Verb]] = {
    **verbs(
        _copied_by_regctl,
        "image copy, image cp",
        _REGCTL_OPTIONS,
    ),
    **verbs(
        first,
        """image import, image create, image init, image new, index create, index init, index new, index add,
        index append, index insert, manifest put, manifest push, blob put, blob push""",
        _REGCTL_OPTIONS,
    ),
    **verbs(_changed_by_regctl, "image mod", "--create --annotation --label --to-oci-referrers --time --rebase-ref"),
    **verbs(_blob_of_regctl, "blob copy, blob cp"),
    **verbs(_artifact_of_regctl, "artifact put, artifact push", _REGCTL_OPTIONS),
}
_ORAS: Final[dict[str, Verb]] = {
    **verbs(
        _pushed_by_oras,
        "push, attach, restore, tag, manifest push, manifest index create, manifest index update, blob push",
        _ORAS_OPTIONS,
    ),
    **verbs(_copied_by_oras, "cp, copy", _ORAS_OPTIONS),
}
_COSIGN: Final[dict[str, Verb]] = {
    **verbs(_signed, "sign, attest, attach sbom, attach signature, attach attestation", "--sign-container-identity"),
    **verbs(last(2), "copy", "--only --platform --registry-username --registry-password --registry-token"),
    **verbs(every_image, "upload blob, upload wasm, load"),
}
_CTR_PUSH: Final = verbs(
    first,
    "images push, image push, i push, content push-object",
    "--user -u --hosts-dir --tlscacert --tlscert --tlskey --manifest --manifest-type --platform",
)
_SKOPEO: Final[dict[str, Verb]] = {
    **verbs(last(2), "copy", _COPY_OPTIONS),
    **verbs(_synchronized, "sync", _COPY_OPTIONS),
}

_KUBERNETES_OPTIONS: Final = """
-n --namespace --kubeconfig --context --timeout --as --as-group --as-uid --as-user-extra --cache-dir --cluster --server
--certificate-authority --client-certificate --client-key --tls-server-name --token --user --kube-api-burst
--kube-api-qps
"""

COPIERS: Final[dict[str, Client]] = {
    "skopeo": Client(_SKOPEO, option_names(_COPY_OPTIONS)),
    "crane": Client(_CRANE, option_names("--platform")),
    "gcrane": Client({**_CRANE, **verbs(_copied_by_gcrane, "cp, copy", "-j --jobs")}, option_names("--platform")),
    "regctl": Client(_REGCTL, option_names("--host --logopt --user-agent -v --verbosity")),
    "oras": Client(_ORAS, frozenset()),
    "cosign": Client(_COSIGN, option_names("--output-file -t --timeout")),
    "notation": Client(verbs(_signed_by_notation, "sign")),
    "ctr": Client(_CTR_PUSH, option_names("-a --address -n --namespace --timeout --connect-timeout")),
    "wasm-to-oci": Client(verbs(last(2), "push")),
    "img": Client(verbs(last(1), "push")),
    **dict.fromkeys(
        ["apptainer", "singularity"], Client(verbs(last(2), "push", "-D --description"), option_names("-c --config"))
    ),
    "flux": Client(
        verbs(first, "push artifact, tag artifact", "-f --path --source --revision -a --annotations --creds --tag -o"),
        option_names(_KUBERNETES_OPTIONS),
    ),
    "timoni": Client(
        verbs(every_image, "mod push, module push, artifact push, artifact tag", "--source"),
        option_names("-n --namespace --kubeconfig --kube-context --timeout"),
    ),
    "crossplane": Client(verbs(every_image, "xpkg push")),
    **dict.fromkeys(["conftest", "wkg", "spin", "wash"], Client(verbs(every_image, "push, registry push, oci push"))),
    "tkn": Client(verbs(every_image, "bundle push")),
}
