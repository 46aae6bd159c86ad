"""The ledger as people ask it: queries, exports and the story of one repository. Pure; AWS is behind a Protocol."""
