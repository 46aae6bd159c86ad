"""The missing repositories that a client's output names, for the messages of every client that pushes. Pure.

ECR answers "The repository with name 'N' does not exist in the registry with id 'A'" (assumption A14), and most clients
repeat that; those on containerd (docker's image store, buildx, nerdctl, older Helm) print the address with a 404.
Failures to read are ignored: creating a repository does not provide a missing base image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from deployer.pushing.images import parse_registry

_LONGEST_LINE: Final = 16_384
_CONTROL: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_QUOTE: Final = r"(?:\\?['\"]|\\u0027|\\u0022|&\#0?39;|&quot;|&apos;)"
_SENTENCE: Final = re.compile(
    rf"repository with name {_QUOTE}(?P<name>[a-z0-9._/-]+){_QUOTE} does not exist"
    rf"(?: in the registry with id {_QUOTE}(?P<account>\d{{12}}))?"
)
_HOST: Final = r"\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.-]+[a-z](?::\d+)?"
_PATH: Final = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_ADDRESS: Final = re.compile(
    rf"https?://(?P<host>{_HOST})/v2/(?P<name>{_PATH})/(?P<kind>blobs/uploads|blobs|manifests)(?=[/?\s\"':]|$)"
)
_REFERENCE: Final = re.compile(rf"(?P<host>{_HOST})/(?P<name>{_PATH})")
_MISSING: Final = re.compile(
    r"\b(?:404\b|NAME_UNKNOWN|name unknown|RepositoryNotFound|repository (?:name )?(?:not known|does not exist))",
    re.IGNORECASE,
)
_NAME_UNKNOWN: Final = re.compile(
    r"name[ _]unknown|repository name not known|RepositoryNotFound|does not exist in the registry with id",
    re.IGNORECASE,
)
_OTHER_CODES: Final = re.compile(r"MANIFEST_UNKNOWN|BLOB_UNKNOWN|manifest unknown|blob unknown|LayersNotFound")
_PUSHED_BY_DOCKER: Final = re.compile(r"push refers to repository \[([^\]\s]+)\]")
_NOT_LOGGED_IN: Final = re.compile(r"no basic auth credentials|authorization failed|authentication required")

_NAMES: Final = re.compile(rf"{_HOST}/\S*?(?=/blobs/uploads|[\s\"',;\]]|:\s|$)|/v2/\S*?/(?=blobs/uploads)")
"""Names of repositories, which may contain any of the words below."""
_WRITES: Final = re.compile(
    r"""
    \b(?:POST|PUT|PATCH|Post|Put|Patch)\b(?=\ "?https?:|\ request) | blobs/uploads
    | (?i:\b(?:push(?:ing|ed)?|upload(?:ing|ed)?|writing|exporting|layer\ upload|on\ destination)\b)
    | (?i:failed\ to\ (?:put|send)|blob\ (?:post|put)|session\ url)
    | \b(?:InitiateLayerUpload|UploadLayerPart|CompleteLayerUpload|PutImage|BatchCheckLayerAvailability)\b
    """,
    re.VERBOSE,
)
_READS: Final = re.compile(
    r"""
    \b(?:GET|HEAD|Get|Head)\b(?=\ "?https?:|\ request)
    | (?i:\b(?:pull(?:ing|ed)?|reading|fetch(?:ing)?|importing|source\ metadata|on\ source)\b)
    | (?i:initializing\ source|failed\ to\ (?:get|head|resolve|fetch|read)|manifest\ for|repository\s+not\ found)
    | \b(?:BatchGetImage|GetDownloadUrlForLayer|(?:Describe|List|Get)[A-Z]\w+)\b
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRepository:
    """A repository that a registry does not know. `reference` is None if the output does not contain the region.

    `is_certain` if the client was writing to it; otherwise the output does not show what the client was doing.
    """

    repository: str
    account: str | None
    reference: str | None
    is_certain: bool


def is_name_unknown(output: str) -> bool:
    """Whether a registry reports that any repository is missing."""
    return _NAME_UNKNOWN.search(output) is not None


def names_nothing(output: str) -> bool:
    """Whether a client does not name what is missing, as containerd before 1.7 and buildx before 0.10."""
    is_missing = is_name_unknown(output) or re.search(r"unexpected status: 404 not found", output, re.IGNORECASE)
    return bool(is_missing) and not _SENTENCE.search(output)


def repositories_in_sentences(output: str) -> frozenset[str]:
    """The repositories in ECR's own error message, whether read or written."""
    return frozenset(match["name"] for match in _SENTENCE.finditer(output))


def missing_repositories(output: str, *, other_texts: Iterable[str] = ()) -> tuple[MissingRepository, ...]:
    """The repositories that a push did not find, each once, in the order of the output.

    A message without a host takes the registry that the output names with the same repository or account, or else the
    `other_texts`, such as the command itself.
    """
    text = _CONTROL.sub("", output).replace("\r", "\n")
    lines = [line[:_LONGEST_LINE] for line in text.splitlines()]
    found: dict[str, MissingRepository] = {}
    texts = [_Registries(each) for each in (text, *other_texts)]
    pushed = set(_PUSHED_BY_DOCKER.findall(text))
    for line in lines:
        for each in _in_line(line, texts):
            missing = replace(each, is_certain=each.is_certain or each.reference in pushed)
            earlier = found.get(missing.repository)
            if earlier is None or (missing.is_certain and not earlier.is_certain):
                found[missing.repository] = missing
    return tuple(found.values())


def _in_line(line: str, texts: Sequence[_Registries]) -> Iterator[MissingRepository]:
    if not _MISSING.search(line) and not _SENTENCE.search(line):
        return
    sentences = list(_SENTENCE.finditer(line))
    for sentence in sentences:
        is_writing = _is_writing(line[: sentence.start()])
        if is_writing is not False:
            name, account = sentence["name"], sentence["account"]
            host = _host_of(name, account, [_Registries(line), *texts])
            yield _missing(name, account, host, is_certain=is_writing is True)
    if not sentences and not _OTHER_CODES.search(line):
        yield from _by_address(line)


def _by_address(line: str) -> Iterator[MissingRepository]:
    """Missing repositories without ECR's message: from the address, or from the reference that was pushed."""
    addresses = list(_ADDRESS.finditer(line))
    for address in addresses:
        is_upload = address["kind"] == "blobs/uploads"
        if is_upload or _is_writing(line[: address.start()]):
            yield _missing(address["name"], address["host"][:12], address["host"], is_certain=True)
    if addresses or _NOT_LOGGED_IN.search(line):
        return
    for reference in _REFERENCE.finditer(line):
        if not reference["name"].startswith("v2/") and _is_writing(line[: reference.start()]):
            yield _missing(reference["name"], reference["host"][:12], reference["host"], is_certain=True)


def _missing(name: str, account: str | None, host: str | None, *, is_certain: bool) -> MissingRepository:
    reference = f"{host}/{name}" if host else None
    return MissingRepository(repository=name, account=account, reference=reference, is_certain=is_certain)


def _is_writing(before: str) -> bool | None:
    """Whether a client was writing, from the last such words in the text; None if it has none."""
    before = _NAMES.sub("", before)
    writes = max((match.start() for match in _WRITES.finditer(before)), default=-1)
    reads = max((match.start() for match in _READS.finditer(before)), default=-1)
    if writes == reads:
        return None
    return writes > reads


class _Registries:
    """The registries that a text names, and with which repositories."""

    def __init__(self, text: str) -> None:
        self._all = {host for host in re.findall(_HOST, text) if parse_registry(host)}
        self._by_name: dict[str, set[str]] = {}
        for match in _REFERENCE.finditer(text):
            if match["host"] in self._all:
                self._by_name.setdefault(match["name"], set()).add(match["host"])

    def of(self, name: str, account: str | None) -> set[str]:
        """Those of an account that are named with a repository, or else all of that account."""
        for hosts in (self._by_name.get(name, set()), self._all):
            if found := {host for host in hosts if account in {None, host[:12]}}:
                return found
        return set()


def _host_of(name: str, account: str | None, texts: Iterable[_Registries]) -> str | None:
    """The registry of a repository, by the first of the texts that names one; None if it names several."""
    found = next(filter(None, (text.of(name, account) for text in texts)), set())
    return next(iter(found)) if len(found) == 1 else None


def references_in_text(text: str) -> tuple[str, ...]:
    """Every reference to a private ECR registry in a text, without tag and digest."""
    return tuple(f"{match['host']}/{match['name']}" for match in _REFERENCE.finditer(text))
