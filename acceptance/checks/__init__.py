"""One module for each check: `CHECK` is what it is, `run` looks and judges."""
