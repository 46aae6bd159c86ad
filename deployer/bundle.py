"""The handler's zip: its modules and `settings.json`, nothing else, the same bytes on every machine.

A change of settings is a change of code: another digest, another S3 key, a function that CloudFormation updates. So
nothing in it depends on when or by whom it was built: order, times and permissions are fixed, and files are
stored, not compressed, since zlib's output differs from build to build.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from importlib import resources
from pathlib import PurePosixPath

from handler.settings_file import FILE_NAME
from templates.names import handler_key

_PACKAGE = "handler"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can store."""
_MODE = 0o100644
_UNIX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A zip for Lambda; `digest` is the SHA-256 of its bytes in hex, `settings_digest` that of the settings inside."""

    data: bytes = field(repr=False)
    digest: str
    settings_digest: str

    @property
    def key(self) -> str:
        """The zip's key in the artifacts bucket."""
        return handler_key(self.digest)


def build(settings_json: bytes) -> Bundle:
    """Pack the handler's modules as installed here with these settings."""
    files = {f"{_PACKAGE}/{name}": data for name, data in _modules().items()}
    data = _zip(files | {FILE_NAME: settings_json})
    return Bundle(
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        settings_digest=hashlib.sha256(settings_json).hexdigest(),
    )


def _modules() -> dict[str, bytes]:
    """Source of each module by file name; compiled files and editors' leftovers stay out."""
    entries = resources.files(_PACKAGE).iterdir()
    return {entry.name: entry.read_bytes() for entry in entries if PurePosixPath(entry.name).suffix == ".py"}


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(files.items()):
            archive.writestr(_entry(name), data, compress_type=zipfile.ZIP_STORED)
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = _MODE << 16
    return entry
