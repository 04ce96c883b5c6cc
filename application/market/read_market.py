"""Prices, as a broker tells them just now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.ports.broker import Access, Broker
from application.ports.instruments import Instruments
from application.ports.market import Detail, Quote
from application.read_broker import Answered, ReadBroker
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.errors import InvalidArgument, UnknownInstrument
from domain.instruments import Instrument
from domain.vocabulary import Exchange

A_SCREENFUL: Final = 20
"""So many quotes come in full where nobody said how much of each is wanted."""
MOST_CALLS: Final = 50
"""To the broker, for one question."""
_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """What a person calls an instrument."""

    text: str
    exchange: Exchange | None = None

    def __str__(self) -> str:
        return f"{self.exchange}:{self.text}" if self.exchange else self.text


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """`reason` says what is wrong, and names the nearest instruments."""

    symbol: Symbol
    reason: str


@dataclass(frozen=True, kw_only=True)
class Quotes:
    """`unknown` is what nobody calls anything; `unquoted` is what this broker gave no price of."""

    detail: Detail
    quotes: tuple[Quote, ...]
    unknown: tuple[Unknown, ...]
    unquoted: tuple[Instrument, ...]


@dataclass(frozen=True, kw_only=True)
class ReadMarket:
    read_broker: ReadBroker
    instruments: Instruments

    def quotes(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        symbols: Sequence[Symbol],
        detail: Detail | None,
    ) -> Answered[Quotes]:
        """Each instrument once, in the order asked.

        Raises:
            UnknownInstrument: there is a price of none of them.
            InvalidArgument: the broker would have to be asked too often.
            And as `ReadBroker.ask`.
        """

        def question(broker: Broker, access: Access, now: datetime) -> Quotes:
            wanted, unknown = self._resolved(symbols)
            shown: Detail = detail or ("full" if len(wanted) <= A_SCREENFUL else "ohlc")
            _few_enough(broker, shown, len(wanted))
            quotes = broker.quotes(access, wanted, shown, now) if wanted else ()
            priced = {quote.instrument.name for quote in quotes}
            found = Quotes(
                detail=shown,
                quotes=quotes,
                unknown=unknown,
                unquoted=tuple(each for each in wanted if each.name not in priced),
            )
            if not quotes:
                raise _no_price(broker, found)
            return found

        return self.read_broker.ask(context, entered, named, "quotes", question)

    def _resolved(
        self, symbols: Sequence[Symbol]
    ) -> tuple[tuple[Instrument, ...], tuple[Unknown, ...]]:
        found: dict[str, Instrument] = {}
        unknown: dict[str, Unknown] = {}
        for symbol in symbols:
            try:
                instrument = self.instruments.resolve(symbol.text, symbol.exchange)
                found[instrument.name] = instrument
            except UnknownInstrument as e:
                unknown[str(symbol)] = Unknown(symbol=symbol, reason=str(e))
        return tuple(found.values()), tuple(unknown.values())


def _few_enough(broker: Broker, detail: Detail, wanted: int) -> None:
    most = broker.offer.quotes_per_call[detail] * MOST_CALLS
    if wanted > most:
        raise InvalidArgument(
            f"{broker.display_name} tells so few quotes a call that {most} symbols with "
            f"detail='{detail}' are the most at once. Next: detail='ohlc', or fewer symbols."
        )


def _no_price(broker: Broker, found: Quotes) -> UnknownInstrument:
    reasons = [each.reason for each in found.unknown[:_NAMED]]
    if found.unquoted:
        names = ", ".join(each.name for each in found.unquoted[:_NAMED])
        reasons.append(
            f"{broker.display_name} has no price of {names}. Next: search_instruments says who "
            "lists what."
        )
    return UnknownInstrument(" ".join(reasons))
