"""Writes the record of an adoption or of its undoing, and changes nothing in the account.

The record comes first and the tag second, from the command: a repository with the record alone is one that lost its
tag, which the next run of the command sets. The handler reads from ECR what the record says, so that a repository that
was deleted and created again in the meantime is not adopted in place of the one that the person saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handler import reasons
from handler.adoption_requests import CALLS, AdoptionRequest, adoption_id, parse
from handler.aws_errors import are_credentials_stale
from handler.errors import PermanentError
from handler.event_fields import Malformed
from handler.handling import Handler
from handler.ports import Repository
from handler.reasons import Outcome
from handler.records import Record
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG

NOT_DONE = "not-done"
"""The answer's `outcome` if nothing was recorded; its `detail` is why."""


class _NotDone(Exception):  # noqa: N818 - the value that leaves this module is an answer
    """Why nothing is recorded."""


@dataclass(frozen=True, slots=True)
class Adoptions:
    """Answers requests of the central account, with what the handler is connected to."""

    handler: Handler

    def answer(self, event: Mapping[str, object], *, request_id: str) -> dict[str, object]:
        """Record what is asked for; returns `outcome` (adopted, released or not-done), `detail` and `event_id`.

        Raises transient errors of AWS: the same request can be sent again.
        """
        detail = ""
        outcome: Outcome | None = None
        request: AdoptionRequest | None = None
        try:
            request = parse(event, now=self.handler.clock())
            record = self._record(request, request_id=request_id)
            self.handler.ledger.write(record)
            outcome = record.outcome
        except (Malformed, _NotDone) as problem:
            detail = str(problem)
        except PermanentError as error:
            detail = f"{error.reason}: {error.detail}"
        except Exception as error:
            if request and are_credentials_stale(error):
                self.handler.registries.forget(request.account)
            raise
        answer: dict[str, object] = {
            "outcome": outcome or NOT_DONE,
            "detail": detail,
            "event_id": request.event_id if request else "",
        }
        self._log(request, answer, request_id=request_id)
        return answer

    def _record(self, request: AdoptionRequest, *, request_id: str) -> Record:
        membership = self.handler.organization.membership(request.account)
        if membership is None:
            raise _NotDone("the account is not in the organization")
        found = self._adoptable(request) if request.action == "adopt" else None
        outcome: Outcome = "adopted" if request.action == "adopt" else "released"
        settings = self.handler.settings
        return Record(
            account=request.account,
            outcome=outcome,
            reason=reasons.ADOPTED if outcome == "adopted" else reasons.RELEASED,
            ou_path=settings.path_of(membership.chain),
            ou_source=membership.source,
            account_name=membership.account_name or settings.last_known_name(request.account),
            region=request.region,
            repository=request.repository,
            repository_arn=found.arn if found else None,
            created_at=found.created_at if found else None,
            principal=request.principal,
            event_name=CALLS[request.action],
            event_id=request.event_id,
            event_time=request.time,
            received_at=self.handler.clock(),
            request_id=request_id,
            settings_digest=settings.digest,
        )

    def _adoptable(self, request: AdoptionRequest) -> Repository:
        """The repository as ECR has it now; raises unless it is the one that the request is about, and nobody's."""
        repositories = self.handler.registries.open(request)()
        found = repositories.find(request.repository)
        if found is None:
            raise _NotDone("it no longer exists")
        if adoption_id(found.arn, found.created_at) != request.event_id:
            raise _NotDone("it was replaced by another repository")
        tags = repositories.tags(request.repository)
        if (
            owner := tags.get(INSTALLATION_TAG, self.handler.settings.installation)
        ) != self.handler.settings.installation:
            raise _NotDone(f"it has the tag of installation {owner}")
        if (event := tags.get(EVENT_ID_TAG, request.event_id)) != request.event_id:
            raise _NotDone(f"it has the tag of event {event}")
        return found

    def _log(self, request: AdoptionRequest | None, answer: Mapping[str, object], *, request_id: str) -> None:
        is_done = answer["outcome"] != NOT_DONE
        subject = request.to_event() if request else {}
        self.handler.log(
            {
                "timestamp": self.handler.clock().isoformat(timespec="milliseconds"),
                "level": "INFO" if is_done else "WARN",
                "message": "adoption requested",
                **{key: subject.get(key) for key in ("account", "region", "repository", "principal")},
                **answer,
                "request_id": request_id,
            }
        )
