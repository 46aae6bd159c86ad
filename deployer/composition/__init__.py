"""Puts commands together: config and organization checked against each other, and AWS behind Protocols.

Beside `deployer.cli`, the only code that knows `deployer.aws`.
"""
