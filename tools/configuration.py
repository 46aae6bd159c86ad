"""docs/configuration.md: every key, from the schema, and a worked example of the merge rules, within the prose of
tools/pages/configuration.md.

The handler's own code merges the example of tools/pages/merging/, so its result is what an installation would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deployer.settings.inheritance import Provenance, provenance
from deployer.settings.layer_file import LayerFile
from deployer.settings.reference import lists
from deployer.settings.yaml_source import KeyPath, key_text, parse
from deployer.settings.yaml_text import flow
from handler.settings import merge
from tools.page import render_page

_MERGED = ("ous/workloads.yaml", "ous/dev.yaml")
"""Files of tools/pages/merging/, from the widest to the nearest."""


def render() -> str:
    """The page."""
    organization, _, _, settings, _ = lists().values()  # the page describes the few keys of the others in its prose
    folder = Path(__file__).parent / "pages" / "merging"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in _MERGED}
    layers = [_layer_file(name, text) for name, text in texts.items()]
    merged, origins = merge(file.layer for file in layers), provenance(layers)
    return render_page(
        "configuration",
        organization_keys=organization,
        settings_keys=settings,
        merged_files="\n\n".join(f"```yaml\n{text}```" for text in texts.values()),
        merged_settings=_block(_lines(merged, origins)),
    )


def _block(lines: Iterator[tuple[str, str]]) -> str:
    return "```text\n" + "\n".join(f"{line:<38} {origin}" for line, origin in lines) + "\n```"


def _layer_file(name: str, text: str) -> LayerFile:
    source = parse(text, name)
    data: dict[str, Any] = dict(source.data) if isinstance(source.data, dict) else {}
    return LayerFile(source=source, layer={key: value for key, value in data.items() if key != "ou"})


def _lines(merged: Mapping[str, Any], origins: Provenance, at: KeyPath = ()) -> Iterator[tuple[str, str]]:
    for key, value in merged.items():
        path = (*at, key)
        if isinstance(value, Mapping):
            yield from _lines(value, origins, path)
        else:
            yield f"{key_text(path)}: {flow(value)}", str(origins.of(path))
