"""Zerodha Kite Connect v3 through its own SDK, which is imported only when someone uses Kite."""

from infrastructure.brokers.kite.adapter import KiteBroker

__all__ = ["KiteBroker"]
