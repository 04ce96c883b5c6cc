"""Groww's wire face."""
