"""What a person holds at one broker, at what prices, and how old these are.

A broker's holdings and positions may lack a price, or the close before. These are then asked for
as quotes, in batches and once for all: a row takes both from its quote, or neither. Quotes that
cannot be had are said to be missing; nobody loses sight of their shares for that.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from application.portfolio.valuation import ValuedHolding, ValuedPosition, needs_quote, price_of
from application.ports.account import Funds, Holding, Position
from application.ports.broker import Access, Broker, BrokerDown, reason
from application.ports.instruments import Instruments
from application.ports.market import Detail, Quote
from application.read_broker import Answered, ReadBroker
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.errors import UnknownInstrument
from domain.instruments import Instrument

Part = Literal["holdings", "positions", "funds"]

_ELSEWHERE: Final[Mapping[str, str]] = {"NSE": "BSE", "BSE": "NSE"}


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """What was asked for; the rest is empty. `missing` are sentences about what could not be had;
    `funds` are `None` where that is so."""

    asked_at: datetime
    holdings: tuple[ValuedHolding, ...]
    positions: tuple[ValuedPosition, ...]
    funds: tuple[Funds, ...] | None
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReadPortfolio:
    read_broker: ReadBroker
    instruments: Instruments

    def __call__(
        self, context: Context, entered: Entered, named: str | None, *parts: Part
    ) -> Answered[Portfolio]:
        """Ask the named broker, or the active one. Funds are never worth losing the rest for.

        Raises:
            As `ReadBroker.ask`.
        """
        return self.read_broker.ask(
            context, entered, named, parts[0], lambda *who: self._asked(parts, *who)
        )

    def _asked(
        self, parts: Collection[Part], broker: Broker, access: Access, now: datetime
    ) -> Portfolio:
        missing: list[str] = []
        holdings = broker.holdings(access, now) if "holdings" in parts else ()
        positions = broker.positions(access, now) if "positions" in parts else ()
        quotes = self._quotes(broker, access, now, (*holdings, *positions), missing)
        funds = _funds(broker, access, now, missing) if "funds" in parts else ()
        return Portfolio(
            asked_at=now,
            holdings=tuple(
                ValuedHolding(holding=each, price=price_of(each, quotes.get(_key(each))))
                for each in holdings
            ),
            positions=tuple(
                ValuedPosition(position=each, price=price_of(each, quotes.get(_key(each))))
                for each in positions
            ),
            funds=funds,
            missing=tuple(missing),
        )

    def _quotes(
        self,
        broker: Broker,
        access: Access,
        now: datetime,
        items: Collection[Holding | Position],
        missing: list[str],
    ) -> dict[tuple[str, str], Quote]:
        """Of those that need one, by exchange and trading symbol of the item."""
        wanted = {_key(each): self._listing(each) for each in items if needs_quote(each)}
        unlisted = sum(found is None for found in wanted.values())
        if unlisted:
            missing.append(
                f"{unlisted} of them not found in the instrument table, so no quotes of these were "
                "asked for. Next: search_instruments tells how old the table is."
            )
        known = {key: found for key, found in wanted.items() if found is not None}
        if not known:
            return {}
        try:
            told = broker.quotes(access, list(known.values()), _detail(broker), now)
        except (BrokerDown, UnknownInstrument) as error:
            why = reason(error) if isinstance(error, BrokerDown) else ""
            missing.append(
                f"{broker.display_name} gave no quotes{why}: prices and closes that only these "
                "tell are unknown."
            )
            return {}
        by_name = {quote.instrument.name: quote for quote in told}
        return {
            key: by_name[instrument.name]
            for key, instrument in known.items()
            if instrument.name in by_name
        }

    def _listing(self, item: Holding | Position) -> Instrument | None:
        """A share that is held may be listed at the other exchange only: brokers that do not say
        where it was bought are shown at the NSE."""
        found = self.instruments.find(*_key(item))
        if found is not None or not isinstance(item, Holding) or item.exchange not in _ELSEWHERE:
            return found
        found = self.instruments.find(_ELSEWHERE[item.exchange], item.trading_symbol)
        same = found is not None and item.isin is not None and found.isin == item.isin
        return found if same else None


def _key(item: Holding | Position) -> tuple[str, str]:
    return item.exchange, item.trading_symbol


def _detail(broker: Broker) -> Detail:
    """Only full quotes say when the last trade was, and at Dhan the close before; where they come
    one by one (Groww), a portfolio would take too many calls."""
    return "full" if broker.offer.quotes_per_call.get("full", 1) > 1 else "ohlc"


def _funds(
    broker: Broker, access: Access, now: datetime, missing: list[str]
) -> tuple[Funds, ...] | None:
    try:
        return broker.funds(access, now)
    except BrokerDown as down:
        missing.append(f"{broker.display_name} did not tell its funds{reason(down)}.")
        return None
