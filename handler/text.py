"""Text that strangers chose, made safe to store, log and show: no control characters, no endless length.

Bidirectional overrides, line separators and lone surrogates are written as escapes, so that what a person reads in the
ledger or a terminal is what the event said, and a log line stays one line.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ELLIPSIS = "…"
_NOT_IN_MESSAGES = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What json leaves as it is and SQS does not take.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""


def clean(text: str, *, limit: int = 1024) -> str:
    """Printable text of at most `limit` characters, the end marked where it was cut."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    safe = "".join(_escaped(character) for character in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + _ELLIPSIS


def short_json(value: Any) -> str:
    """JSON no longer than what the value was read from: escapes would take two or three times the bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _NOT_IN_MESSAGES.sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
