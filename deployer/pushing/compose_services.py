"""Services of compose files, reduced to what their images follow from, and those images. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deployer.errors import ConfigurationError
from deployer.pushing.build_outputs import images_of_cache, images_of_output
from deployer.pushing.interpolation import LET_THE_CLIENT_READ_IT, interpolated
from handler.json_values import JsonValue

Services = dict[str, JsonValue]
"""By name, each with what a file has for it: `image`, `build`, `extends` and `depends_on`."""
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a service, with the variables of the project that it is in."""

    text: str
    variables: Variables

    def value(self, *, where: str) -> str:
        return interpolated(self.text, self.variables, where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Which images of services are written: by a push or a build, or by any client of the file."""

    caches: bool = True
    unnamed: bool = True
    """Whether the tags of services without an image are."""
    extensions: bool = True
    """Whether those of `x-bake` are."""


EVERYTHING: Final = Written()


def images_of_services(services: Services, *, where: str, written: Written = EVERYTHING) -> Iterator[str]:
    """The images of services; one without `build` is pulled, never pushed."""
    for name, service in services.items():
        build = service.get("build") if service else None
        if build is None or not (written.unnamed or service.get("image")):
            continue
        place = f"{where}: service {name}"
        if isinstance(build, Text):
            build = {"context": build}
        if not isinstance(build, dict):
            raise ConfigurationError(f"{place}: `build` is neither a text nor a map", next_step="Correct the file.")
        extension = (build.get("x-bake") or {}) if written.extensions else {}
        tags = [service.get("image"), *_list(build, "tags", place), *_list(extension, "tags", place)]
        yield from (image for tag in tags if tag and (image := _text(tag, place)))
        if written.caches:
            for cache in [*_list(build, "cache_to", place), *_list(extension, "cache-to", place)]:
                yield from images_of_cache(_resolved(cache, place))
        for output in _list(extension, "output", place):
            yield from images_of_output(_resolved(output, place))


def sequence_of(value: JsonValue) -> list[JsonValue]:
    """A list, for which compose also accepts one item or nothing."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _list(body: JsonValue, key: str, where: str) -> list[JsonValue]:
    """The items of a list that may be left out; buildx also accepts a text with blanks between them."""
    value = body.get(key) if isinstance(body, dict) else None
    if isinstance(value, Text):
        return value.value(where=where).split()
    items = sequence_of(value)
    if isinstance(value, dict) or any(isinstance(item, list) for item in items):
        raise ConfigurationError(f"{where}: `{key}` is not a list of texts", next_step=LET_THE_CLIENT_READ_IT)
    return items


def _text(value: object, where: str) -> str:
    return value.value(where=where) if isinstance(value, Text) else str(value)


def _resolved(value: object, where: str) -> object:
    """A cache or an output, as text or as its fields."""
    return {key: _text(item, where) for key, item in value.items()} if isinstance(value, dict) else _text(value, where)
