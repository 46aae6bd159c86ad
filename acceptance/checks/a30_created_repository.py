"""A30: CloudTrail's events of repositories that are created and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acceptance.check import Check, Finding, held, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.events import captured, differences, is_forwarded, receive
from handler.events import parse
from handler.observed_calls import Action, ObservedCall
from handler.tags import EVENT_ID_TAG


def run(lab: Lab) -> Finding:
    """Create a tagged repository, delete it, and read both events as the rule and the handler read them."""
    captured(lab)
    name, region = f"{lab.prefix}/observed", lab.environment.region
    client = lab.client("member", "ecr")
    tags = [{"Key": EVENT_ID_TAG, "Value": lab.prefix}]
    resource = Resource(kind="repository", side="member", region=region, name=name)
    lab.create(resource, lambda: client.create_repository(repositoryName=name, tags=tags))
    created = _event(lab, name, "CreateRepository")
    lab.remove(resource)
    deleted = _event(lab, name, "DeleteRepository")
    events: tuple[tuple[Action, Mapping[str, Any]], ...] = (("created", created), ("deleted", deleted))
    for action, event in events:
        if problem := _problem(lab, name, action, event):
            return refuted(problem, event=event)
    return held("The rule matches both events, and the handler can read them", event=created, deletion=deleted)


def _event(lab: Lab, name: str, call: str) -> Mapping[str, Any]:
    queue = lab.name("capture")
    return lab.wait(f"the event of {call}", lambda: receive(lab, "member", queue, name)).event


def _problem(lab: Lab, name: str, action: Action, event: Mapping[str, Any]) -> str | None:
    if not is_forwarded(lab, event, observe=True):
        return f"The rule's pattern does not match the event of a repository that was {action}"
    call = parse(event)
    if not isinstance(call, ObservedCall):
        return f"The handler cannot parse it: {call}"
    account, region = lab.environment.member_account, lab.environment.region
    expected = {
        "action": action,
        "account": account,
        "region": region,
        "repository": name,
        "recipient_account": account,
    }
    wrong = differences(call, expected)
    if action == "created" and call.tags.get(EVENT_ID_TAG) != lab.prefix:
        wrong.append(f"tags are {dict(call.tags)}")
    return "; ".join(wrong) or None


CHECK = Check(
    number=30,
    title="CloudTrail's events of repositories that are created and deleted",
    run=run,
    creates=("member: a stack of a rule and a queue", "member: a repository"),
    minutes=10,
    altered_by="CREATIONS_WITHOUT_TAGS",
)
