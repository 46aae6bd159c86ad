"""Lambda: runs the real zip of a function in its own process, with its queue, destinations and logs."""
