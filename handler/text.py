"""Makes untrusted text safe to store, log and show: printable characters only, and limited in length.

All characters that Python does not regard as printable are escaped: control and format characters, bidirectional
overrides, line separators, lone surrogates, unassigned code points, and every space except the ASCII one. So the ledger
and terminals show what the event contained, and a log line remains one line.
https://docs.python.org/3/library/stdtypes.html#str.isprintable
"""

from __future__ import annotations

import json
import re

_ELLIPSIS = "…"
_NOT_IN_MESSAGES = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""Characters that json does not escape and SQS does not accept.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""


def clean(text: str, *, limit: int = 1024) -> str:
    """Printable text of at most `limit` characters; text that was cut ends in an ellipsis."""
    safe = printable(text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + _ELLIPSIS


def printable(text: str) -> str:
    """The text with an escape for each character that is not printable."""
    return text if text.isprintable() else "".join(_escaped(character) for character in text)


def short_json(value: object) -> str:
    """JSON that is no longer than its source: without ASCII escapes, which would take two or three times the bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _NOT_IN_MESSAGES.sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
