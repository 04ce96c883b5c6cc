"""What can be asked at Dhan. Whatever cannot be asked at all is refused before anything is sent."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from application.ports.account import Funds, Holding, Margins, Position, Profile
from application.ports.broker import Access
from application.ports.broker_orders import BrokerOrder, GttOrder, Trade
from application.ports.market import Candle, Detail, OptionChain, Quote
from domain.errors import NotSupportedByBroker
from domain.instruments import Instrument
from domain.vocabulary import Interval, OrderSighting, OrderTerms
from infrastructure.brokers.clients import hidden
from infrastructure.brokers.dhan import (
    map_account,
    map_candles,
    map_chain,
    map_gtt,
    map_margins,
    map_market,
    map_orders,
)
from infrastructure.brokers.dhan.client import Ask, DhanClients
from infrastructure.brokers.dhan.mapping import handle_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from infrastructure.brokers.dhan.sdk import DhanClient, Row

_NO_HOLDINGS: Final = frozenset({"DH-1111"})
_NO_CANDLES: Final = frozenset({"DH-907"})
"""Of days without trading, too: "incorrect parameters or no data present"."""
_NO_OPTIONS: Final = frozenset({"DATA-811", "DATA-813"})
"""Of a share on which there are none: "invalid expiry date", "invalid security id"."""
_NO_SUCH_ORDER: Final = frozenset({"DH-905", "DH-906"})


class DhanReads(DhanClients):
    """See `application.ports.broker.Broker`."""

    def profile(self, access: Access, now: datetime) -> Profile:
        return self._reading(
            access, lambda ask: map_account.profile(ask(lambda dhan: dhan.get_profile()))
        )

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        return self._reading(
            access, lambda ask: map_account.funds(ask(lambda dhan: dhan.get_fund_limits()))
        )

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        """Whoever holds nothing gets an error from Dhan, not an empty list."""
        return self._reading(
            access,
            lambda ask: map_account.holdings(
                ask(lambda dhan: dhan.get_holdings(), nothing=_NO_HOLDINGS), self._names.on(now)
            ),
        )

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return self._reading(
            access,
            lambda ask: map_account.positions(
                ask(lambda dhan: dhan.get_positions()), self._names.on(now)
            ),
        )

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return self._reading(access, self._book_of(access, now))

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        """Dhan keeps no steps. Read from the book, whose silence about an order is a clear answer;
        asked for one order, Dhan refuses with the same words as for any other mistake."""
        book = self.orders(access, now)
        return tuple(each.sighting for each in book if each.broker_order_id == broker_order_id)

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        """Dhan looks up the latest order with a tag; the book says whether there are more."""

        hide = partial(hidden, access=access)

        def look(ask: Ask) -> tuple[BrokerOrder, ...]:
            row = ask(
                lambda dhan: dhan.get_order_by_correlationID(broker_tag), nothing=_NO_SUCH_ORDER
            )
            latest = map_orders.broker_orders([row] if row else [], self._names.on(now), hide)
            # The book was read later, so what it says is newer.
            seen = {each.broker_order_id: each for each in self._book_of(access, now)(ask)}
            for each in latest:
                seen.setdefault(each.broker_order_id, each)
            return tuple(each for each in seen.values() if broker_tag in each.broker_tags)

        return self._reading(access, look)

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        return self._reading(
            access,
            lambda ask: map_orders.trades(
                ask(lambda dhan: dhan.get_trade_book()), self._names.on(now)
            ),
        )

    def gtt_orders(self, access: Access, now: datetime) -> tuple[GttOrder, ...]:
        return self._reading(
            access,
            lambda ask: map_gtt.gtt_orders(
                ask(lambda dhan: dhan.get_forever()), self._names.on(now)
            ),
        )

    def kill_switch(self, access: Access, now: datetime) -> bool:
        return self._reading(
            access,
            lambda ask: map_account.kill_switch(ask(lambda dhan: dhan.status_kill_switch())),
        )

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        most = self.offer.quotes_per_call[detail]
        listed = [each for each in instruments if each.dhan is not None]
        batches = [listed[at : at + most] for at in range(0, len(listed), most)]
        asked = [map_market.securities(batch) for batch in batches]

        def read(ask: Ask) -> tuple[Quote, ...]:
            return tuple(
                quote
                for batch, wanted in zip(batches, asked, strict=True)
                for quote in map_market.quotes(batch, ask(_quotes_of(detail, wanted)), detail)
            )

        return self._reading(access, read)

    def candles(
        self,
        access: Access,
        instrument: Instrument,
        interval: Interval,
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> tuple[Candle, ...]:
        if interval not in self.offer.longest_span:
            raise NotSupportedByBroker(
                f"dhan has no candles of {interval}. "
                f"Next: choose one of {', '.join(self.offer.longest_span)}."
            )
        question = _candles_of(interval, map_candles.arguments(instrument, interval, start, end))
        with_oi = instrument.expiry is not None

        def read(ask: Ask) -> tuple[Candle, ...]:
            answer = ask(question, nothing=_NO_CANDLES)
            if answer == []:
                return ()
            return map_candles.candles(answer, start, end, with_oi=with_oi)

        return self._reading(access, read)

    def order_margins(self, access: Access, orders: Sequence[OrderTerms], now: datetime) -> Margins:
        return self._margins(access, orders, now, together=False)

    def basket_margins(
        self,
        access: Access,
        orders: Sequence[OrderTerms],
        now: datetime,
        *,
        consider_positions: bool = True,
    ) -> Margins:
        return self._margins(access, orders, now, together=len(orders) > 1)

    def _margins(
        self, access: Access, orders: Sequence[OrderTerms], now: datetime, *, together: bool
    ) -> Margins:
        """Each by itself, and several once more together: a basket's answer names no orders."""
        singles = [map_margins.margin_arguments(terms, self._names.on(now)) for terms in orders]
        basket = map_margins.basket_arguments(singles) if together else None

        def read(ask: Ask) -> Margins:
            rows = [ask(_margin_of(arguments)) for arguments in singles]
            answer = None
            if basket is not None:
                answer = ask(lambda dhan: dhan.margin_calculator_multi(basket))
            return map_margins.margins(orders, rows, answer)

        return self._reading(access, read)

    def expiries(self, access: Access, underlying: Instrument, now: datetime) -> tuple[date, ...]:
        handle = handle_of(underlying)
        return self._reading(
            access,
            lambda ask: map_chain.expiries(
                ask(
                    lambda dhan: dhan.expiry_list(int(handle.security_id), handle.exchange_segment),
                    nothing=_NO_OPTIONS,
                )
            ),
        )

    def option_chain(
        self, access: Access, underlying: Instrument, expiry: date, now: datetime
    ) -> OptionChain:
        handle = handle_of(underlying)
        return self._reading(
            access,
            lambda ask: map_chain.option_chain(
                underlying,
                expiry,
                ask(
                    lambda dhan: dhan.option_chain(
                        int(handle.security_id), handle.exchange_segment, expiry.isoformat()
                    )
                ),
                self._names.on(now),
            ),
        )

    def _book_of(self, access: Access, now: datetime) -> "Callable[[Ask], tuple[BrokerOrder, ...]]":
        hide = partial(hidden, access=access)
        return lambda ask: map_orders.broker_orders(
            ask(lambda dhan: dhan.get_order_list()), self._names.on(now), hide
        )


def _quotes_of(detail: Detail, wanted: dict[str, list[int]]) -> "Callable[[DhanClient], Row]":
    if detail == "ltp":
        return lambda dhan: dhan.ticker_data(wanted)
    if detail == "ohlc":
        return lambda dhan: dhan.ohlc_data(wanted)
    return lambda dhan: dhan.quote_data(wanted)


def _candles_of(interval: Interval, arguments: dict[str, object]) -> "Callable[[DhanClient], Row]":
    if interval in map_candles.MINUTES:
        return lambda dhan: dhan.intraday_minute_data(**arguments)
    return lambda dhan: dhan.historical_daily_data(**arguments)


def _margin_of(arguments: dict[str, object]) -> "Callable[[DhanClient], Row]":
    return lambda dhan: dhan.margin_calculator(**arguments)
