"""Config files as settings: `load` reads them, `compile` turns them into the settings file of the handler.

Pure except for reading the config folder: nothing here calls AWS.
"""

from __future__ import annotations

from deployer.settings.compiled import Compiled, compile  # noqa: A004 - the precise term
from deployer.settings.config import Config, load, read
from deployer.settings.problems import InvalidConfigurationError, Problem

__all__ = ["Compiled", "Config", "InvalidConfigurationError", "Problem", "compile", "load", "read"]
