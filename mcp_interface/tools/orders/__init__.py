"""Orders, changes, GTT orders, switches: arguments, questions, answers."""
