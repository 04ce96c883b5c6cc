"""Groww's words and ours, and the names of instruments in both directions.

Groww knows an instrument by exchange (NSE or BSE, for contracts, too), segment and its own trading
symbol. What the table does not know keeps the name that Groww gives it; what has no word here is
refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from application.ports.instruments import Instruments
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instants import IST
from domain.instruments import GrowwHandle, Instrument
from domain.vocabulary import OrderStatus

# Any: rows as the SDK hands them over; structs check them.
Row = Mapping[str, Any]

STATUSES: Final[Mapping[str, OrderStatus]] = {
    "NEW": "PENDING_SUBMIT",
    "ACKED": "PENDING_SUBMIT",
    "APPROVED": "PENDING_SUBMIT",
    "OPEN": "OPEN",
    "MODIFICATION_REQUESTED": "OPEN",
    "TRIGGER_PENDING": "TRIGGER_PENDING",
    "EXECUTED": "FILLED",
    "DELIVERY_AWAITED": "FILLED",
    "COMPLETED": "FILLED",
    "CANCELLATION_REQUESTED": "CANCEL_PENDING",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
    "FAILED": "REJECTED",
}
SEGMENTS: Final = ("CASH", "FNO")
PRODUCTS: Final = ("CNC", "MIS", "NRML")
TO_ORDER_TYPE: Final = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "SL", "SL-M": "SL_M"}
FROM_ORDER_TYPE: Final = {"SL_M": "SL-M"}
VALIDITIES: Final = frozenset({"DAY", "IOC"})
NO_SUCH_THING: Final = "GA004"

_PLACES: Final = {
    "NSE": ("NSE", "CASH"),
    "BSE": ("BSE", "CASH"),
    "NFO": ("NSE", "FNO"),
    "BFO": ("BSE", "FNO"),
}
_OURS: Final = {theirs: ours for ours, theirs in _PLACES.items()}


class NotAtGroww(NotSupportedByBroker):
    """A term that Groww has no word for, or one that would not mean the same there."""


class Profile(msgspec.Struct):
    """Whose token it is. `ucc` is the client code that contract notes bear, too."""

    ucc: str
    nse_enabled: bool = False
    bse_enabled: bool = False
    active_segments: list[str] = []


class DayToken(msgspec.Struct):
    token: str


@dataclass(frozen=True)
class Names:
    """Between our exchange and trading symbol and Groww's."""

    instruments: Instruments

    def handle(self, exchange: str, trading_symbol: str) -> GrowwHandle:
        """Raises: UnknownInstrument: a guess would be somebody's money."""
        found = self.instruments.find(exchange, trading_symbol)
        if found is None:
            raise UnknownInstrument(
                f"{exchange}:{trading_symbol} is not in the instrument table. "
                "Next: search_instruments."
            )
        return handle_of(found)

    def ours(self, exchange: str, segment: str, trading_symbol: str) -> tuple[str, str]:
        """Our exchange and trading symbol for Groww's."""
        known = self.instruments.known_to("groww", trading_symbol, f"{exchange}:{segment}")
        if known is not None:
            return known.exchange, known.trading_symbol
        return _OURS.get((exchange, segment), f"{exchange}_{segment}"), trading_symbol


def handle_of(instrument: Instrument) -> GrowwHandle:
    """Raises: UnknownInstrument: Groww does not list it, or not as the other brokers do."""
    if instrument.groww is None:
        raise UnknownInstrument(
            f"Groww does not list {instrument.name}. Next: search_instruments for another one, or "
            "ask another broker."
        )
    return instrument.groww


def place_of(exchange: str) -> tuple[str, str]:
    """Groww's exchange and segment.

    Raises:
        NotAtGroww: it does not trade there.
    """
    if exchange not in _PLACES:
        raise NotAtGroww(f"Groww takes no orders for {exchange}. Next: {', '.join(_PLACES)}.")
    return _PLACES[exchange]


def as_utc(instant: str | None) -> datetime | None:
    """Groww's instants have no zone and mean IST. What cannot be read is left unknown."""
    try:
        read = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=IST)).astimezone(UTC)


def in_ist(instant: datetime) -> str:
    """`2026-11-23 09:15:00`, as Groww takes instants."""
    return f"{instant.astimezone(IST):%Y-%m-%d %H:%M:%S}"
