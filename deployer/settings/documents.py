"""Policy files: JSON that ECR will accept, minified, with problems at their line and column.

Limits: a lifecycle policy has 100 to 30,720 characters (PutLifecyclePolicy), a repository policy at most 10,240
(SetRepositoryPolicy).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from deployer.settings.files import TextFile
from deployer.settings.layer_file import LayerFile
from deployer.settings.limits import policy_file
from deployer.settings.policies import check_lifecycle_policy
from deployer.settings.problems import Problem, Severity
from deployer.settings.repository_policies import check_repository_policy, repository_policy_warnings
from deployer.settings.yaml_source import KeyPath, YamlSource, parse
from handler.settings import Layer

LIFECYCLE = "lifecycle_policy"
REPOSITORY = "repository_policy"
LONGEST = {LIFECYCLE: 30_720, REPOSITORY: 10_240}
SHORTEST_LIFECYCLE = 100
_SHOWN = 5


POLICY_CHECKS = {LIFECYCLE: check_lifecycle_policy, REPOSITORY: check_repository_policy}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy file; `text` is what is sent to ECR, empty if the file is broken."""

    name: str
    file: TextFile
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A key in a layer that names a policy file."""

    path: KeyPath
    kind: str
    name: str


class _DuplicateKeyError(ValueError):
    """A JSON object has a key twice."""


def minify(file: TextFile) -> tuple[str | None, Problem | None]:
    """The text that is sent to ECR, or the problem of the JSON."""
    try:
        document = json.loads(file.text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return None, Problem(file=file.shown, line=error.lineno, column=error.colno, message=f"not JSON: {error.msg}")
    except _DuplicateKeyError as error:
        located = (problem for problem in _source(file).problems if problem.is_error)
        return None, next(located, Problem(file=file.shown, message=f"not usable as JSON: {error}"))
    except (ValueError, RecursionError) as error:
        return None, Problem(file=file.shown, message=f"not usable as JSON: {error}")
    if not isinstance(document, dict):
        return None, Problem(file=file.shown, message="a policy is a JSON object: { … }")
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False), None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique: dict[str, object] = {}
    for key, value in pairs:
        if key in unique:
            raise _DuplicateKeyError(f'the key "{key}" is given twice in one object')
        unique[key] = value
    return unique


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def read(files: Iterable[TextFile], problems: list[Problem]) -> dict[str, Document]:
    """Policy files by path from the config folder; broken ones are listed in `problems` and have no text."""
    found: dict[str, Document] = {}
    for file in files:
        text, problem = minify(file)
        if problem:
            problems.append(problem)
        found[file.path] = Document(name=file.path, file=file, text=text or "")
    return found


def check_references(
    layers: Iterable[LayerFile],
    documents: Mapping[str, Document],
    *,
    all_read: bool,
    is_known: Callable[[str], bool] = lambda _: False,
) -> Iterator[Problem]:
    """Problems of policy files: missing, too long, of the wrong kind; unused ones as warnings.

    A policy may be used in a file that could not be read: unless `all_read`, none is called unused. `is_known` is
    whether a file has a problem already: it is not called missing.
    """
    used: dict[str, set[str]] = {}
    for layer in layers:
        for reference in references(layer.layer):
            if reference.name in documents:
                used.setdefault(reference.name, set()).add(reference.kind)
            elif policy_file.check(reference.name) is None and not is_known(reference.name):
                yield layer.problem(reference.path, _missing(reference.name, documents))
    for name, document in documents.items():
        kinds = used.get(name, set())
        if not kinds and all_read:
            message = "no file uses this policy: delete it, or reference it as lifecycle_policy or repository_policy"
            yield Problem(file=document.file.shown, message=message, severity=Severity.WARNING)
        elif document.text:
            yield from (problem for kind in sorted(kinds) for problem in _check(document, kind))


def references(layer: Layer) -> Iterator[Reference]:
    """Every policy file that a layer names, in `repository` and in its namespaces."""
    candidates: list[tuple[KeyPath, object]] = [(("repository",), layer.get("repository"))]
    namespaces = layer.get("namespaces")
    for index, namespace in enumerate(namespaces if isinstance(namespaces, list) else []):
        if isinstance(namespace, Mapping):
            candidates.append((("namespaces", index, "repository"), namespace.get("repository")))
    for path, repository in candidates:
        for kind in (LIFECYCLE, REPOSITORY):
            name = repository.get(kind) if isinstance(repository, Mapping) else None
            if isinstance(name, str):
                yield Reference(path=(*path, kind), kind=kind, name=name)


def _missing(name: str, documents: Mapping[str, Document]) -> str:
    by_stem = {PurePosixPath(known).stem: known for known in documents}
    near = difflib.get_close_matches(PurePosixPath(name).stem, by_stem, n=1, cutoff=0.6)
    if near:
        return f"there is no file {name}; did you mean {by_stem[near[0]]}?"
    some = f" ({', '.join(sorted(documents)[:_SHOWN])}{', …' * (len(documents) > _SHOWN)})" if documents else ""
    return f"there is no file {name}; policies are *.json files in policies/ of the config folder{some}"


def _check(document: Document, kind: str) -> Iterator[Problem]:
    length = len(document.text)
    if length > LONGEST[kind]:
        message = f"{length:,} characters without spaces; ECR accepts at most {LONGEST[kind]:,} for a {_words(kind)}"
        yield Problem(file=document.file.shown, message=message)
    if kind == LIFECYCLE and length < SHORTEST_LIFECYCLE:
        message = f"{length} characters; ECR accepts no lifecycle policy of fewer than {SHORTEST_LIFECYCLE}"
        yield Problem(file=document.file.shown, message=message)
    source = _source(document.file)
    policy = json.loads(document.text)
    for path, message in POLICY_CHECKS[kind](policy):
        yield source.problem(path, message)
    for path, message in repository_policy_warnings(policy) if kind == REPOSITORY else ():
        yield source.problem(path, message, severity=Severity.WARNING)


def _source(file: TextFile) -> YamlSource:
    """JSON as YAML, which it is except for tabs: with source locations."""
    return parse(file.text.replace("\t", " "), file.shown)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
