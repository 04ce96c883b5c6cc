"""What can be asked at Groww. What cannot be asked at all is refused before anything is sent."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from application.ports.account import Funds, Holding, Margins, Position, Profile
from application.ports.broker import Access, BrokerDown
from application.ports.broker_orders import BrokerOrder, GttOrder, Trade
from application.ports.market import Candle, Detail, OptionChain, Quote
from domain.errors import NotSupportedByBroker
from domain.instants import IST
from domain.instruments import Instrument
from domain.vocabulary import Interval, OrderSighting, OrderTerms
from infrastructure.brokers.clients import hidden, in_address
from infrastructure.brokers.groww import (
    map_account,
    map_candles,
    map_chain,
    map_gtt,
    map_margins,
    map_market,
    map_orders,
    paging,
)
from infrastructure.brokers.groww.client import GrowwClients, if_there
from infrastructure.brokers.groww.mapping import SEGMENTS, place_of

if TYPE_CHECKING:
    from infrastructure.brokers.groww.sdk import GrowwClient

MOST_TRADED_ORDERS: Final = 200
_NOT_THAT_YEAR: Final = frozenset({"GA001", "GA004"})


class GrowwReads(GrowwClients):
    """See `application.ports.broker.Broker`."""

    def profile(self, access: Access, now: datetime) -> Profile:
        return self._reading(access, lambda client: map_account.profile(client.get_user_profile()))

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        return self._reading(
            access, lambda client: map_account.funds(client.get_available_margin_details())
        )

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        rows = self._reading(
            access, lambda client: map_account.holding_rows(client.get_holdings_for_user())
        )
        prices = self._prices(access, "CASH", {map_account.holding_key(row) for row in rows})
        return self._reading(access, lambda _: map_account.holdings(rows, prices, self._names))

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return tuple(
            position for segment in SEGMENTS for position in self._positions_in(access, segment)
        )

    def _positions_in(self, access: Access, segment: str) -> tuple[Position, ...]:
        rows = self._reading(
            access,
            lambda client: map_account.position_rows(client.get_positions_for_user(segment)),
        )
        prices = self._prices(access, segment, {row.key for row in rows if row.quantity})
        return self._reading(access, lambda _: map_account.positions(rows, prices, self._names))

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        hide = partial(hidden, access=access)
        return self._reading(
            access, lambda client: map_orders.broker_orders(paging.book(client), self._names, hide)
        )

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        """Groww keeps no steps: the last one only."""
        _, segment = place_of(exchange)
        hide = partial(hidden, access=access)

        def read(client: "GrowwClient") -> tuple[OrderSighting, ...]:
            order_id = in_address(broker_order_id)
            answer = if_there(lambda: client.get_order_detail(segment, order_id))
            if answer is None:
                return ()
            return (map_orders.sighting(map_orders.order_row(answer), hide),)

        return self._reading(access, read)

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        """Groww takes a reference once only, and says which order it is good for; where it knows
        of none, the book is read, too, before nothing is said to be there."""
        _, segment = place_of(exchange)
        hide = partial(hidden, access=access)

        def read(client: "GrowwClient") -> tuple[BrokerOrder, ...]:
            tag = in_address(broker_tag)
            named = if_there(lambda: client.get_order_status_by_reference(segment, tag))
            if named is None:
                rows = [r for r in paging.book(client) if r.order_reference_id == broker_tag]
            else:
                order_id = map_orders.named_order(named)
                rows = [
                    map_orders.order_row(client.get_order_detail(segment, in_address(order_id)))
                ]
            return map_orders.broker_orders(rows, self._names, hide)

        return self._reading(access, read)

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        """Order by order: Groww has no trade book of the account."""

        def read(client: "GrowwClient") -> tuple[Trade, ...]:
            traded = [row for row in paging.book(client) if row.filled_quantity > 0]
            if len(traded) > MOST_TRADED_ORDERS:
                raise BrokerDown(
                    f"{len(traded)} orders have traded today, and Groww tells their trades one "
                    "order at a time: too many. Next: read the order book."
                )
            return map_orders.oldest_first(
                trade
                for row in traded
                for answer in paging.trades_of(client, row)
                for trade in map_orders.trades(answer, self._names)
            )

        return self._reading(access, read)

    def gtt_orders(self, access: Access, now: datetime) -> tuple[GttOrder, ...]:
        """Those that wait. Groww lists them by kind, segment and month: some thirty questions."""
        asked = [
            (word, segment, window)
            for word in map_gtt.KINDS.values()
            for segment in SEGMENTS
            for window in paging.windows(word, now)
        ]

        def read(client: "GrowwClient") -> tuple[GttOrder, ...]:
            found: dict[str, GttOrder] = {}
            for word, segment, window in asked:
                for answer in paging.waiting(client, word, segment, window):
                    for each in map_gtt.gtt_orders(answer, segment, self._names):
                        found[each.gtt_id] = each
            return tuple(found.values())

        return self._reading(access, read)

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        wanted = map_market.known(instruments)
        if detail == "full":
            return self._reading(access, lambda client: _full_quotes(client, wanted))
        batches = list(map_market.batches(wanted, self.offer.quotes_per_call[detail]))

        def read(client: "GrowwClient") -> tuple[Quote, ...]:
            prices: dict[str, Decimal] = {}
            seen: dict[str, map_market.Ohlc] = {}
            for segment, keys in batches:
                prices |= map_market.last_prices(client.get_ltp(keys, segment))
                if detail == "ohlc":
                    seen |= map_market.days(client.get_ohlc(keys, segment))
            return map_market.quotes(wanted, prices, seen if detail == "ohlc" else None)

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
                f"groww has no candles of {interval}. "
                f"Next: choose one of {', '.join(self.offer.longest_span)}."
            )
        asked = map_candles.question(instrument, interval, start, end)
        return self._reading(
            access,
            lambda client: map_candles.candles(client.get_historical_candles(**asked), start, end),
        )

    def order_margins(self, access: Access, orders: Sequence[OrderTerms], now: datetime) -> Margins:
        return self._margins(access, orders, together=False)

    def basket_margins(
        self,
        access: Access,
        orders: Sequence[OrderTerms],
        now: datetime,
        *,
        consider_positions: bool = True,
    ) -> Margins:
        """Of derivatives; several orders of shares block the sum of each."""
        return self._margins(access, orders, together=True)

    def _margins(self, access: Access, orders: Sequence[OrderTerms], *, together: bool) -> Margins:
        """Each by itself, and several derivatives once more together: the answer about a basket
        names no orders."""
        singles = [map_margins.margin_arguments(terms, self._names) for terms in orders]
        basket = [order for segment, order in singles if together and segment == "FNO"]

        def read(client: "GrowwClient") -> Margins:
            rows = [client.get_order_margin_details(segment, [one]) for segment, one in singles]
            answer = None
            if len(basket) > 1:
                answer = client.get_order_margin_details("FNO", basket)
            return map_margins.margins(orders, rows, answer)

        return self._reading(access, read)

    def expiries(self, access: Access, underlying: Instrument, now: datetime) -> tuple[date, ...]:
        """Groww tells them by the year, and may not tell the next one's yet."""
        exchange, name = map_chain.underlying_of(underlying)
        today = now.astimezone(IST).date()

        def read(client: "GrowwClient") -> tuple[date, ...]:
            answers: list[object] = [client.get_expiries(exchange, name, year=today.year)]
            answers.append(
                if_there(
                    lambda: client.get_expiries(exchange, name, year=today.year + 1),
                    absent=_NOT_THAT_YEAR,
                )
                or {"expiries": []}
            )
            return map_chain.expiries(answers, today)

        return self._reading(access, read)

    def option_chain(
        self, access: Access, underlying: Instrument, expiry: date, now: datetime
    ) -> OptionChain:
        exchange, name = map_chain.underlying_of(underlying)
        return self._reading(
            access,
            lambda client: map_chain.option_chain(
                underlying,
                expiry,
                client.get_option_chain(exchange, name, expiry.isoformat()),
                self._names,
            ),
        )

    def _prices(self, access: Access, segment: str, keys: Collection[str]) -> map_account.Prices:
        """What holdings and positions do not say. Live prices are a service of their own, which
        not every account has: without them the shares are told all the same."""
        most = self.offer.quotes_per_call["ohlc"]
        batches = [some for _, some in map_market.key_batches(segment, sorted(keys), most)]

        def read(client: "GrowwClient") -> map_account.Prices:
            last: dict[str, Decimal] = {}
            days: dict[str, map_market.Ohlc] = {}
            for some in batches:
                last |= map_market.last_prices(client.get_ltp(some, segment))
                days |= map_market.days(client.get_ohlc(some, segment))
            return map_account.Prices(last, days)

        try:
            return self._reading(access, read)
        except BrokerDown:
            return map_account.Prices()


def _full_quotes(client: "GrowwClient", wanted: list[map_market.Known]) -> tuple[Quote, ...]:
    """One by one, as Groww wants it."""
    found = []
    for instrument, handle in wanted:
        exchange, segment = place_of(instrument.exchange)[0], handle.segment
        answer = if_there(partial(client.get_quote, handle.trading_symbol, exchange, segment))
        if answer is not None:
            found.append(map_market.full_quote(instrument, answer))
    return tuple(found)
