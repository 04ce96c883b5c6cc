"""Prices, candles and what is calculated from them; days and hours of exchanges."""
