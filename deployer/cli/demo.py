"""`deployer sandbox demo`: a roll-out and pushes in the local AWS, step by step."""

from __future__ import annotations

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory


def demo(config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY) -> None:
    """Roll out, push and audit in a new sandbox; exits 0 only if every check passed.

    The config files must be those of the example organization, as in the folder config/ of deployer's source.
    """
    from deployer.cli.printing import print_lines
    from deployer.extras import SANDBOX_PACKAGES, require

    require("sandbox", SANDBOX_PACKAGES, purpose="The sandbox")
    from deployer import settings
    from deployer.demo import scenario

    settings.load(config)
    if not scenario.run(config=config, show=print_lines):
        raise typer.Exit(1)
