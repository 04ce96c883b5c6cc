"""What can be asked: use cases over small ports. No I/O of its own."""
