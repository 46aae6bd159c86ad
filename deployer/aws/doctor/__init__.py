"""Reads what `deployer.doctor` checks: a few calls for each value, and a placeholder if AWS refuses one."""
