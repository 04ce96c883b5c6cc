"""Dhan's API v2 through its own SDK, which is imported only when someone uses Dhan."""

from infrastructure.brokers.dhan.adapter import DhanBroker

__all__ = ["DhanBroker"]
