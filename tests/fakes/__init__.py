"""Stand-ins for the outside world, one per file of `application/ports/`."""
