"""Config files as settings: `load` reads them, `compile` makes of them what the handler gets.

Pure but for reading the config folder: nothing here asks AWS.
"""

from __future__ import annotations

from deployer.settings.compiled import Compiled, compile  # noqa: A004 - the word for it
from deployer.settings.config import Config, load, read
from deployer.settings.problems import InvalidConfigurationError, Problem

__all__ = ["Compiled", "Config", "InvalidConfigurationError", "Problem", "compile", "load", "read"]
