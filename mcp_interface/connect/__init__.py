"""Logging in at brokers through a browser: the pages under `/connect`."""
