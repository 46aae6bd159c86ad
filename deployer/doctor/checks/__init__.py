"""The checks, one function each; `catalogue` has them all in the order in which problems are best fixed."""
