"""Serves requests to the function URL: validates and limits each, handles its repositories in parallel, and responds.

Lambda retries no synchronous invocation, so nothing may depend on this run reaching its end. Before the first call that
changes anything, the handler hands the event of the repository over to an asynchronous invocation of itself, then does
the work. Both have the same event id, so whichever comes later finds the work done; if this run fails or is killed, the
other does it, with Lambda's retries and the failures queue behind it (docs/contributing/decisions/0008). A repository
that exists or is refused is answered without that: there is nothing to finish.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from handler import reasons
from handler.adoption_requests import is_adoption
from handler.adoptions import Adoptions
from handler.answers import Result, error_response, response
from handler.handling import Handler
from handler.rate_limits import RateLimits
from handler.requests import OUTSIDE, Rejection, Request, events_of, is_request, parse

AT_ONCE = 10
"""Repositories of one request that are handled in parallel: the size of a botocore client's connection pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The entry point for events, which go to the handler unchanged, for requests, and for adoptions."""

    handler: Handler
    limits: RateLimits
    clock: Callable[[], datetime]
    log: Callable[[dict[str, object]], None]

    def handle(self, event: object, *, request_id: str) -> dict[str, object]:
        """Handle one event, or respond to one request."""
        if is_adoption(event):
            return Adoptions(self.handler).answer(event, request_id=request_id)
        if not is_request(event):
            return self.handler.handle(event, request_id=request_id)
        request = parse(event, organization_id=self.handler.settings.organization_id)
        if isinstance(request, Rejection):
            return self._reject(request, request_id=request_id)
        answer = self._over_limit(request) or self._results(request, request_id=request_id)
        if isinstance(answer, Rejection):
            return self._reject(answer, request_id=request_id, caller=request.caller.arn)
        return response(answer)

    def _over_limit(self, request: Request) -> Rejection | None:
        seconds = self.limits.take(request.caller.limited_as, len(request.repositories))
        if not seconds:
            return None
        return Rejection(
            status=429,
            code="too-many-requests",
            message="The caller's role has sent too many requests.",
            next_step=f"Send the request again in {seconds} seconds.",
            retry_after=seconds,
        )

    def _results(self, request: Request, *, request_id: str) -> list[Result] | Rejection:
        events = events_of(request, at=self.clock())
        with ThreadPoolExecutor(min(AT_ONCE, len(events))) as pool:
            results = list(pool.map(lambda event: self.handler.answer(event, request_id=request_id), events))
        is_outside = any(result.reason == reasons.NOT_IN_ORGANIZATION for result in results)
        return OUTSIDE if is_outside else results

    def _reject(self, rejection: Rejection, *, request_id: str, caller: str | None = None) -> dict[str, object]:
        """Log a rejection, which is no decision and has no record, and answer it; `caller` is who signed it."""
        self.log(
            {
                "timestamp": self.clock().isoformat(timespec="milliseconds"),
                "level": "WARN",
                "message": "request rejected",
                "status": rejection.status,
                "code": rejection.code,
                "detail": rejection.message,
                "principal": caller,
                "request_id": request_id,
            }
        )
        return error_response(rejection)
