"""Dhan's words and ours, and the names of instruments in both directions.

Dhan knows an instrument by exchange segment and security id; symbols in its rows are its own. What
the table does not know keeps the name that Dhan gives it; what has no word here is refused.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.instruments import Instruments
from domain.capabilities import OFFERS
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instants import IST
from domain.instruments import DhanHandle, Instrument
from domain.vocabulary import OrderStatus

STATUSES: Final[dict[str, OrderStatus]] = {
    "TRANSIT": "PENDING_SUBMIT",
    "PENDING": "OPEN",
    "TRIGGERED": "TRIGGER_PENDING",
    "PART_TRADED": "PARTIAL",
    "TRADED": "FILLED",
    "CLOSED": "FILLED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
}
SEGMENTS: Final = {
    "NSE_EQ": "NSE",
    "BSE_EQ": "BSE",
    "NSE_FNO": "NFO",
    "BSE_FNO": "BFO",
    "NSE_CURRENCY": "CDS",
    "BSE_CURRENCY": "BCD",
    "MCX_COMM": "MCX",
}
TO_PRODUCT: Final = {"CNC": "CNC", "MIS": "INTRADAY", "NRML": "MARGIN", "MTF": "MTF"}
FROM_PRODUCT: Final = {"INTRADAY": "MIS", "MARGIN": "NRML"}
TO_ORDER_TYPE: Final = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP_LOSS"}
FROM_ORDER_TYPE: Final = {"STOP_LOSS": "SL", "STOP_LOSS_MARKET": "SL-M"}
VALIDITIES: Final = frozenset({"DAY", "IOC"})

PAISA: Final = Decimal("0.01")


class NotAtDhan(NotSupportedByBroker):
    """A term that Dhan has no word for, or one that would not mean the same there."""


class Profile(msgspec.Struct, rename="camel"):
    """Whose token it is, and until when (`29/11/2026 09:15`)."""

    dhan_client_id: str
    token_validity: str | None = None
    active_segment: str | None = None


@dataclass(frozen=True)
class Names:
    """Between our exchange and trading symbol and Dhan's segment and security id.

    Exchanges give the id of a contract that has expired to another one, and a table may be old: on
    a known day, `today` in India, what has expired is not known any more.
    """

    instruments: Instruments
    today: date | None = None

    def on(self, now: datetime) -> "Names":
        return replace(self, today=now.astimezone(IST).date())

    def handle(self, exchange: str, trading_symbol: str) -> DhanHandle:
        """For orders.

        Raises:
            UnknownInstrument: a guess would be somebody's money. NotAtDhan: see `must_trade`.
        """
        must_trade(exchange)
        found = self.instruments.find(exchange, trading_symbol)
        if found is None:
            raise UnknownInstrument(
                f"{exchange}:{trading_symbol} is not in the instrument table. "
                "Next: search_instruments."
            )
        if self._has_expired(found):
            raise UnknownInstrument(f"{found.name} has expired. Next: search_instruments.")
        return handle_of(found)

    def ours(self, segment: str, security_id: str, named: str | None) -> tuple[str, str]:
        """Exchange and trading symbol; `named` is what Dhan calls it."""
        known = self.known(segment, security_id)
        if known is not None:
            return known.exchange, known.trading_symbol
        return SEGMENTS.get(segment, segment), named or security_id

    def known(self, segment: str, security_id: str) -> Instrument | None:
        found = self.instruments.known_to("dhan", security_id, segment)
        return None if found is None or self._has_expired(found) else found

    def _has_expired(self, instrument: Instrument) -> bool:
        if self.today is None or instrument.expiry is None:
            return False
        return instrument.expiry < self.today


def must_trade(exchange: str) -> None:
    """Raises: NotAtDhan: a quantity might mean something else there."""
    offered = OFFERS["dhan"].exchanges
    if exchange not in offered:
        raise NotAtDhan(
            f"Orders on {exchange} are not sent to Dhan. Next: choose {', '.join(sorted(offered))}."
        )


def handle_of(instrument: Instrument) -> DhanHandle:
    """Raises: UnknownInstrument: Dhan does not list it, or not as the other brokers do."""
    if instrument.dhan is None:
        raise UnknownInstrument(
            f"Dhan does not list {instrument.name}. Next: search_instruments for another one, or "
            "ask another broker."
        )
    return instrument.dhan


def as_utc(instant: str | None) -> datetime | None:
    """Dhan's instants have no zone and mean IST; "NA" and the year 1 mean that there was none."""
    try:
        read = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return read.replace(tzinfo=IST).astimezone(UTC) if read.year > 1 else None


def day_first_as_utc(instant: str | None) -> datetime | None:
    """The same for `23/11/2026 09:15` with or without seconds; 1980 means that there was none."""
    for shape in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            read = datetime.strptime(instant or "", shape).replace(tzinfo=IST)
        except ValueError:
            continue
        return read.astimezone(UTC) if read.year > 1980 else None
    return None
