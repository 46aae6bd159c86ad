"""What could not be handled or delivered: messages of the queues, redriven or replayed."""
