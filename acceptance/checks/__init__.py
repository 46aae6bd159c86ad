"""One module for each check: `CHECK` describes it, `run` returns its finding."""
