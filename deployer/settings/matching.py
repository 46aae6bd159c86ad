"""Matches each file with its OU or account in the current organization: by path of names, by id, or both.

Paths are compared whole, never split at `/`, since the name of an OU may hold one. Nothing is guessed: what does not
match exactly is a problem that lists candidates.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from deployer.organization import Organization, normalized
from deployer.settings.config import AccountFile, Config, OuFile
from deployer.settings.problems import Problem, Severity, in_order

MOST_CANDIDATES = 3
SIMILAR = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Files by the id of their OU or account, and the problems of those that match none."""

    ous: Mapping[str, OuFile] = field(default_factory=dict)
    accounts: Mapping[str, AccountFile] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def match_files(config: Config, organization: Organization) -> Placement:
    """Match every file with the organization."""
    paths = organization.ous_by_path
    ous: dict[str, OuFile] = {}
    problems = list(_check_whole(config, organization))
    for file in config.ous:
        found = _find(file, organization, paths)
        if isinstance(found, Problem):
            problems.append(found)
        elif found in ous:
            message = f"{ous[found].file} configures this OU ({_named(organization, found)}), too: keep one of them"
            problems.append(file.source.problem(("ou",), message))
        else:
            ous[found] = file
    problems += _check_accounts(config.accounts, organization)
    accounts = {file.account_id: file for file in config.accounts if file.account_id in organization.accounts}
    return Placement(ous=ous, accounts=accounts, problems=in_order(problems))


def _find(file: OuFile, organization: Organization, paths: Mapping[str, tuple[str, ...]]) -> str | Problem:
    """The id of the OU that a file is for."""
    at_path = organization.ous_at(file.path) if file.path is not None else ()
    if file.id is not None and file.id in organization.ous:
        if file.path is None or file.id in at_path:
            return file.id
        message = (
            f"{file.id} is `{organization.path(file.id)}` now: it was renamed or moved, or the id belongs to another OU"
        )
        return file.source.problem(("ou",), message)
    if file.id is not None:
        hint = f"; `{file.path}` is {at_path[0]}" if at_path else _candidates(file.path, paths)
        return file.source.problem(("id",), f"there is no OU {file.id} in {organization.id}{hint}")
    if len(at_path) == 1:
        return at_path[0]
    assert file.path is not None
    if at_path:
        message = f"`{file.path}` is ambiguous: {', '.join(at_path)}; add `id: …` to choose one"
        return file.source.problem(("ou",), message)
    message = f"there is no OU `{file.path}` in {organization.id}{_candidates(file.path, paths)}"
    return file.source.problem(("ou",), message)


def _candidates(path: str | None, paths: Mapping[str, tuple[str, ...]]) -> str:
    """`; did you mean …`, or how to list the OUs."""
    found = near_paths(path, paths) if path else []
    if not found:
        return "; `deployer organization show` lists the OUs" if not path else f"; {_nearest_parent(path, paths)}"
    return "; did you mean " + " or ".join(f"`{near}` ({', '.join(paths[near])})" for near in found) + "?"


def near_paths(path: str, paths: Iterable[str]) -> list[str]:
    """Similar paths, the most likely first: another case or spaces, the same name elsewhere, a typo."""
    known = sorted(paths)
    plain = _plain(path)
    same = [other for other in known if _plain(other) == plain]
    moved = [other for other in known if _last_name(other) == _last_name(path)]
    close = [
        other
        for other in difflib.get_close_matches(path, known, n=MOST_CANDIDATES, cutoff=0.7)
        if difflib.SequenceMatcher(None, _last_name(path), _last_name(other)).ratio() > SIMILAR
    ]
    return (same or list(dict.fromkeys([*moved, *close])))[:MOST_CANDIDATES]


def _last_name(path: str) -> str:
    return _plain(path).rpartition("/")[2]


def _plain(path: str) -> str:
    return "/".join(" ".join(part.split()) for part in normalized(path).casefold().split("/"))


def _nearest_parent(path: str, paths: Iterable[str]) -> str:
    parent = path.rpartition("/")[0]
    while parent and parent not in paths:
        parent = parent.rpartition("/")[0]
    below = sorted(other for other in paths if other.startswith(f"{parent}/") or (not parent and "/" not in other))
    hint = f"below `{parent}`" if parent else "at the top"
    return f"{hint} there are {', '.join(f'`{other}`' for other in below)}" if below else f"{hint} there are none"


def _check_whole(config: Config, organization: Organization) -> Iterator[Problem]:
    """That the organization is the configured one and contains the central account."""
    organization_id = config.organization_id
    if organization_id is not None and organization_id != organization.id:
        message = f"these files are for {organization_id}, but the organization is {organization.id}"
        yield config.source.problem(("organization",), message)
    account = organization.accounts.get(config.central_account)
    if config.central_account and account is None:
        message = f"account {config.central_account} is not in {organization.id}"
        yield config.source.problem(("central", "account"), message)
    elif account is not None and not account.is_active:
        message = f"account {account.id} ({account.name}) is {account.state}: stacks cannot be deployed there"
        yield config.source.problem(("central", "account"), message)


def _check_accounts(files: Iterable[AccountFile], organization: Organization) -> Iterator[Problem]:
    for file in files:
        account = organization.accounts.get(file.account_id)
        if account is None:
            near = difflib.get_close_matches(file.account_id, organization.accounts, n=1, cutoff=0.9)
            hint = f"; did you mean {near[0]} ({organization.accounts[near[0]].name})?" if near else ""
            message = f"account {file.account_id} is not in {organization.id}{hint}"
            yield file.source.problem(("account",), message)
        elif not account.is_active:
            message = f"account {account.id} ({account.name}) is {account.state}: StackSets skip it"
            yield file.source.problem(("account",), message, severity=Severity.WARNING)


def _named(organization: Organization, ou_id: str) -> str:
    return f"{organization.path(ou_id)}, {ou_id}"
