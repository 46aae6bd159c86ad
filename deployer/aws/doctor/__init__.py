"""Reads what `deployer.doctor` judges: a few calls for each fact, and a value where AWS refuses one."""
