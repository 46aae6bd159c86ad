"""The control API of a running sandbox: JSON under `/_sandbox/`, used by `aws-org-sandbox …` and by demos."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.errors import SandboxError

Action = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Control:
    """A WSGI application: `POST /_sandbox/<action>` with a JSON object, a JSON object back."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = actions

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.headers.get("Origin"):  # a web page in a browser on this machine has no business here
            return _json({"error": "requests from web pages are refused"}, status=403)
        name = request.path.removeprefix("/_sandbox/").strip("/")
        action = self._actions.get(name)
        if action is None:
            return _json({"error": f"no action {name!r}", "actions": sorted(self._actions)}, status=404)
        try:
            return _json(action(json.loads(request.get_data() or b"{}")))
        except SandboxError as error:
            return _json({"error": error.message, "next_step": error.next_step, "code": error.exit_code}, status=400)
        except (Refused, KeyError, TypeError, ValueError, TimeoutError) as error:
            return _json({"error": _sentence(error)}, status=400)


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the request has no {error}"
    return error.message if isinstance(error, Refused) else str(error)


def _json(value: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(value, indent=1) + "\n", status=status, mimetype="application/json")
