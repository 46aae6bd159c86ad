"""Reads the ledger: queries, exports and the history of one decision. Pure; AWS is behind a Protocol."""
