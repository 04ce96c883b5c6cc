"""What is true: events, their envelope, states, decide and evolve. No I/O, no clock."""
