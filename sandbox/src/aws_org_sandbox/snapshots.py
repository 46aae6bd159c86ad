"""Organizations as JSON files: `aws-org-sandbox start --organization FILE` reads one; README.md describes the format.

Imports only the standard library, because commands read a file before the sandbox loads.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from aws_org_sandbox.errors import MissingFileError, OrganizationFileError
from aws_org_sandbox.organization import Account, Organization, OrganizationalUnit

VERSION = 1
MAX_DEPTH = 5
"""Levels of OUs below the root: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""
STATES = ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED")
"""https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html"""
LONGEST_NAME = 128
"""Of OUs and accounts; CreateAccount takes less, but accounts of other origin have any name."""
SHOWN_PROBLEMS = 10

_ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}")
_ROOT_ID = re.compile(r"r-[0-9a-z]{4,32}")
_OU_ID = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")

_TYPES: Mapping[type, str] = {str: "a string", list: "a list", dict: "an object", int: "a number"}
_DOCUMENT = {"version": int, "id": str, "management_account_id": str, "ous": list, "accounts": list}
_OU = {"id": str, "name": str, "parent_id": str}
_ACCOUNT = {"id": str, "name": str, "parent_id": str, "state": str}


class _Problem(NamedTuple):
    """`key` is like `ous[3].name`; empty for the whole file."""

    key: str
    message: str


def read(file: Path) -> Organization:
    """The organization of a file; raises MissingFileError or OrganizationFileError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MissingFileError(
            f"{file.as_posix()} cannot be read: {error.strerror}", next_step="Check the path given as --organization."
        ) from error
    except UnicodeDecodeError as error:
        raise OrganizationFileError(f"{file.as_posix()}: not UTF-8 text", next_step=_NEXT_STEP) from error
    return parse(text, source=file.as_posix())


def parse(text: str, *, source: str) -> Organization:
    """The organization of a text; raises OrganizationFileError with `source`, and the key of each problem."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OrganizationFileError(f"{source}: not JSON: {error}", next_step=_NEXT_STEP) from error
    for check in (_shape_problems, _value_problems, _tree_problems):
        problems = list(islice(check(document), SHOWN_PROBLEMS + 1))
        if problems:
            raise _refusal(problems, source)
    return _organization(document)


def document_of(organization: Organization) -> dict[str, Any]:
    """The document that `parse` reads."""
    return {
        "version": VERSION,
        "id": organization.id,
        "management_account_id": organization.management_account_id,
        "ous": [{"id": ou.id, "name": ou.name, "parent_id": ou.parent_id} for ou in organization.ous.values()],
        "accounts": [
            {"id": one.id, "name": one.name, "parent_id": one.parent_id, "state": one.state}
            for one in organization.accounts.values()
        ],
    }


_NEXT_STEP = "Correct the file, or write it again from the organization."


def _refusal(problems: Sequence[_Problem], source: str) -> OrganizationFileError:
    lines = [f"{source}: {key}: {message}" if key else f"{source}: {message}" for key, message in problems]
    more = ["and more"] if len(lines) > SHOWN_PROBLEMS else []
    return OrganizationFileError("\n  ".join([*lines[:SHOWN_PROBLEMS], *more]), next_step=_NEXT_STEP)


def _organization(document: Mapping[str, Any]) -> Organization:
    return Organization(
        id=document["id"],
        management_account_id=document["management_account_id"],
        ous={ou["id"]: OrganizationalUnit(**ou) for ou in document["ous"]},
        accounts={account["id"]: Account(**account) for account in document["accounts"]},
    )


def _shape_problems(document: Any) -> Iterator[_Problem]:
    """Keys and types; without these problems, every value can be read."""
    if not isinstance(document, dict):
        yield _Problem("", "not an object with the keys " + ", ".join(_DOCUMENT))
        return
    yield from _key_problems(document, _DOCUMENT, at="")
    for name, keys in (("ous", _OU), ("accounts", _ACCOUNT)):
        items = document.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            at = f"{name}[{index}]"
            if isinstance(item, dict):
                yield from _key_problems(item, keys, at=f"{at}.", nullable="parent_id" if name == "ous" else "")
            else:
                yield _Problem(at, "not an object")


def _key_problems(
    item: Mapping[str, Any], keys: Mapping[str, type], *, at: str, nullable: str = ""
) -> Iterator[_Problem]:
    for key, type_ in keys.items():
        if key not in item:
            yield _Problem(f"{at}{key}", "missing")
        elif not (isinstance(item[key], type_) or (item[key] is None and key == nullable)):
            yield _Problem(f"{at}{key}", f"not {_TYPES[type_]}")
    for key in item.keys() - keys.keys():
        yield _Problem(f"{at}{key if key.isprintable() else _shown(key)}", "unknown key")


def _value_problems(document: Mapping[str, Any]) -> Iterator[_Problem]:
    """Values of one item that AWS does not allow."""
    if document["version"] != VERSION:
        yield _Problem("version", f"{document['version']} is unknown; this sandbox reads {VERSION}")
    yield from _pattern_problem("id", document["id"], _ORGANIZATION_ID, "an organization's id (o-…)")
    for index, ou in enumerate(document["ous"]):
        at = f"ous[{index}]"
        pattern, kind = (_ROOT_ID, "a root's id (r-…)") if ou["parent_id"] is None else (_OU_ID, "an OU's id (ou-…)")
        yield from _pattern_problem(f"{at}.id", ou["id"], pattern, kind)
        yield from _name_problem(f"{at}.name", ou["name"])
    for index, account in enumerate(document["accounts"]):
        at = f"accounts[{index}]"
        yield from _pattern_problem(f"{at}.id", account["id"], _ACCOUNT_ID, "an account's id (12 digits)")
        yield from _name_problem(f"{at}.name", account["name"])
        if account["state"] not in STATES:
            yield _Problem(f"{at}.state", f"{_shown(account['state'])} is none of {', '.join(STATES)}")


def _pattern_problem(key: str, value: str, pattern: re.Pattern[str], kind: str) -> Iterator[_Problem]:
    if not pattern.fullmatch(value):
        yield _Problem(key, f"{_shown(value)} is not {kind}")


def _name_problem(key: str, value: str) -> Iterator[_Problem]:
    if not 1 <= len(value) <= LONGEST_NAME:
        yield _Problem(key, f"{len(value)} characters; AWS takes 1 to {LONGEST_NAME}")
    elif any("\ud800" <= character <= "\udfff" for character in value):
        yield _Problem(key, f"{_shown(value)} has half of a surrogate pair")


def _tree_problems(document: Mapping[str, Any]) -> Iterator[_Problem]:
    """What does not fit together: OUs are one tree, and every account is in it once."""
    ous, accounts = document["ous"], document["accounts"]
    roots = [ou["id"] for ou in ous if ou["parent_id"] is None]
    if len(roots) != 1:
        yield _Problem("ous", f"{len(roots)} have no parent_id; only the root has none")
    yield from _duplicates("ous", ous, ("id",))
    yield from _duplicates("ous", ous, ("parent_id", "name"))
    yield from _duplicates("accounts", accounts, ("id",))
    yield from _parent_problems(document)
    management = next((one for one in accounts if one["id"] == document["management_account_id"]), None)
    if management is None or management["state"] != "ACTIVE":
        state = "is not among the accounts" if management is None else f"is {management['state']}"
        yield _Problem("management_account_id", f"{_shown(document['management_account_id'])} {state}")


def _parent_problems(document: Mapping[str, Any]) -> Iterator[_Problem]:
    parents = {ou["id"]: ou["parent_id"] for ou in document["ous"]}
    for name in ("ous", "accounts"):
        for index, item in enumerate(document[name]):
            key, parent = f"{name}[{index}].parent_id", item["parent_id"]
            if parent is not None and parent not in parents:
                yield _Problem(key, f"there is no OU or root {_shown(parent)}")
            elif name == "ous" and _depth(item["id"], parents) > MAX_DEPTH:
                yield _Problem(key, f"OUs are at most {MAX_DEPTH} levels deep below the root, and in no cycle")


def _depth(ou_id: str, parents: Mapping[str, str | None]) -> int:
    """Levels below the root; stops above the limit, because a cycle has no end."""
    depth, parent = 0, parents.get(ou_id)
    while parent is not None and depth <= MAX_DEPTH:
        depth, parent = depth + 1, parents.get(parent)
    return depth


def _duplicates(name: str, items: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> Iterator[_Problem]:
    counts = Counter(tuple(item[key] for key in keys) for item in items)
    for index, item in enumerate(items):
        if counts[tuple(item[key] for key in keys)] > 1:
            where = " in the same parent" if len(keys) > 1 else ""
            yield _Problem(f"{name}[{index}].{keys[-1]}", f"{_shown(item[keys[-1]])} exists twice{where}")


def _shown(value: str) -> str:
    """A value on one line of a terminal."""
    return json.dumps(value, ensure_ascii=not value.isprintable())
