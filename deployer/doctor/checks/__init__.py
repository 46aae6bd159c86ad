"""The checks, one function each; `catalogue` has them all in the order in which a person fixes what they find."""
