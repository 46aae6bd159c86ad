"""Checks the prerequisites of roll-outs and pushes against the actual state that AWS reports.

`deployer.aws.doctor` reads the actual state; `checks` evaluate it; `probe` follows one request through an installation.
"""
