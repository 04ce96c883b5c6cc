"""Instruments, quotes, candles, option chains, market hours."""
