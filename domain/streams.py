"""How streams are named. An id is a pure function of what the stream is about, and is remembered:
one order asks for the same few again and again."""

from datetime import date
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

_NAMESPACE: Final = UUID("6f1d3c0e-9a57-5a0b-8d53-0f6a3c2f7b11")


@lru_cache(maxsize=4096)
def session_stream(principal: UUID, label: str, generation: int) -> UUID:
    """The session of this principal under this label, counted from generation 1."""
    return uuid5(_NAMESPACE, f"trading_session/{principal}/{generation}/{label}")


@lru_cache(maxsize=4096)
def order_key_stream(principal: UUID, order_key: str) -> UUID:
    return uuid5(_NAMESPACE, f"order_key/{principal}/{order_key}")


@lru_cache(maxsize=4096)
def risk_ledger_stream(principal: UUID, day: date) -> UUID:
    """What was reserved against the limits on one trading day (IST)."""
    return uuid5(_NAMESPACE, f"risk_ledger/{principal}/{day.isoformat()}")


@lru_cache(maxsize=4096)
def risk_limits_stream(principal: UUID) -> UUID:
    """The limits that an admin has set for this principal alone."""
    return uuid5(_NAMESPACE, f"risk_limits/{principal}")


GLOBAL_SWITCH: Final = uuid5(_NAMESPACE, "trading_switch/global")


@lru_cache(maxsize=4096)
def user_switch_stream(principal: UUID) -> UUID:
    return uuid5(_NAMESPACE, f"trading_switch/user/{principal}")


@lru_cache(maxsize=4096)
def account_switch_stream(account_fingerprint: str) -> UUID:
    return uuid5(_NAMESPACE, f"trading_switch/account/{account_fingerprint}")
