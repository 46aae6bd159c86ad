"""Authorization tokens: issued by GetAuthorizationToken, and accepted by the registry as a password for the user AWS.

A token represents the principal that requested it, in every registry that the principal may use, for twelve hours.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from aws_org_sandbox.seams import on_reset

USER: Final = "AWS"
LIFETIME: Final = timedelta(hours=12)
KEPT_TOKENS: Final = 10_000
"""How many the sandbox remembers, the latest; expired ones are remembered as such for their lifetime once more."""


@dataclass(frozen=True, slots=True)
class Token:
    """A password and the credentials that it represents."""

    password: str = field(repr=False)
    access_key_id: str
    session_token: str | None = field(repr=False)
    expires: datetime

    @property
    def encoded(self) -> str:
        """As GetAuthorizationToken returns it, and as a Basic header contains it."""
        return base64.b64encode(f"{USER}:{self.password}".encode()).decode()

    @property
    def is_expired(self) -> bool:
        return datetime.now(UTC) >= self.expires


_tokens: dict[str, Token] = {}
_lock = threading.Lock()


def issue(access_key_id: str, *, session_token: str | None) -> Token:
    """A new token for the caller's credentials."""
    expires = (datetime.now(UTC) + LIFETIME).replace(microsecond=0)
    token = Token(secrets.token_urlsafe(48), access_key_id, session_token, expires)
    with _lock:
        _tokens[token.password] = token
        while _is_spare(oldest := next(iter(_tokens.values()))):
            del _tokens[oldest.password]
    return token


def _is_spare(oldest: Token) -> bool:
    return len(_tokens) > KEPT_TOKENS or oldest.expires < datetime.now(UTC) - LIFETIME


def find(authorization: str | None) -> Token | None:
    """The token of a Basic Authorization header; None for any other user, password or scheme."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return _tokens.get(password) if user == USER else None


@on_reset
def forget() -> None:
    """Make all tokens invalid."""
    _tokens.clear()
