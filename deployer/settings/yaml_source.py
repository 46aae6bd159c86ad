"""YAML with a position for every key and value, without its ambiguous features.

libyaml gives the events: PyYAML's C parser is many times faster than a pure Python one, and its composer would overflow
the C stack on `[[[[…`. Keys are always strings, so `on:` is not a boolean; scalars.py resolves other plain words.
Refused: duplicate keys, several documents, tags, aliases and merge keys (inheritance replaces them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from deployer.settings.problems import Problem, Severity
from deployer.settings.scalars import Plain, resolve

KeyPath = tuple[str | int, ...]
"""The path of a value inside a file: keys of maps, indexes of lists."""

DEEPEST = 40
MOST_ENTRIES = 5_000
"""Of one list or map: more than any setting needs, few enough to check and to match on every push."""

_PLACEHOLDER_BEFORE = re.compile(r"\{[a-z_]+\} *$")
_TOO_DEEP = f"nested deeper than {DEEPEST} levels"
_TOO_MANY = f"more than {MOST_ENTRIES:,} entries, which no list or map may have"


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


START = Position(1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlSource:
    """One file as plain data; `data` is None if it is empty or cannot be read (`problems` has the reason)."""

    file: str
    data: object = None
    keys: Mapping[KeyPath, Position] = field(default_factory=dict)
    values: Mapping[KeyPath, Position] = field(default_factory=dict)
    written: Mapping[KeyPath, str] = field(default_factory=dict)
    """Plain scalars that are not strings, as written: the text of a number is lost in its value."""
    problems: tuple[Problem, ...] = ()

    def position(self, path: KeyPath, *, of_key: bool = False) -> Position:
        """The position of a value or its key; if it is missing, of the nearest parent."""
        positions = self.keys if of_key and path in self.keys else self.values
        while path and path not in positions:
            path = path[:-1]
        return positions.get(path, START)

    def problem(
        self, path: KeyPath, message: str, *, of_key: bool = False, severity: Severity = Severity.ERROR
    ) -> Problem:
        """A problem at a position in this file."""
        at = self.position(path, of_key=of_key)
        return _problem(self.file, at, path, message, severity=severity)


def key_text(path: KeyPath) -> str:
    """`create.names.allow[0]`: a path as people write it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(text: str, file: str) -> YamlSource:
    """Read one document; never raises: errors are in `problems`."""
    reader = _Reader(file, yaml.parse(text, Loader=yaml.CBaseLoader))
    try:
        data = reader.document()
    except yaml.YAMLError as error:
        return YamlSource(file=file, problems=(_syntax_problem(error, text, file),))
    except _UnreadableError as unreadable:
        return YamlSource(file=file, problems=(unreadable.problem,))
    return YamlSource(
        file=file,
        data=data,
        keys=reader.keys,
        values=reader.values,
        written=reader.written,
        problems=tuple(reader.problems),
    )


class _UnreadableError(Exception):
    """Reading cannot continue after this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _syntax_problem(error: Exception, text: str, file: str) -> Problem:
    is_alias = getattr(error, "context", None) == "while scanning an alias"
    mark = getattr(error, "context_mark" if is_alias else "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else _position_of_control_character(text)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    lines = text.splitlines()
    line_text = lines[line - 1] if 0 < line <= len(lines) else ""
    indentation = line_text[: len(line_text) - len(line_text.lstrip())]
    if "\t" in indentation or line_text[column - 1 : column] == "\t":
        message = "a tab: YAML indents with spaces only"
    elif braces := _PLACEHOLDER_BEFORE.search(line_text[: column - 1]):
        column, message = braces.start() + 1, 'a value that begins with `{` needs quotes, as in "{principal}"'
    elif is_alias:
        message = 'a value that begins with `*` needs quotes, as in "**/tmp-*"'
    elif message == "exceeded maximum nesting depth":  # libyaml's own limit, met when it reads far ahead
        message = _TOO_DEEP
    else:
        message = f"not YAML: {message}"
    return Problem(file=file, line=line, column=column, message=message)


def _position_of_control_character(text: str) -> tuple[int, int]:
    """libyaml reports a control character without a position."""
    found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", text)
    before = text[: found.start()] if found else ""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _Reader:
    """Turns the events of one document into plain data, keeping positions and collecting problems."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self.file = file
        self.events = events
        self.keys: dict[KeyPath, Position] = {}
        self.values: dict[KeyPath, Position] = {}
        self.written: dict[KeyPath, str] = {}
        self.problems: list[Problem] = []

    def document(self) -> object:
        data: object = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _UnreadableError(
                        self.problem(event, (), "a second document begins here (`---`): use one file for each")
                    )
            elif isinstance(event, yaml.NodeEvent):
                data = self.read(event, ())
        return data

    def read(self, event: yaml.Event, path: KeyPath) -> object:
        self.values[path] = _start(event)
        if len(path) > DEEPEST:
            raise _UnreadableError(self.problem(event, path[:3], _TOO_DEEP))
        if isinstance(event, yaml.AliasEvent):
            self.add_problem(
                event, path, f'a value that begins with `*` needs quotes: "*{event.anchor}" (aliases are not supported)'
            )
            return None
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag not in {None, "!"}:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.add_problem(event, path, f"tags such as `{tag}` are not supported: write the plain value")
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path)
        return self.sequence(path)

    def sequence(self, path: KeyPath) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            if len(items) == MOST_ENTRIES:
                raise _UnreadableError(self.problem(event, path, _TOO_MANY))
            items.append(self.read(event, (*path, len(items))))
        return items

    def mapping(self, path: KeyPath) -> dict[str, object]:
        data: dict[str, object] = {}
        number = 0
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if (number := number + 1) > MOST_ENTRIES:
                raise _UnreadableError(self.problem(event, path, _TOO_MANY))
            key = self.key(event, path, known=data)
            self.keys.setdefault((*path, key), _start(event))
            value_event = next(self.events)
            if key in data:
                self.skip(value_event)
            else:
                data[key] = self.read(value_event, (*path, key))
        data.pop("<<", None)
        return data

    def key(self, event: yaml.Event, path: KeyPath, *, known: Mapping[str, object]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _UnreadableError(
                self.problem(event, path, "a key must be a plain word, not a list, a map or an alias")
            )
        key: str = event.value
        if key == "<<":
            self.add_problem(
                event, (*path, key), "merge keys are not supported: use a parent OU or `defaults` for shared settings"
            )
        elif key in known:
            first = self.keys[(*path, key)].line
            self.add_problem(event, (*path, key), f"duplicate key, first in line {first}")
        return key

    def skip(self, event: yaml.Event) -> None:
        """Read a value without recording it: it must not change known positions."""
        reader = _Reader(self.file, self.events)
        reader.read(event, ())

    def scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> Plain:
        text: str = event.value
        if event.style or event.tag is not None:
            return text
        resolved = resolve(text)
        if resolved.problem:
            self.add_problem(event, path, resolved.problem)
        elif not text and path:
            at = self.keys.get(path, self.values[path])
            message = "has no value, which resets it to the built-in default: write `null` if that is intended"
            self.problems.append(_problem(self.file, at, path, message, severity=Severity.WARNING))
        elif not isinstance(resolved.value, str):
            self.written[path] = text
        return resolved.value

    def add_problem(self, event: yaml.Event, path: KeyPath, message: str) -> None:
        self.problems.append(self.problem(event, path, message))

    def problem(self, event: yaml.Event, path: KeyPath, message: str) -> Problem:
        return _problem(self.file, _start(event), path, message)


def _problem(file: str, at: Position, path: KeyPath, message: str, *, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(file=file, line=at.line, column=at.column, key=key_text(path), message=message, severity=severity)


def _start(event: yaml.Event) -> Position:
    assert event.start_mark is not None
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
