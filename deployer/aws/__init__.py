"""The only modules here that call AWS: thin, one call each, with its pagination and its error codes."""
