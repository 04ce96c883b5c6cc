"""Groww's trading API through its own SDK, which is imported only when someone uses Groww."""

from infrastructure.brokers.groww.adapter import GrowwBroker

__all__ = ["GrowwBroker"]
