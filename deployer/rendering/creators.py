"""What creates a repository, as lines of text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deployer.rendering.text import wrapped
from deployer.settings.creators import Creator
from deployer.settings.verdicts import Verdict
from deployer.settings.yaml_text import flow


def creator_lines(verdict: Verdict) -> Iterator[str]:
    """What creates the repository, and what follows."""
    if verdict.creator is None:
        return
    tags = verdict.repository.tags.values() if verdict.repository else ()
    for sentence in _sentences(
        verdict.creator, is_refused=verdict.outcome != "create", has_principal=any("{principal}" in tag for tag in tags)
    ):
        yield from (line.text for line in wrapped(sentence, indent=2))


def _sentences(creator: Creator, *, is_refused: bool, has_principal: bool) -> Iterator[str]:
    if creator.engine == "handler":
        yield f"The handler creates it, not ECR: {creator.reason}." if creator.reason else "The handler creates it."
        return
    yield f"ECR creates it during the push, by {creator.template_text}."
    if is_refused:
        yield "The rule is not enforced: neither ECR's template nor the event of the creation shows who pushes."
    if creator.put_afterwards:
        principal = "; {principal} is ECR's role" if has_principal else ""
        yield f"Afterwards the handler puts {', '.join(creator.put_afterwards)}{principal}."
    if creator.bypassed:
        yield f"ECR bypasses rules that native.unenforced lists: {', '.join(creator.bypassed)}."
    if creator.created_with:
        values = ", ".join(f"{key}: {flow(value)}" for key, value in creator.created_with)
        yield f"ECR creates it with {values}; `deployer audit repair` changes what AWS can change."


def creator_document(creator: Creator | None) -> dict[str, Any] | None:
    """The same as plain data."""
    if creator is None:
        return None
    return {
        "engine": creator.engine,
        "template": creator.template,
        "put_afterwards": list(creator.put_afterwards),
        "bypassed": list(creator.bypassed),
        "created_with": dict(creator.created_with),
        "reason": creator.reason or None,
    }
