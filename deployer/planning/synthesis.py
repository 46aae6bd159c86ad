"""What a roll-out deploys, made from compiled settings alone: names, the handler's zip and the templates. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troposphere import Template

from deployer import bundle
from deployer.bundle import Bundle
from deployer.planning.per_ou import Variant, variants
from deployer.planning.states import FunctionUrl
from deployer.settings import Compiled
from templates import access, artifacts, central, forwarding, function_url
from templates.names import Names
from templates.parts import readable

ZIP = "handler.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Everything that is uploaded to AWS; equal settings and organization give equal bytes."""

    names: Names
    bundle: Bundle
    artifacts: Template = field(repr=False)
    central: Template = field(repr=False)
    access: Template = field(repr=False)
    forwarding: Template = field(repr=False)
    per_ou: tuple[Variant, ...] = ()

    def files(self) -> Mapping[str, bytes]:
        """By file name: the templates as people read them, and the zip."""
        templates = {
            "artifacts.json": self.artifacts,
            "central.json": self.central,
            "access.json": self.access,
            "forwarding.json": self.forwarding,
            **{f"{one.file_name}.json": one.template for one in self.per_ou},
        }
        return {name: readable(template).encode() for name, template in templates.items()} | {ZIP: self.bundle.data}


def synthesize(compiled: Compiled, *, partition: str | None = None) -> Synthesis:
    """Synthesize everything; the partition is the home region's unless the caller's own is known."""
    names = compiled.names(partition=partition)
    has_url = function_url_of(compiled) == "deployed"
    config, handler = compiled.config, bundle.build(compiled.settings_json)
    return Synthesis(
        names=names,
        bundle=handler,
        artifacts=artifacts.template(names),
        central=central.template(
            names,
            handler_digest=handler.digest,
            options=central.Options(
                retention=config.retention,
                cleanup=config.cleanup,
                notifications=config.notifications,
                tracing=config.tracing,
                function_url=has_url,
                reserved_concurrency=config.reserved_concurrency,
                observe=config.observe,
                alarm_actions=(config.alarm_topic,) if config.alarm_topic else (),
            ),
        ),
        access=access.template(
            names,
            uses_kms=compiled.uses_kms,
            cleanup=config.cleanup,
            answers_requests=has_url,
        ),
        forwarding=forwarding.template(names, observe=config.observe),
        per_ou=variants(compiled, names),
    )


def function_url_of(compiled: Compiled) -> FunctionUrl:
    """Whether the handler gets a URL: only if `ensure.url` requests it and the region has function URLs."""
    config = compiled.config
    if not config.ensure_url:
        return "off"
    return "deployed" if function_url.is_available(config.home_region) else "unavailable"
