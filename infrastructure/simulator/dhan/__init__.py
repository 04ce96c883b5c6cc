"""Dhan's wire face."""
