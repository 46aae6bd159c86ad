"""Lambda: the real zip of a function in a process of its own, its queue, its destinations and its logs."""
