"""Pages of a list, as AWS returns them: of limited size, with an opaque token that is valid for the same request."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from aws_org_sandbox.calls import Call, Refused

Item = TypeVar("Item")


def page(
    items: Sequence[Item], call: Call, *, limit: int, bad_token: str, default: int | None = None
) -> tuple[list[Item], str | None]:
    """One page and the token of the next; `limit` is AWS's largest page, `bad_token` its code for a wrong token.

    `default` is the size of a page that the call does not give, if that is not the largest one.
    """
    requested = _parameter(call, "MaxResults")
    if requested is not None and not 1 <= int(requested) <= limit:
        raise Refused(bad_token, f"MaxResults must be between 1 and {limit}, and is {requested}.")
    size = int(requested or default or limit)
    start = _position(call, bad_token)
    following = start + size
    token = _token(call, following) if following < len(items) else None
    return list(items[start:following]), token


def with_token(members: dict[str, Any], token: str | None) -> dict[str, Any]:
    """The answer of a paged call: AWS leaves `NextToken` out on the last page."""
    return {**members, "NextToken": token} if token else members


def _parameter(call: Call, name: str) -> Any:
    """A parameter of paging: some services begin its name with a small letter."""
    return call.parameters.get(name, call.parameters.get(name[0].lower() + name[1:]))


def _request_key(call: Call) -> str:
    request = {key: value for key, value in call.parameters.items() if key.lower() not in {"nexttoken", "maxresults"}}
    return f"{call.operation} {json.dumps(request, sort_keys=True, default=str)}"


def _token(call: Call, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([position, _request_key(call)]).encode()).decode()


def _position(call: Call, bad_token: str) -> int:
    token = _parameter(call, "NextToken")
    if not token:
        return 0
    try:
        position, request_key = json.loads(base64.urlsafe_b64decode(str(token)))
    except ValueError as error:
        raise Refused(bad_token, "The NextToken is not valid.") from error
    if request_key != _request_key(call):
        raise Refused(bad_token, "The NextToken belongs to another request.")
    return int(position)
