"""The address of the handler's function URL, as people write it in options, variables and config files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deployer.errors import ConfigurationError
from handler.text import clean

_URL: Final = re.compile(
    r"https://(?P<host>[a-z0-9]+\.lambda-url\.(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2})\.on\.aws)(?::443)?/?",
    re.ASCII | re.IGNORECASE,
)
"""https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html"""
FORM: Final = "https://<id>.lambda-url.<region>.on.aws/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUrl:
    """A function URL. Its region is also that of the request's signature, which is valid for its host only."""

    host: str
    region: str

    @property
    def text(self) -> str:
        return f"https://{self.host}/"

    @classmethod
    def read(cls, text: str) -> FunctionUrl | None:
        """None unless it is exactly a function URL: nothing else receives a signed request."""
        match = _URL.fullmatch(text.strip())
        return cls(host=match["host"].lower(), region=match["region"].lower()) if match else None

    @classmethod
    def parse(cls, text: str) -> FunctionUrl:
        """The URL of an option or variable; raises ConfigurationError unless it is exactly a function URL."""
        found = cls.read(text)
        if found is None:
            raise ConfigurationError(
                f"{clean(text, limit=200)} is not a function URL",
                next_step=f"Write {FORM}, as `deployer rollout` and `deployer status"
                " --json` print it, or leave --url and DEPLOYER_URL empty.",
            )
        return found
