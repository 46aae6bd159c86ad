"""Pushes that repository creation templates match, made by `deployer`'s own template in the member account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from acceptance.errors import WaitError
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.events import Message, captured, receive_all
from acceptance.rigs.registry import Answer, begin_push
from deployer.aws.session import Session
from handler.settings import Encryption
from templates.creation_templates import CreationTemplate, CreationTemplates
from templates.registry_creation_templates import template

CREATED: Final = "CreateRepository"
DIGEST: Final = "0a1b2c3d"
QUIET: Final = 180.0
"""Seconds without a further event after which no more are expected: CloudTrail's events of one push come together."""
LIFECYCLE: Final = (
    '{"rules":[{"rulePriority":1,"description":"of an acceptance run","selection":{"tagStatus":"untagged",'
    '"countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}'
)
TAGS: Final = {"made-by": "acceptance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A push to a missing repository that a template matches, and CloudTrail's events of it."""

    repository: str
    answer: Answer
    events: tuple[Mapping[str, Any], ...]

    @property
    def evidence(self) -> dict[str, Any]:
        return {"answer": {"status": self.answer.status, "body": self.answer.body}, "events": list(self.events)}

    def named(self, event_name: str) -> list[Mapping[str, Any]]:
        """The details of the events of one call."""
        return [event["detail"] for event in self.events if event["detail"].get("eventName") == event_name]


def covered(lab: Lab) -> str:
    """The prefix that the template covers; names below it that begin with `denied-` are denied to its role."""
    prefix = f"{lab.prefix}/native"
    content = CreationTemplates(
        templates=(
            CreationTemplate(
                prefix=prefix,
                image_tag_mutability="IMMUTABLE",
                mutability_exclusions=(),
                encryption=Encryption(),
                lifecycle_policy=LIFECYCLE,
                repository_policy=None,
                tags=tuple(TAGS.items()),
            ),
        ),
        denied=(f"{prefix}/denied-*",),
    )
    body = template(lab.names, content, DIGEST).to_dict()
    lab.shared("creation template", lambda: lab.stack("member", "creation-template", body))
    return prefix


def role_arn(lab: Lab) -> str:
    """The role of the template."""
    environment = lab.environment
    return lab.names.role_arn(environment.member_account, lab.names.native_role(environment.region, DIGEST))


def creation(lab: Lab) -> Creation:
    """One push that creates its repository."""
    return lab.shared("creation", lambda: push_below(lab, "api", expected=CREATED))


def push_below(lab: Lab, name: str, *, expected: str, session: Session | None = None) -> Creation:
    """Push to a missing repository below the covered prefix, and collect events until they end.

    `expected` is a call whose event is waited for; without it the events end when none comes.
    """
    captured(lab)
    repository = f"{covered(lab)}/{name}"
    answer = push(lab, repository, session or lab.access.session("member"))
    return Creation(repository=repository, answer=answer, events=tuple(_events(lab, repository, expected)))


def push(lab: Lab, repository: str, session: Session) -> Answer:
    """Begin a push, whose repository is removed at the end if it was created."""
    resource = Resource(kind="repository", side="member", region=lab.environment.region, name=repository)
    return lab.create(resource, lambda: begin_push(lab, session, repository))


def exists(lab: Lab, repository: str) -> bool:
    """Whether the member has the repository."""
    return mutability(lab, repository) is not None


def mutability(lab: Lab, repository: str) -> str | None:
    """The image tag mutability of the member's repository, which shows its template; None if it does not exist."""
    found = _described(lab, repository)
    return None if found is None else str(found["imageTagMutability"])


def created_at(lab: Lab, repository: str) -> datetime | None:
    """When ECR created the member's repository; None if it does not exist."""
    found = _described(lab, repository)
    return None if found is None else found["createdAt"]


def _described(lab: Lab, repository: str) -> Any:
    client = lab.client("member", "ecr")
    try:
        (found,) = client.describe_repositories(repositoryNames=[repository])["repositories"]
    except client.exceptions.RepositoryNotFoundException:
        return None
    return found


def _events(lab: Lab, repository: str, expected: str) -> Iterator[Mapping[str, Any]]:
    """Events until one of the expected call was received and none followed for a while."""
    waiting = True
    while True:
        try:
            messages = _next(lab, repository, limit=lab.timeout if waiting else QUIET)
        except WaitError:
            return
        for message in messages:
            yield message.event
            waiting = waiting and message.event["detail"].get("eventName") != expected


def _next(lab: Lab, repository: str, *, limit: float) -> tuple[Message, ...]:
    queue = lab.name("capture")
    return lab.wait(
        "events of a push",
        lambda: receive_all(lab, "member", queue, f'"{repository}"') or None,
        limit=limit,
    )
