"""The effective settings of an account or OU, each value with the source location that set it.

Values come from the handler's own code; only source locations are added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches

from deployer.errors import NotFoundError
from deployer.organization import ACTIVE, Organization, normalized
from deployer.settings.compiled import Compiled
from deployer.settings.inheritance import Origin, Provenance
from deployer.settings.limits import ACCOUNT_ID
from deployer.settings.matching import near_paths
from deployer.settings.native import NativeCompilation, compile_native
from deployer.settings.yaml_source import KeyPath, key_text
from handler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One effective value; without `origin` it is the built-in default, which `reset_by` restored if set."""

    key: str
    value: object
    origin: Origin | None
    reset_by: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The effective settings of one account or OU."""

    id: str
    name: str
    ou_path: str
    settings: Settings
    provenance: Provenance
    files: tuple[str, ...]
    is_account: bool
    state: str = ACTIVE
    """Of an account; StackSets skip those that are not active."""
    native: NativeCompilation | None = None
    """What ECR creates during pushes, and what it leaves to the handler; None with `engine: handler`."""

    def values(self) -> Iterator[Value]:
        """Every value in the order of the schema."""
        yield from (_with_origin(path, value, self.provenance) for path, value in leaves(self.settings, ()))


def explain(compiled: Compiled, target: str) -> Explanation:
    """The settings of an account (id or name) or OU (path of names or id)."""
    organization = compiled.organization
    account_id, ou_id = find(organization, target)
    if account_id:
        account = organization.accounts[account_id]
        settings = compiled.settings_for_account(account.id)
        return Explanation(
            id=account.id,
            name=account.name,
            ou_path=organization.path(account.parent_id),
            settings=settings,
            provenance=compiled.provenance_for_account(account.id),
            files=tuple(layer.file for layer in compiled.layers_for_account(account.id)),
            is_account=True,
            state=account.state,
            native=compile_native(settings, compiled.config.policies),
        )
    assert ou_id is not None
    settings = compiled.settings_for_ou(ou_id)
    return Explanation(
        id=ou_id,
        name=organization.ous[ou_id].name,
        ou_path=organization.path(ou_id),
        settings=settings,
        provenance=compiled.provenance_for_ou(ou_id),
        files=tuple(layer.file for layer in compiled.layers_for_ou(ou_id)),
        is_account=False,
        native=compile_native(settings, compiled.config.policies),
    )


def find(organization: Organization, target: str) -> tuple[str | None, str | None]:
    """(account id, None) or (None, OU id); raises NotFoundError with similar names."""
    if target in organization.accounts:
        return target, None
    if target in organization.ous:
        return None, target
    by_path, by_name = organization.ous_at(target), organization.accounts_named(target)
    if len(by_path) + len(by_name) == 1:
        return (by_name[0], None) if by_name else (None, by_path[0])
    if by_path or by_name:
        ids = ", ".join(sorted([*by_path, *by_name]))
        raise NotFoundError(f"{target} is ambiguous: {ids}", next_step="Pass its id.")
    raise NotFoundError(
        f"Account or OU {target} does not exist in {organization.id}", next_step=_hint(organization, target)
    )


def find_ou(organization: Organization, requested: str) -> str:
    """The id of an OU by path or id, never by the name of an account; raises NotFoundError with a similar path."""
    if requested in organization.ous:
        return requested
    paths, path = organization.ous_by_path, normalized(requested.strip("/"))
    found = organization.ous_at(requested) or organization.ous_at(path)
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(f"{requested} is ambiguous: {', '.join(found)}", next_step="Pass the id of the OU.")
    near = get_close_matches(path, paths, n=1)
    raise NotFoundError(
        f"OU {requested} does not exist in organization {organization.id}",
        next_step=f"Did you mean {near[0]}?" if near else "`deployer organization show` lists the OUs.",
    )


def _hint(organization: Organization, target: str) -> str:
    names = {account.name: account.id for account in organization.accounts.values()}
    known = [*organization.ous_by_path, *names]
    if ACCOUNT_ID.fullmatch(target):
        return "If the account is newer than the snapshot, write it again with `deployer organization snapshot`."
    near = near_paths(target, known)
    return f"Did you mean {' or '.join(near)}?" if near else "`deployer organization show` lists all."


def repository_values(settings: Settings, provenance: Provenance, repository: str) -> Iterator[Value]:
    """The settings of a repository of this name; values of its namespace have their source location there."""
    index = settings.namespace_for(repository)
    layer = None if index is None else settings.namespaces[index].repository
    for path, value in leaves(settings.repository_for(repository), ()):
        deepest = _location_of(layer or {}, path)
        if deepest is None:
            yield _with_origin(("repository", *path), value, provenance)
            continue
        at, is_reset = deepest
        origin = provenance.of(("namespaces", index or 0, "repository", *at))
        key = key_text(("repository", *path))
        yield Value(key=key, value=value, origin=None if is_reset else origin, reset_by=origin if is_reset else None)


def _location_of(layer: Mapping[str, object], path: KeyPath) -> tuple[KeyPath, bool] | None:
    """The path at which a layer sets or resets a value, and whether it resets it; None if it does neither."""
    inner: object = layer
    for length, part in enumerate(path, start=1):
        if not isinstance(inner, Mapping) or part not in inner:
            return None
        inner = inner[part]
        if inner is None:
            return path[:length], True
    return path, False


def _with_origin(path: KeyPath, value: object, provenance: Provenance) -> Value:
    origin = provenance.of(path)
    reset = None if origin else provenance.reset_of(path)
    return Value(key=key_text(path), value=value, origin=origin, reset_by=reset)


def leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """Every value of settings, with its key path below `path`, in the order of the schema."""
    if is_dataclass(value):
        for item in fields(value):
            yield from leaves(getattr(value, item.name), (*path, item.name))
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, tuple) and any(is_dataclass(item) for item in value):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, list(value) if isinstance(value, tuple) else value
