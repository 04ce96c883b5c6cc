"""Whole tasks, as people ask for them, done by a client that has no model to help it."""
