"""Personal details out of what AWS said, the same detail always replaced by the same stand-in. Pure.

Accounts, organizations, OUs, addresses, names in ARNs, users, sessions, e-mail addresses and access keys go. What
remains has AWS's own form, so that an event is still one that the handler reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])(?<!\b[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)[0-9]{12}(?![0-9A-Za-z])")
"""Not the end of a UUID, which may be twelve digits."""
_ORGANIZATION = re.compile(r"\bo-[a-z0-9]{10,32}\b")
_OU = re.compile(r"\bou-[a-z0-9]{4,32}-[a-z0-9]{8,32}\b")
_ROOT = re.compile(r"\br-[a-z0-9]{4,32}\b")
_IDENTITY_STORE = re.compile(r"\bd-[0-9a-f]{10}\b")
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b")
_PRINCIPAL = re.compile(r"\b(?:AROA|AIDA|AGPA|ANPA)[A-Z0-9]{12,}\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])")
_GROUPS = r"[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})"
_IPV6 = re.compile(rf"(?<![\w:.])(?:{_GROUPS}{{7}}|(?:{_GROUPS}{{0,6}})?::(?:{_GROUPS}{{0,6}})?)(?![\w:.])")
_ARN_NAMES = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:(?:user|role|assumed-role|group|federated-user)/([\w+=,.@/-]+)"
)
_NAMED_FIELDS = frozenset(
    {"account_name", "ou_path", "principalId", "roleSessionName", "sessionName", "sourceIdentity", "userId", "userName"}
)
_SHORTEST = 3
"""Shorter names are only replaced in ARNs, because they are parts of other words."""
_WORDS_OF_AWS = frozenset(
    {"AWS", "amazonaws", "arn", "assumed-role", "aws", "com", "ecr", "events", "iam", "role", "sts"}
)
"""Not replaced even if an account has such a name, because they identify an event as one of ECR."""


@dataclass(slots=True)
class Redactor:
    """Stand-ins of one report.

    `kept` begins names that are the run's own, and no detail of anybody. `hidden` are names to replace wherever they
    stand, such as those of accounts and OUs.
    """

    kept: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    _known: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def redact(self, value: Any) -> Any:
        """A copy of a value as JSON has it, without personal details."""
        for name in sorted({*self.hidden, *_names(value)}):
            if len(name) >= _SHORTEST and name not in _WORDS_OF_AWS and not self._is_kept(name):
                self._stand_in("name", name, lambda number: f"name-{number}")
        return self._walk(value)

    def _walk(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._walk(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._walk(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._text(value.isoformat() if isinstance(value, datetime) else str(value))

    def _text(self, text: str) -> str:
        for name, stand_in in self._names_by_length():
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", stand_in, text)
        for kind, pattern, make in _PATTERNS:
            text = pattern.sub(partial(self._replaced, kind, make), text)
        return text

    def _replaced(self, kind: str, make: Callable[[int], str], found: re.Match[str]) -> str:
        return self._stand_in(kind, found[0], make)

    def _names_by_length(self) -> list[tuple[str, str]]:
        names = [(name, stand_in) for name, stand_in in self._known.items() if stand_in.startswith("name-")]
        return sorted(names, key=lambda item: -len(item[0]))

    def _stand_in(self, kind: str, detail: str, make: Callable[[int], str]) -> str:
        if detail in self._known.values() or self._is_kept(detail):
            return detail
        if detail not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[detail] = make(self._counts[kind])
        return self._known[detail]

    def _is_kept(self, name: str) -> bool:
        return name.startswith(self.kept) if self.kept else False


def _names(value: Any) -> Iterator[str]:
    """Names of users, roles and sessions, wherever a value has them."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in _NAMED_FIELDS and isinstance(item, str):
                yield from (part for part in re.split(r"[:/]", item) if not _PRINCIPAL.fullmatch(part))
            yield from _names(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _names(item)
    elif isinstance(value, str):
        for found in _ARN_NAMES.finditer(value):
            yield from found[1].rstrip(".,").split("/")


_PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[int], str]], ...] = (
    ("e-mail", _EMAIL, lambda number: f"person-{number}@example.com"),
    ("organization", _ORGANIZATION, lambda number: f"o-exampleorg{number}"),
    ("OU", _OU, lambda number: f"ou-exam-{number:08}"),
    ("root", _ROOT, lambda number: f"r-exam{number}" if number > 1 else "r-exam"),
    ("identity store", _IDENTITY_STORE, lambda number: f"d-{number:010x}"),
    ("key", _KEY, lambda number: f"ASIAEXAMPLEEXAMPLE{number:02}"),
    ("principal", _PRINCIPAL, lambda number: f"AROAEXAMPLEEXAMPLE{number:03}"),
    ("account", _ACCOUNT, lambda number: f"{300000000000 + number}"),
    ("IPv4 address", _IPV4, lambda number: f"203.0.113.{number % 256}"),
    ("IPv6 address", _IPV6, lambda number: f"2001:db8::{number:x}"),
)
