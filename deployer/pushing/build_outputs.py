"""Outputs and caches of builds, of which some are images in a registry. Pure.

https://docs.docker.com/build/exporters/ and https://docs.docker.com/build/cache/backends/registry/.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Final

_PUSHED: Final = frozenset({"image", "registry"})


def output_fields(output: str) -> dict[str, str]:
    """The fields of an output or a cache, as `type=image,push=true`, which are separated as in CSV."""
    fields = next(csv.reader([output]), [])
    return {key.strip().lower(): value for key, _, value in (field.partition("=") for field in fields) if value}


def is_pushing(output: Mapping[str, object]) -> bool:
    """Whether an output with these fields pushes what is built."""
    return str(output.get("push", output.get("type") == "registry")).lower() in {"true", "1", "t"}


def images_of_output(output: object) -> Iterator[str]:
    """The images that an output names and a push of it writes; `output` is text or its fields."""
    fields = output if isinstance(output, Mapping) else output_fields(str(output))
    if fields.get("type") in _PUSHED and str(fields.get("push", "true")).lower() not in {"false", "0", "f"}:
        yield from (name for each in str(fields.get("name") or "").split(",") if (name := each.strip()))


def images_of_cache(cache: object) -> Iterator[str]:
    """The images that a cache is written to: of `type=registry,ref=IMAGE`, or of images alone."""
    if isinstance(cache, str) and "=" not in cache:
        yield from (image for each in cache.split(",") if (image := each.strip()))
        return
    fields = cache if isinstance(cache, Mapping) else output_fields(str(cache))
    if fields.get("type") == "registry" and fields.get("ref"):
        yield str(fields["ref"])
