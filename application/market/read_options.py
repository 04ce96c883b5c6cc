"""The option chain around the money, as a broker tells it just now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from application.market.read_market import Symbol
from application.ports.broker import Access, Broker
from application.ports.instruments import Instruments
from application.ports.market import OptionChain, OptionRow
from application.read_broker import Answered, ReadBroker
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.errors import InvalidArgument, UnknownInstrument
from domain.instants import IST
from domain.instruments import Instrument

_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True)
class ChainView:
    """`rows` are those around `at_the_money`, the strike nearest to the underlying's price; all of
    the chain where the broker does not tell that price."""

    chain: OptionChain
    expiries: tuple[date, ...]
    rows: tuple[OptionRow, ...]
    at_the_money: OptionRow | None


@dataclass(frozen=True, kw_only=True)
class ReadOptionChain:
    read_broker: ReadBroker
    instruments: Instruments

    def __call__(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        underlying: Symbol,
        expiry: date | None,
        strikes_around: int,
    ) -> Answered[ChainView]:
        """The strikes around the money, `strikes_around` on each side; of the nearest expiry
        where none is given.

        Raises:
            UnknownInstrument: nothing is called so, or it has no options there.
            InvalidArgument: it is a contract itself, or has no such expiry.
            And as `ReadBroker.ask`.
        """

        def question(broker: Broker, access: Access, now: datetime) -> ChainView:
            instrument = self._underlying(underlying)
            today = now.astimezone(IST).date()
            told = broker.expiries(access, instrument, now)
            expiries = tuple(day for day in told if day >= today)
            day = _expiry(instrument, expiries, expiry, broker.display_name)
            chain = broker.option_chain(access, instrument, day, now)
            rows, middle = _around(chain, strikes_around)
            return ChainView(chain=chain, expiries=expiries, rows=rows, at_the_money=middle)

        return self.read_broker.ask(context, entered, named, "option_chain", question)

    def _underlying(self, symbol: Symbol) -> Instrument:
        instrument = self.instruments.resolve(symbol.text, symbol.exchange)
        if instrument.expiry is not None:
            raise InvalidArgument(
                f"{instrument.name} is a contract itself. Next: name what it is on, as NIFTY."
            )
        return instrument


def _expiry(underlying: Instrument, expiries: Sequence[date], wanted: date | None, at: str) -> date:
    if not expiries:
        raise UnknownInstrument(
            f"{underlying.name} has no options at {at}. Next: search_instruments for one that has."
        )
    if wanted is None:
        return expiries[0]
    if wanted not in expiries:
        days = ", ".join(day.isoformat() for day in expiries[:_NAMED])
        raise InvalidArgument(
            f"No options on {underlying.name} expire on {wanted} at {at}. "
            f"Next: choose one of {days}{' or later' if len(expiries) > _NAMED else ''}."
        )
    return wanted


def _around(
    chain: OptionChain, strikes_around: int
) -> tuple[tuple[OptionRow, ...], OptionRow | None]:
    price = chain.underlying_price_inr
    if price is None or not chain.rows:
        return chain.rows, None
    middle = min(range(len(chain.rows)), key=lambda at: _distance(chain.rows[at], price))
    first = max(0, middle - strikes_around)
    return chain.rows[first : middle + strikes_around + 1], chain.rows[middle]


def _distance(row: OptionRow, price_inr: Decimal) -> Decimal:
    return abs(row.strike_inr - price_inr)
