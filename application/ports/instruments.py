"""What the use cases and adapters need to know about what can be traded."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.instruments import Instrument, Kind
from domain.vocabulary import BrokerName, Exchange


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of a search; `total` counts all that match."""

    instruments: tuple[Instrument, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """Which table answers. `trading_day` is the day (IST) that it was loaded for, `sources` are
    the brokers whose master files it joins; `built_in` is the short list that ships."""

    trading_day: date | None
    loaded_at: datetime | None
    instruments: int
    quarantined: int
    sources: tuple[BrokerName, ...]
    built_in: bool


class Instruments(Protocol):
    """One table for all brokers; `on` asks the table of an earlier trading day (IST)."""

    def resolve(
        self, text: str, exchange: Exchange | None = None, on: date | None = None
    ) -> Instrument:
        """The one instrument that a person means: a canonical name (`NSE:INFY`,
        `NFO:NIFTY:2026-11-26:24650:CE`), `EXCHANGE:SYMBOL` in any broker's spelling, or a plain
        `RELIANCE` or `RELIANCE-EQ` (then NSE before BSE).

        Raises:
            UnknownInstrument: none or several; the text names the nearest ones.
        """
        ...

    def find(self, exchange: str, trading_symbol: str) -> Instrument | None:
        """By the exchange's own symbol, exactly (that of Kite's master file: INFY,
        NIFTY26NOV24650CE)."""
        ...

    def known_to(
        self, broker: BrokerName, token: str, segment: str | None = None
    ) -> Instrument | None:
        """By a broker's own handle: Kite's instrument token; Dhan's security id with its exchange
        segment; Groww's trading symbol with `EXCHANGE:SEGMENT` such as `NSE:CASH`."""
        ...

    def search(
        self,
        query: str,
        *,
        exchange: Exchange | None = None,
        kinds: Collection[Kind] = (),
        limit: int = 20,
        offset: int = 0,
    ) -> Found:
        """By words of the symbol, the underlying or the description; the best first."""
        ...

    def expiries(self, underlying: str, exchange: Exchange = "NFO") -> tuple[date, ...]:
        """When contracts on it expire, the nearest first; empty when there are none."""
        ...

    def facts(self) -> TableFacts: ...
