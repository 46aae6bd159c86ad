"""Expressions and templates of HCL, evaluated. Pure.

`hcl2` parses (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md); it evaluates nothing, which this module
does for what names of images are built from. Anything else raises HclError: a value is never guessed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from deployer.pushing.hcl_functions import (
    HclError,
    NotSupportedError,
    Value,
    are_equal,
    called,
    is_true,
    number_of,
    text_of,
)
from deployer.pushing.hcl_templates import template_parts

if TYPE_CHECKING:
    from lark import Token, Tree

    Node = Tree[Token]

_NAME: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*", re.ASCII)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_SYNTAX: Final = frozenset({"new_line_or_comment", "arguments"})
_OPERATORS: Final[Mapping[str, Callable[[float, float], Value]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names stand for: `local` names first, then `variable`, which raises HclError for an unknown name."""

    variable: Callable[[str], Value]
    function: Callable[[str], Callable[..., Value] | None]
    local: Mapping[str, Value] = field(default_factory=dict)

    def value(self, name: str) -> Value:
        return self.local[name] if name in self.local else self.variable(name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        """The result of a function of the file or of bake. Raises HclError for arguments that it does not accept."""
        function = self.function(name)
        try:
            return function(*arguments) if function else called(name, arguments)
        except (TypeError, AttributeError, LookupError, StopIteration, ValueError, re.error) as error:
            if isinstance(error, HclError):
                raise
            raise HclError(f"{name} does not accept these arguments") from error

    def with_local(self, local: Mapping[str, Value]) -> Scope:
        return Scope(variable=self.variable, function=self.function, local={**self.local, **local})


Expression = Callable[[Scope], Value]


def parsed(text: str) -> Node:
    """The syntax tree of a file. Raises HclError naming line and column."""
    from hcl2.api import parses_to_tree  # noqa: PLC0415 - its import takes half a second
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        return parses_to_tree(text)
    except (UnexpectedInput, RecursionError) as error:
        line, column = getattr(error, "line", "?"), getattr(error, "column", "?")
        raise HclError(f"line {line}, column {column}: this is no valid HCL") from error


def template(text: str) -> Expression:
    """A text of bake files in JSON, and the content of a heredoc: `${…}` is evaluated, `$${` is `${`."""

    def value(scope: Scope) -> Value:
        return _concatenated([part if isinstance(part, str) else part(scope) for part in parts])

    parts = [part if isinstance(part, str) else _of_code(part.text) for part in template_parts(text)]
    return value


def expression(tree: Node) -> Expression:
    """The expression of an attribute."""
    return lambda scope: _value(tree, scope)


def _concatenated(parts: list[Value]) -> Value:
    """The text of a template; one that consists of one expression has that one's value and type."""
    return parts[0] if len(parts) == 1 else "".join(map(text_of, parts))


def _of_code(text: str) -> Expression:
    if name := _NAME.fullmatch(text):
        return lambda scope: scope.value(name[1])
    [attribute] = parsed(f"x = ({text})").find_data("attribute")
    return expression(parts_of(attribute)[-1])


def _value(tree: Node, scope: Scope) -> Value:
    """The value of a node; `_NODES` has the rule for each kind of node."""
    evaluate = _NODES.get(tree.data)
    if evaluate is None:
        raise NotSupportedError(f"{str(tree.data).replace('_', ' ')} is not supported here")
    return evaluate(tree, scope)


def parts_of(tree: Node) -> list[Node]:
    """The nodes below a node, without punctuation, comments and line ends."""
    found: list[Node] = []
    for child in tree.children:
        if isinstance(child, str):
            continue
        if child.data == "arguments":
            found += parts_of(child)
        elif child.data not in _SYNTAX:
            found.append(child)
    return found


def token_of(tree: Node) -> str:
    """The text of a node that is one token: an identifier, a number, an operator."""
    return "".join(str(child) for child in tree.children).strip()


def _string(tree: Node, scope: Scope) -> Value:
    parts = [_string_part(part.children[0], scope) for part in parts_of(tree)]
    return _concatenated(parts or [""])


def _string_part(part: Node | Token, scope: Scope) -> Value:
    if isinstance(part, str):
        return str(part)[1:] if part.type.startswith("ESCAPED") else _ESCAPE.sub(_unescaped, str(part))
    if part.data != "interpolation":
        raise NotSupportedError("directives in templates are not supported")
    return _value(parts_of(part)[0], scope)


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code not in _ESCAPED:
        raise HclError(f"\\{code} is no escape")
    return _ESCAPED[code]


def _heredoc(tree: Node, scope: Scope) -> Value:
    """The lines between the markers; `<<-` removes the indentation that all of them have."""
    first, *lines = token_of(tree).splitlines()
    body = lines[:-1]
    if first.startswith("<<-"):
        indent = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
        body = [line[indent:] for line in body]
    return template("".join(f"{line}\n" for line in body))(scope)


def _binary(tree: Node, scope: Scope) -> Value:
    left_side, rest = parts_of(tree)
    symbol, right_side = parts_of(rest)
    sign, left = token_of(symbol), _value(left_side, scope)
    if sign in {"&&", "||"}:
        first, second = is_true(left), is_true(_value(right_side, scope))
        return first and second if sign == "&&" else first or second
    right = _value(right_side, scope)
    if sign in {"==", "!="}:
        return are_equal(left, right) == (sign == "==")
    try:
        return _OPERATORS[sign](number_of(left), number_of(right))
    except ZeroDivisionError as error:
        raise HclError("a division by zero") from error


def _unary(tree: Node, scope: Scope) -> Value:
    [operand] = parts_of(tree)
    value = _value(operand, scope)
    return not is_true(value) if str(tree.children[0]).strip() == "!" else -number_of(value)


def _conditional(tree: Node, scope: Scope) -> Value:
    condition, if_true, if_false = parts_of(tree)
    return _value(if_true if is_true(_value(condition, scope)) else if_false, scope)


def _object(tree: Node, scope: Scope) -> Value:
    return {_key(element, scope): _value(parts_of(element)[1], scope) for element in parts_of(tree)}


def _key(element: Node, scope: Scope) -> str:
    """A key: a name is itself, not the variable of that name, unless it is in parentheses."""
    [key] = parts_of(parts_of(element)[0])
    inner = parts_of(key)[0] if key.data == "expr_term" else key
    is_name = inner.data in {"identifier", "keyword"} and len(key.children) == 1
    return token_of(inner) if is_name else text_of(_value(key, scope))


def _call(tree: Node, scope: Scope) -> Value:
    name, *arguments = parts_of(tree)
    if token_of(name) in {"try", "can"}:
        return _tried(token_of(name), arguments, scope)
    values = [_value(argument, scope) for argument in arguments]
    lists = [child for child in tree.children if not isinstance(child, str) and child.data == "arguments"]
    if values and any(str(token) == "..." for child in lists for token in child.children):
        last = values.pop()
        values += last if isinstance(last, list) else [last]
    return scope.call(token_of(name), values)


def _tried(name: str, arguments: list[Node], scope: Scope) -> Value:
    """`try` gives the first argument that has a value, `can` whether its argument has one.

    What is only not supported here has no known value: then neither is known.
    """
    for argument in arguments:
        try:
            value = _value(argument, scope)
        except NotSupportedError:
            raise
        except HclError:
            continue
        return value if name == "try" else True
    if name == "can":
        return False
    raise HclError("no argument of try has a value")


def _at(value: Value, key: Value) -> Value:
    try:
        if isinstance(value, list):
            return value[int(number_of(key))]
        if isinstance(value, dict):
            return value[text_of(key)]
    except (KeyError, IndexError, TypeError) as error:
        raise HclError(f"there is no {text_of(key)!r}") from error
    raise HclError(f"there is no {text_of(key)!r}")


def _index(tree: Node, scope: Scope) -> Value:
    value, index = parts_of(tree)
    return _at(_value(value, scope), _step(index, scope))


def _step(step: Node, scope: Scope) -> Value:
    """The key of `.name`, `.0` or `[key]`."""
    if step.data == "short_index":
        return token_of(step).removeprefix(".")
    [inner] = parts_of(step)
    return token_of(inner) if step.data == "get_attr" else _value(inner, scope)


def _splat(tree: Node, scope: Scope) -> Value:
    value, splat = parts_of(tree)
    items = _value(value, scope)
    items = items if isinstance(items, list) else [items]
    for step in parts_of(splat):
        items = [_at(item, _step(step, scope)) for item in items]
    return items


def _rounds(intro: Node, condition: Node | None, scope: Scope) -> Iterator[Scope]:
    """The scope of each round of a `for` expression."""
    *names, collection = parts_of(intro)
    items = _value(collection, scope)
    if not isinstance(items, list | dict):
        raise HclError("`for` needs a list or an object")
    for key, item in items.items() if isinstance(items, dict) else enumerate(items):
        values = [item] if len(names) == 1 else [key, item]
        inner = scope.with_local(dict(zip(map(token_of, names), values, strict=True)))
        if condition is None or is_true(_value(parts_of(condition)[0], inner)):
            yield inner


def _for_list(tree: Node, scope: Scope) -> Value:
    intro, result, *condition = parts_of(tree)
    return [_value(result, inner) for inner in _rounds(intro, next(iter(condition), None), scope)]


def _for_object(tree: Node, scope: Scope) -> Value:
    intro, key, result, *condition = parts_of(tree)
    rounds = _rounds(intro, next(iter(condition), None), scope)
    return {text_of(_value(key, inner)): _value(result, inner) for inner in rounds}


_NODES: Final[Mapping[str, Callable[[Node, Scope], Value]]] = {
    "expr_term": lambda tree, scope: _value(parts_of(tree)[0], scope),
    "identifier": lambda tree, scope: scope.value(token_of(tree)),
    "literal_value": lambda tree, _: {"true": True, "false": False}.get(token_of(tree)),
    "int_lit": lambda tree, _: int(token_of(tree)),
    "float_lit": lambda tree, _: float(token_of(tree)),
    "string": _string,
    "heredoc_template": _heredoc,
    "heredoc_template_trim": _heredoc,
    "tuple": lambda tree, scope: [_value(part, scope) for part in parts_of(tree)],
    "object": _object,
    "function_call": _call,
    "index_expr_term": _index,
    "get_attr_expr_term": _index,
    "attr_splat_expr_term": _splat,
    "full_splat_expr_term": _splat,
    "for_tuple_expr": _for_list,
    "for_object_expr": _for_object,
    "conditional": _conditional,
    "binary_op": _binary,
    "unary_op": _unary,
}
