"""The central Lambda: turns "repository does not exist" events into repositories, as the OU's settings say."""
