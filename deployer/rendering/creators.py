"""What creates a repository, as lines of text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployer.rendering.text import wrapped
from deployer.settings.creators import Creator
from deployer.settings.native import NativeCompilation
from deployer.settings.verdicts import Verdict
from deployer.settings.yaml_source import key_text
from deployer.settings.yaml_text import flow
from templates.creation_templates import ROOT


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
        yield _bypassed(creator.bypassed)
    if creator.created_with:
        values = ", ".join(f"{key}: {flow(value)}" for key, value in creator.created_with)
        yield f"ECR creates it with {values}; `deployer audit repair` changes what AWS can change."


def native_lines(native: NativeCompilation | None) -> Iterator[str]:
    """What ECR creates in a native OU, and what it leaves to the handler."""
    if native is None:
        return
    prefixes = ", ".join(one.prefix if one.prefix == ROOT else f"{one.prefix}/" for one in native.content.templates)
    denied = ", ".join(native.content.denied)
    sentences = [
        f"ECR creates repositories during pushes, by creation templates for: {prefixes or 'none'}.",
        *([f"It creates no name that matches {denied}."] if denied else []),
        *(f"The handler creates names of {one.glob}: {one.reason}." for one in native.uncovered),
        *(f"{one.sentence[0].upper()}{one.sentence[1:]}." for one in native.over_denied),
        *([_bypassed(key_text(one.rule) for one in native.unenforced)] if native.unenforced else []),
    ]
    yield from (line.text for sentence in sentences for line in wrapped(sentence, indent=0))
    yield ""


def native_document(native: NativeCompilation | None) -> dict[str, object] | None:
    """The same as plain data."""
    if native is None:
        return None
    return {
        "templates": [one.prefix for one in native.content.templates],
        "denied": list(native.content.denied),
        "handler": [{"names": one.glob, "reason": one.reason} for one in native.uncovered],
        "over_denied": [{"denied": one.glob, "example": one.example} for one in native.over_denied],
        "bypassed": [key_text(one.rule) for one in native.unenforced],
    }


def _bypassed(rules: Iterable[str]) -> str:
    return f"ECR bypasses rules that native.unenforced lists: {', '.join(rules)}."


def creator_document(creator: Creator | None) -> dict[str, object] | None:
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
