"""Requests to the handler's function URL: which are sent, and how their responses are read. Pure.

docs/schemas/request.json describes requests and answers. A request is for up to 20 repositories of one account and
region. If the response is not an answer of the handler, the event lane takes over, and the reason is reported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, cast

from deployer.pushing.images import ImageReference
from handler.requests import MAX_REPOSITORIES, VERSION
from handler.text import clean

Answered = Literal["created", "exists", "refused", "failed", "pending"]

REPEAT_AFTER: Final = 0.5
"""Seconds until a failed request is repeated."""
_OUTCOMES: Final = frozenset({"created", "exists", "refused", "failed", "pending"})
_NOT_BEGUN: Final = "not-handed-over"
"""Reason of a `failed` result whose work was not started: the event lane may still succeed."""
_TEXT_LIMIT: Final = 1000
"""Characters of a text in an answer that are shown."""
_UNREADABLE: Final = "it did not return an answer of the handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponse:
    """Why there is no response, as the end of a sentence about the URL."""

    reason: str
    is_repeatable: bool = False
    """Whether the same request may succeed at once."""


class Transport(Protocol):
    """Signs a request with the pusher's credentials and sends it to the URL."""

    def send(self, body: bytes) -> Response | NoResponse:
        """The response to a POST of `body`; returns within the transport's limits of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The handler's answer about one repository; its texts are printable."""

    outcome: Answered
    reason: str
    rule: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unserved:
    """Why a request has no answers; `account` if that holds only for the registry of one account."""

    reason: str
    account: str | None = None


@dataclass(slots=True, kw_only=True)
class RequestLane:
    """Requests repositories from the handler, and reports once why it stops.

    After the URL has failed a request, it receives no more of them; a refusal of another account's registry concerns
    that account only.
    """

    transport: Transport
    sleep: Callable[[float], None]
    on_fallback: Callable[[str], None]
    _is_closed: bool = False
    _foreign: set[str] = field(default_factory=set)

    def answers(self, images: Iterable[ImageReference]) -> dict[str, Answer]:
        """The answers by `repository_key`; the event lane handles the others."""
        found: dict[str, Answer] = {}
        for batch in batches(images):
            account = batch[0].registry.account
            if self._is_closed or account in self._foreign:
                continue
            match self._answer(batch):
                case _Unserved() as unserved:
                    self._close(unserved)
                case answered:
                    found |= self._begun(answered)
        return found

    def _begun(self, answers: Mapping[str, Answer]) -> dict[str, Answer]:
        """The answers about work that was started."""
        begun = {key: answer for key, answer in answers.items() if answer.reason != _NOT_BEGUN}
        if left := [answer for key, answer in answers.items() if key not in begun]:
            self.on_fallback(left[0].message.removesuffix("."))
        return begun

    def _close(self, unserved: _Unserved) -> None:
        if unserved.account is None:
            self._is_closed = True
        else:
            self._foreign.add(unserved.account)
        self.on_fallback(unserved.reason)

    def _answer(self, batch: Sequence[ImageReference]) -> dict[str, Answer] | _Unserved:
        """Send a request; a failed one is safe to repeat, and is repeated once."""
        body = request_body(batch)
        response = self.transport.send(body)
        if response.is_repeatable if isinstance(response, NoResponse) else response.status >= 500:
            self.sleep(REPEAT_AFTER)
            response = self.transport.send(body)
        if isinstance(response, NoResponse):
            return _Unserved(reason=response.reason)
        if response.status != 200:
            return _rejection(response, account=batch[0].registry.account)
        results = _results(response.body)
        answers = {image.repository_key: results[image.repository] for image in batch if image.repository in results}
        if len(answers) < len(batch) or len(results) > len(batch):
            return _Unserved(reason=_UNREADABLE)
        return answers


def batches(images: Iterable[ImageReference]) -> Iterator[list[ImageReference]]:
    """One image for each repository, by account and region, at most 20 at once."""
    registries: dict[tuple[str, str], dict[str, ImageReference]] = {}
    for image in images:
        registry = image.registry
        registries.setdefault((registry.account, registry.region), {}).setdefault(image.repository, image)
    for repositories in registries.values():
        all_of_one = list(repositories.values())
        for first in range(0, len(all_of_one), MAX_REPOSITORIES):
            yield all_of_one[first : first + MAX_REPOSITORIES]


def request_body(batch: Sequence[ImageReference]) -> bytes:
    """The body of a request for repositories of one account and region."""
    registry = batch[0].registry
    document = {
        "version": VERSION,
        "account": registry.account,
        "region": registry.region,
        "repositories": [image.repository for image in batch],
    }
    return json.dumps(document).encode()


def _rejection(response: Response, *, account: str) -> _Unserved:
    """Why a whole request failed, from the error of the handler or of Lambda."""
    document = _document(response.body)
    error = document.get("error")
    if isinstance(error, Mapping) and document.get("version") == VERSION:
        reason = f"it answered {response.status}: {_text(error.get('message'))}"
        is_foreign = error.get("code") == "other-account"
        return _Unserved(reason=reason.removesuffix("."), account=account if is_foreign else None)
    text = _text(document.get("Message") or document.get("message")).removesuffix(".")
    hint = f" ({_hint(text)})" if response.status == 403 else ""
    return _Unserved(reason=f"it answered {response.status}{f': {text}' if text else ''}{hint}")


def _hint(text: str) -> str:
    """The next step after a 403 from Lambda; all services use the same texts for errors of signatures.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    if text.startswith(("Signature expired", "Signature not yet current")):
        return "set the clock of this machine"
    if "security token" in text or "signature" in text:
        return "check the credentials"
    return "`deployer ensure --policy` prints the permissions"


def _results(body: bytes) -> dict[str, Answer]:
    """The results by repository; empty if the body is no answer of the handler."""
    document = _document(body)
    results = document.get("results")
    if document.get("version") != VERSION or not isinstance(results, list):
        return {}
    found = {}
    for result in results:
        if not isinstance(result, Mapping) or _text(result.get("outcome")) not in _OUTCOMES:
            return {}
        found[str(result.get("repository"))] = Answer(
            outcome=cast("Answered", result["outcome"]),
            reason=_text(result.get("reason")),
            rule=_text(result.get("rule")),
            message=_text(result.get("message")),
            next_step=_text(result.get("next_step")),
        )
    return found


def _document(body: bytes) -> Mapping[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}


def _text(value: object) -> str:
    return clean(value, limit=_TEXT_LIMIT) if isinstance(value, str) else ""
