"""What could not be handled or delivered: messages of the queues, handed over again or replayed."""
