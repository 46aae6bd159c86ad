"""A plan as a file: for a person to approve, and for `rollout --plan` to carry out exactly, or not at all. Pure.

The digest over its content reveals an edited file. It is no signature, since deployer has no secret: a file whose
digest was forged as well is recognized because the plan is computed again from the config files and the actual state,
and has to be the same. So no file can cause a change that those do not call for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.errors import PlanFileError
from deployer.organization import Organization
from deployer.planning.basis import DEPLOYER, INSPECTED, Basis, Difference, differences, digest
from deployer.planning.plan import Plan
from deployer.planning.states import StackKey
from deployer.rendering.plan_json import VERSION as DOCUMENT_VERSION
from deployer.rendering.plan_json import Document, plan_document
from deployer.rendering.text import Line, wrapped
from deployer.targets import Scope
from deployer.words import account_name, counted
from handler.json_values import JsonValue

FORMAT, VERSION = "deployer-plan", 1
SHOWN = 50
"""Differences of a section that are listed."""
_OF_THE_CALLER = ("caller", "opt_in_regions", "under_way")
"""What depends on who plans, or when, and changes nothing."""
_CHANGES = "changes of the plan"
_AGAIN = "Write it again with `deployer plan --out FILE`."


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """The content of a plan file. `changes` is the document of `plan --json`; `created` is in UTC."""

    created: str
    caller: str
    scope: Scope
    basis: Basis
    changes: Mapping[str, JsonValue]
    source: str = ""
    """The name of the file that it was read from."""

    @classmethod
    def of(cls, plan: Plan, basis: Basis, organization: Organization, *, caller: str, created: str) -> PlanFile:
        """The file for a plan, and what the plan rests on."""
        changes = plan_document(plan, organization, caller=caller)
        return cls(created=created, caller=caller, scope=plan.scope, basis=basis, changes=json.loads(_json(changes)))

    @property
    def denied_previews(self) -> frozenset[StackKey]:
        """Stacks whose templates were compared, since the caller could not create change sets."""
        return frozenset(
            StackKey(stack["name"], stack["region"]) for stack in self.changes["stacks"] if stack["preview_denied"]
        )

    @property
    def is_deep(self) -> bool:
        """Whether resources in member accounts were read for the plan."""
        return INSPECTED in self.basis.get(DEPLOYER, {})

    def to_json(self) -> str:
        """The file; the same content gives the same bytes."""
        content = self._content()
        return json.dumps({**content, "digest": digest(_json(content))}, indent=1, ensure_ascii=True) + "\n"

    def _content(self) -> dict[str, object]:
        regions = self.scope.regions
        return {
            "format": FORMAT,
            "version": VERSION,
            "created": self.created,
            "caller": self.caller,
            "scope": {
                "ous": sorted(self.scope.ou_ids),
                "accounts": sorted(self.scope.account_ids),
                "regions": None if regions is None else sorted(regions),
            },
            "basis": self.basis,
            "changes": self.changes,
        }

    @classmethod
    def from_json(cls, text: str, *, source: str) -> PlanFile:
        """Read a file; raises PlanFileError naming `source` if it is no plan of this version, or was edited."""
        try:
            document = json.loads(text)
            _check(document, document.pop("digest"), source)
            return replace(cls._from_document(document), source=source)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise PlanFileError(f"{source} is not a plan file. Nothing was changed", next_step=_AGAIN) from error

    @classmethod
    def _from_document(cls, document: Mapping[str, JsonValue]) -> PlanFile:
        scope, regions = document["scope"], document["scope"]["regions"]
        texts = [document["created"], document["caller"], *scope["ous"], *scope["accounts"], *(regions or ())]
        values = [value for items in document["basis"].values() for value in items.values()]
        if not all(isinstance(text, str) for text in [*texts, *values]):
            raise ValueError("not text")
        if not (scope["ous"] or scope["accounts"]) or regions == []:
            raise ValueError("no scope")
        file = cls(
            created=document["created"],
            caller=document["caller"],
            scope=Scope(
                ou_ids=frozenset(scope["ous"]),
                account_ids=frozenset(scope["accounts"]),
                regions=None if regions is None else frozenset(regions),
            ),
            basis=document["basis"],
            changes=document["changes"],
        )
        if _json(file._content()) != _json(document):
            raise ValueError("more or less than a plan file has")
        hash(file.denied_previews)
        return file

    def changed_since(self, current: PlanFile) -> tuple[Difference, ...]:
        """What differs from the plan that was just computed for the same scope; empty if they are the same."""
        found = differences(self.basis, current.basis)
        return found or differences({_CHANGES: _parts(self.changes)}, {_CHANGES: _parts(current.changes)})


def _check(document: Mapping[str, JsonValue], found: object, source: str) -> None:
    if document["format"] != FORMAT:
        raise ValueError("another format")
    if document["version"] != VERSION:
        raise PlanFileError(
            f"{source} has version {document['version']!r} of plan files, and this deployer reads {VERSION}",
            next_step="Plan and roll out with the same version of deployer.",
        )
    if found != digest(_json(document)):
        raise PlanFileError(f"{source} was edited after it was written. Nothing was changed", next_step=_AGAIN)


def _parts(changes: Mapping[str, JsonValue]) -> dict[str, str]:
    return {key: digest(_json(value)) for key, value in changes.items() if key not in _OF_THE_CALLER}


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def difference_lines(found: Iterable[Difference], organization: Organization) -> Iterator[Line]:
    """What has changed, item by item."""
    sections: dict[str, list[Difference]] = defaultdict(list)
    for difference in found:
        sections[difference.section].append(difference)
    for section, items in sections.items():
        yield Line(section, "heading")
        for one in items[:SHOWN]:
            yield from wrapped(difference_text(one, organization), indent=2)
        if more := len(items) - SHOWN:
            yield from [Line(f"  and {counted(more, 'more difference')}", "quiet")] if more > 0 else []


def difference_text(one: Difference, organization: Organization) -> str:
    """`200000000001 in eu-west-1: was CURRENT, is OUTDATED`, with the account's name."""
    first, blank, rest = one.item.partition(" ")
    item = f"{account_name(organization, first)}{blank}{rest}" if first in organization.accounts else one.item
    if one.before is None:
        return f"{item}: new{_value(one.after)}"
    if one.after is None:
        return f"{item}: no longer exists{_value(one.before, word=', was')}"
    if one.before.startswith("sha256:"):
        return f"{item}: changed"
    return f"{item}: was {one.before}, is {one.after}"


def _value(value: str | None, *, word: str = ",") -> str:
    return "" if not value or value.startswith("sha256:") else f"{word} {value}"


def difference_document(found: Iterable[Difference]) -> Document:
    """What has changed, for programs; docs/schemas/rollout.json is its schema."""
    return {"version": DOCUMENT_VERSION, "changed_since": [one._asdict() for one in found]}
