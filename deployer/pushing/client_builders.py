"""Clients that build without a Dockerfile or a daemon: kaniko, ko, jib, pack, helm, imgpkg, earthly, werf, bazel. Pure.

Each from the client's own reference of its command line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from deployer.pushing.build_outputs import images_of_cache, output_fields
from deployer.pushing.client_arguments import is_true, option_names, option_values
from deployer.pushing.client_destinations import Call, Client, Destination, InChart, Verb, every_image, first, verbs
from deployer.pushing.images import has_registry, repository_part


def _built_by_kaniko(call: Call) -> Iterator[str]:
    """https://github.com/osscontainertools/kaniko#flag---cache-repo: by default `cache` below the first destination."""
    options = call.arguments
    destinations = options.values("-d", "--destination")
    if not options.is_on("--no-push"):
        yield from destinations
    if options.is_on("--cache") and not options.is_on("--no-push-cache"):
        below_the_first = [f"{repository_part(destination)}/cache" for destination in destinations[:1]]
        yield from options.values("--cache-repo")[-1:] or below_the_first


def _built_by_ko(call: Call) -> Iterator[str]:
    """https://ko.build/configuration/#naming-images. Only go.mod resolves a relative import path."""
    options, prefix = call.arguments, call.command.environment.get("KO_DOCKER_REPO", "")
    if not prefix or options.is_on("-L", "--local") or (options.has("--push") and not options.is_on("--push")):
        return
    if options.is_on("--bare"):
        yield prefix
        return
    for path in (word.removeprefix("ko://").lower() for word in _before_double_dash(call)):
        name = PurePosixPath(path).name
        is_full = "." in path.partition("/")[0].strip(".")
        if options.is_on("-B", "--base-import-paths") and name and name != "..":
            yield f"{prefix}/{name}"
        elif is_full and options.is_on("-P", "--preserve-import-paths"):
            yield f"{prefix}/{path}"
        elif is_full:
            digest = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
            yield f"{prefix}/{name}-{digest}"


def _before_double_dash(call: Call) -> tuple[str, ...]:
    """The words of ko's own: what follows `--` is for kubectl, or for the program that runs."""
    words = call.command.words
    behind = len(words) - words.index("--") - 1 if "--" in words else 0
    return call.words[: len(call.words) - behind]


_JIB_IMAGE: Final = re.compile(r"-D(?:jib\.to\.)?image=(.+)")
_SPRING_IMAGE: Final = re.compile(r"-Dspring-boot\.build-image\.imageName=(.+)")
_SPRING_IS_PUSHED: Final = re.compile(r"-Dspring-boot\.build-image\.publish(?:=true)?")
_JIB_GOAL: Final = re.compile(r"(?:(?:.*:)?jib|jib:build|.*:jib-maven-plugin(?::[^:]+)?:build)(?:@.+)?")
_SPRING_GOALS: Final = frozenset({"spring-boot:build-image", "spring-boot:build-image-no-fork", "bootBuildImage"})


def _built_by_java(call: Call) -> Iterator[str]:
    """Jib and Spring Boot in Maven and Gradle; an image that only their build files name is not known.

    https://github.com/GoogleContainerTools/jib and https://docs.spring.io/spring-boot/maven-plugin/build-image.html.
    """
    words = call.command.words[1:]
    of_gradle = option_values(words, "--image"), option_values(words, "--imageName")
    if any(map(_JIB_GOAL.fullmatch, words)):
        yield from of_gradle[0]
        yield from _matches(_JIB_IMAGE, words)
    if any(word.rpartition(":")[2] == "bootBuildImage" or word in _SPRING_GOALS for word in words):
        if "--publishImage" in words:
            yield from of_gradle[1]
        if any(map(_SPRING_IS_PUSHED.fullmatch, words)):
            yield from _matches(_SPRING_IMAGE, words)


def _matches(pattern: re.Pattern[str], words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if match := pattern.fullmatch(word):
            yield match[1]


def _built_by_jib(call: Call) -> Iterator[str]:
    """A target with a transport is a daemon or an archive: https://github.com/GoogleContainerTools/jib/tree/master/jib-cli."""
    for target in call.arguments.values("-t", "--target"):
        if "://" not in target:
            yield target


def _built_by_pack(call: Call) -> Iterator[str]:
    """https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack/cli/pack_build/."""
    options = call.arguments
    if not options.is_on("--publish"):
        return
    yield from first(call)
    yield from options.values("-t", "--tag")
    yield from options.values("--cache-image")
    for cache in map(_semicolons, options.values("--cache")):
        if cache.get("format") == "image":
            yield cache.get("name", "")


def _collected_by_pack(call: Call) -> Sequence[str]:
    """Of `pack manifest create LIST IMAGE…`, the list."""
    return first(call) if call.arguments.is_on("--publish") else ()


def _semicolons(text: str) -> dict[str, str]:
    return output_fields(text.replace(";", ","))


def _pushed_chart(call: Call) -> Iterator[Destination]:
    """https://helm.sh/docs/helm/helm_push/: the archive, then the registry."""
    *archives, registry = call.words or ("",)
    if registry.startswith("oci://") and archives:
        yield InChart(archives[-1], registry)


def _pushed_by_imgpkg(call: Call) -> Sequence[str]:
    return call.arguments.values("-i", "--image", "-b", "--bundle")


def _copied_by_imgpkg(call: Call) -> Sequence[str]:
    return call.arguments.values("--to-repo")


def _built_by_earthly(call: Call) -> Iterator[str]:
    """https://docs.earthly.dev/docs/caching/caching-via-registry; the images are named in the Earthfile."""
    options, environment = call.arguments, call.command.environment
    if options.is_on("--push") or (not options.has("--push") and is_true(environment.get("EARTHLY_PUSH"))):
        yield from options.values("--remote-cache") or filter(None, [environment.get("EARTHLY_REMOTE_CACHE")])


_WERF_LOCAL: Final = ":local"
"""The stages stay in the daemon."""


def _built_by_werf(call: Call) -> Iterator[str]:
    """https://werf.io/docs/v2/reference/cli/werf_build.html: the stages' repository, and those filled with it."""
    options, environment = call.arguments, call.command.environment
    if options.is_on("-Z", "--require-built-images"):
        return
    found = [
        *(options.values("--repo") or [environment.get("WERF_REPO", "")]),
        *(options.values("--final-repo") or [environment.get("WERF_FINAL_REPO", "")]),
        *options.values("--cache-repo", "--to"),
        *(options.values("--tag") if call.before[-1] == "export" else ()),
    ]
    yield from (each for each in found if each and each != _WERF_LOCAL and "%" not in each)


def _pushed_by_bazel(call: Call) -> Iterator[str]:
    """`bazel run //app:push -- --repository NAME`, as rules_oci has it; other targets name their own."""
    words = call.command.words
    if "--" in words:
        rest = words[words.index("--") + 1 :]
        yield from filter(has_registry, [*option_values(rest, "--repository"), *option_values(rest, "-r")])


def _built_by_devcontainer(call: Call) -> Iterator[str]:
    """https://github.com/devcontainers/cli: `build --push --image-name NAME`, with caches as buildx has them."""
    if call.arguments.is_on("--push"):
        yield from call.arguments.values("--image-name")
    for cache in call.arguments.values("--cache-to"):
        yield from images_of_cache(cache)


def _packaged_by_sam(call: Call) -> Iterator[str]:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-package.html"""
    yield from call.arguments.values("--image-repository")
    for each in call.arguments.values("--image-repositories"):
        yield each.partition("=")[2]


def _published_by_apko(call: Call) -> Sequence[str]:
    return () if call.arguments.is_on("--local") else call.words[1:]


_KANIKO: Final = Client({"": Verb(_built_by_kaniko, option_names("-d --destination --cache-repo -c -f --build-arg"))})
_JAVA: Final = Client({"": Verb(_built_by_java)})
_EARTHLY: Final = Client({"": Verb(_built_by_earthly, option_names("--remote-cache"))})
_KO_OPTIONS: Final = """
--platform -t --tags --image-label --image-annotation --image-user --image-refs --tarball --oci-layout-path -j --jobs
--sbom --sbom-dir --docker-repo --debug-flags -f --filename --ldflags -l --selector
"""
_PACK_OPTIONS: Final = """
-B --builder -b --buildpack --cache --cache-image -c --creation-time --date-time -D --default-process -d --descriptor
-e --env --env-file --extension --gid --group -l --lifecycle-image --mac-address --network -p --path --previous-image
--post-buildpack --pre-buildpack --pull-policy -R --registry --report-output-dir --run-image -s --sbom-output-dir -t
--tag --uid --volume -w --workspace --platform --target -f --format --config --exec-env --insecure-registry
"""

_HELM_OPTIONS: Final = """
-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-as-group --kube-as-user --kube-ca-file --kube-token
--kube-tls-server-name --registry-config --repository-cache --repository-config --content-cache --burst-limit --qps
--color --colour
"""

BUILDERS: Final[dict[str, Client]] = {
    **dict.fromkeys(["executor", "kaniko"], _KANIKO),
    "ko": Client(verbs(_built_by_ko, "build, publish, resolve, apply, create, run", _KO_OPTIONS)),
    **dict.fromkeys(["mvn", "mvnw", "mvnd", "gradle", "gradlew"], _JAVA),
    "jib": Client(verbs(_built_by_jib, "build, jar, war", "-t --target -b --build-file -c --context -p --parameter")),
    "pack": Client(
        verbs(_built_by_pack, "build, rebase, builder create, buildpack package, extension package", _PACK_OPTIONS)
        | verbs(_collected_by_pack, "manifest create", "-f --format")
        | verbs(every_image, "manifest push")
    ),
    "helm": Client(
        verbs(
            _pushed_chart,
            "push",
            f"--ca-file --cert-file --key-file --username --password {_HELM_OPTIONS}",
        ),
        option_names(_HELM_OPTIONS),
    ),
    "imgpkg": Client(
        verbs(_pushed_by_imgpkg, "push", "-i --image -b --bundle -f --file")
        | verbs(_copied_by_imgpkg, "copy", "-i --image -b --bundle --to-repo --to-tar --tar --lock")
    ),
    "earthly": _EARTHLY,
    "werf": Client(
        verbs(
            _built_by_werf,
            "build, converge, run, kube-run, render, plan, export, bundle publish, bundle copy",
            "--repo --final-repo --cache-repo --secondary-repo --to --from --tag --env --dir --config",
        )
    ),
    **dict.fromkeys(["bazel", "bazelisk"], Client({"": Verb(_pushed_by_bazel)})),
    "devcontainer": Client(
        verbs(_built_by_devcontainer, "build", "--image-name --cache-to --cache-from --workspace-folder --platform")
    ),
    "sam": Client(verbs(_packaged_by_sam, "package, deploy, sync", "--image-repository --image-repositories")),
    "apko": Client(verbs(_published_by_apko, "publish", "--arch --annotations --sbom-path --cache-dir -k -r -p")),
}
