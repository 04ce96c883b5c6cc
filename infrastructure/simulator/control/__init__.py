"""The simulator's own routes, and what goes wrong on demand."""
