"""In-memory files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from deployer.errors import NotFoundError


@dataclass(frozen=True)
class FakeFiles:
    """Implements `pushing.compose_files.Files`."""

    texts: Mapping[str, str]

    def read(self, path: PurePath) -> str:
        if str(path) not in self.texts:
            raise NotFoundError(f"{path} cannot be read: No such file or directory")
        return self.texts[str(path)]

    def exists(self, path: PurePath) -> bool:
        return str(path) in self.texts
