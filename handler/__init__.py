"""The central Lambda: creates repositories for "repository does not exist" events, according to the OU's settings."""
