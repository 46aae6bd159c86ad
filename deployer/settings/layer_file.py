"""A layer of settings and its source location, the common part of all config files."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.settings.problems import Problem, Severity
from deployer.settings.yaml_source import KeyPath, Position, YamlSource
from handler.settings import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFile:
    """A layer; `at` is its path inside the file (`defaults` in organization.yaml, the top elsewhere)."""

    source: YamlSource
    layer: Layer
    at: KeyPath = ()

    @property
    def file(self) -> str:
        return self.source.file

    def position(self, path: KeyPath) -> Position:
        """The position of a value of the layer."""
        return self.source.position((*self.at, *path))

    def problem(
        self, path: KeyPath, message: str, *, of_key: bool = False, severity: Severity = Severity.ERROR
    ) -> Problem:
        """A problem with a key of the layer."""
        return self.source.problem((*self.at, *path), message, of_key=of_key, severity=severity)
