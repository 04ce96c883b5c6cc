"""An instrument table that holds what a test puts into it."""

from collections.abc import Collection, Iterable
from datetime import date

from application.ports.instruments import Found, TableFacts
from domain.errors import UnknownInstrument
from domain.instruments import Instrument, Kind
from domain.vocabulary import BROKERS, BrokerName, Exchange


class FakeInstruments:
    """Searches by walking through all of them; a plain symbol is looked for on the NSE first."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._all = tuple(instruments)
        self._by_symbol: dict[tuple[str, str], Instrument] = {
            (each.exchange, each.trading_symbol): each for each in self._all
        }
        self._by_handle = {
            (broker, *handle): each
            for each in reversed(self._all)
            for broker in BROKERS
            for handle in _handles(each, broker)
        }

    def resolve(
        self, text: str, exchange: Exchange | None = None, on: date | None = None
    ) -> Instrument:
        for each in self._all:
            if text == each.name:
                return each
        for market in (exchange,) if exchange else ("NSE", "BSE"):
            found = self.find(market, text)
            if found is not None:
                return found
        raise UnknownInstrument(f"{text} is not in the table. Next: search_instruments.")

    def find(self, exchange: str, trading_symbol: str) -> Instrument | None:
        return self._by_symbol.get((exchange, trading_symbol))

    def known_to(
        self, broker: BrokerName, token: str, segment: str | None = None
    ) -> Instrument | None:
        return self._by_handle.get((broker, token, segment))

    def search(
        self,
        query: str,
        *,
        exchange: Exchange | None = None,
        kinds: Collection[Kind] = (),
        limit: int = 20,
        offset: int = 0,
    ) -> Found:
        words = query.casefold().split()
        found = tuple(
            each
            for each in self._all
            if exchange in (None, each.exchange)
            and (not kinds or each.kind in kinds)
            and all(word in f"{each.name} {each.description}".casefold() for word in words)
        )
        return Found(instruments=found[offset : offset + limit], total=len(found))

    def expiries(self, underlying: str, exchange: Exchange = "NFO") -> tuple[date, ...]:
        found = {
            each.expiry
            for each in self._all
            if each.expiry and (each.underlying, each.exchange) == (underlying, exchange)
        }
        return tuple(sorted(found))

    def facts(self) -> TableFacts:
        return TableFacts(
            trading_day=None,
            loaded_at=None,
            instruments=len(self._all),
            quarantined=0,
            sources=(),
            built_in=True,
        )


def _handles(instrument: Instrument, broker: BrokerName) -> set[tuple[str, str | None]]:
    if broker == "kite" and instrument.kite:
        return {(str(instrument.kite.instrument_token), None)}
    if broker == "dhan" and instrument.dhan:
        return {(instrument.dhan.security_id, instrument.dhan.exchange_segment)}
    if broker == "groww" and instrument.groww:
        market = {"NFO": "NSE", "BFO": "BSE"}.get(instrument.exchange, instrument.exchange)
        return {(instrument.groww.trading_symbol, f"{market}:{instrument.groww.segment}")}
    return set()
