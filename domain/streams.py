"""How streams are named. An id is a pure function of what the stream is about."""

from typing import Final
from uuid import UUID, uuid5

_NAMESPACE: Final = UUID("6f1d3c0e-9a57-5a0b-8d53-0f6a3c2f7b11")


def session_stream(principal: UUID, label: str, generation: int) -> UUID:
    """The session of this principal under this label, counted from generation 1."""
    return uuid5(_NAMESPACE, f"trading_session/{principal}/{generation}/{label}")


def order_key_stream(principal: UUID, order_key: str) -> UUID:
    return uuid5(_NAMESPACE, f"order_key/{principal}/{order_key}")
