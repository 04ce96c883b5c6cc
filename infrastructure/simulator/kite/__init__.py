"""Kite's wire face."""
