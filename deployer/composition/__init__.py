"""Puts commands together: config and organization checked against each other, and AWS behind Protocols.

Besides `deployer.cli`, the only code that imports `deployer.aws`.
"""
