"""Reads what `deployer.doctor` judges: a few calls for each fact, and a value if AWS refuses one."""
