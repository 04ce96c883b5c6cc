"""What can be asked at Kite. Whatever cannot be asked at all is refused before anything is sent."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from application.ports.account import Charges, Funds, Holding, Margins, Position, Profile
from application.ports.broker import Access
from application.ports.broker_orders import BrokerOrder, GttOrder, Trade
from application.ports.market import Candle, Detail, Quote
from domain.errors import NotSupportedByBroker
from domain.instruments import Instrument
from domain.vocabulary import Interval, OrderSighting, OrderTerms
from infrastructure.brokers.clients import hidden, in_address
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.kite import (
    map_account,
    map_gtt,
    map_margins,
    map_market,
    map_orders,
)
from infrastructure.brokers.kite.client import KiteClients

if TYPE_CHECKING:
    from infrastructure.brokers.kite.sdk import KiteClient


class KiteReads(KiteClients):
    """See `application.ports.broker.Broker`."""

    def profile(self, access: Access, now: datetime) -> Profile:
        return self._reading(access, lambda client: map_account.profile(client.profile()))

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        return self._reading(access, lambda client: map_account.funds(client.margins()))

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        return self._reading(access, lambda client: map_account.holdings(client.holdings()))

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return self._reading(access, lambda client: map_account.net_positions(client.positions()))

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        hide = partial(hidden, access=access)
        return self._reading(access, lambda client: map_orders.broker_orders(client.orders(), hide))

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        hide = partial(hidden, access=access)
        return self._reading(access, lambda client: _history(client, broker_order_id, hide))

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        """Kite looks nothing up by tag: the whole book is read."""
        return tuple(order for order in self.orders(access, now) if broker_tag in order.broker_tags)

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        return self._reading(access, lambda client: map_orders.trades(client.trades()))

    def gtt_orders(self, access: Access, now: datetime) -> tuple[GttOrder, ...]:
        return self._reading(access, lambda client: map_gtt.gtt_orders(client.get_gtts()))

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        batches = list(map_market.batches(instruments, self.offer.quotes_per_call[detail]))

        def read(client: "KiteClient") -> tuple[Quote, ...]:
            ask = {"ltp": client.ltp, "ohlc": client.ohlc, "full": client.quote}[detail]
            return tuple(
                quote
                for batch in batches
                for quote in map_market.quotes(batch, ask(*batch), detail)
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
        token = map_market.handle(instrument).instrument_token
        word = map_market.INTERVALS.get(interval)
        if word is None:
            raise NotSupportedByBroker(
                f"kite has no candles of {interval}. "
                f"Next: choose one of {', '.join(map_market.INTERVALS)}."
            )
        since, until = map_market.span(start, end)
        with_interest = instrument.expiry is not None
        return self._reading(
            access,
            lambda client: map_market.candles(
                client.historical_data(token, since, until, word, oi=with_interest), start, end
            ),
        )

    def order_margins(self, access: Access, orders: Sequence[OrderTerms], now: datetime) -> Margins:
        wanted = map_margins.margin_arguments(orders)
        return self._reading(
            access, lambda client: map_margins.margins(client.order_margins(wanted))
        )

    def basket_margins(
        self,
        access: Access,
        orders: Sequence[OrderTerms],
        now: datetime,
        *,
        consider_positions: bool = True,
    ) -> Margins:
        wanted = map_margins.margin_arguments(orders)
        return self._reading(
            access,
            lambda client: map_margins.basket_margins(
                client.basket_order_margins(wanted, consider_positions=consider_positions)
            ),
        )

    def charges(
        self, access: Access, orders: Sequence[OrderTerms], now: datetime
    ) -> tuple[Charges, ...]:
        wanted = map_margins.charge_arguments(orders)
        return self._reading(
            access,
            lambda client: map_margins.charges(
                client.get_virtual_contract_note(wanted), len(wanted)
            ),
        )


def _history(
    client: "KiteClient", broker_order_id: str, hide: Callable[[str], str]
) -> tuple[OrderSighting, ...]:
    with IMPORTING:
        from infrastructure.brokers.kite import sdk

    try:
        in_address(broker_order_id)
    except ValueError:
        return ()
    try:
        return map_orders.sightings(client.order_history(broker_order_id), hide)
    except sdk.KiteException as error:
        if error.code in (400, 404) and "order_id" in str(error):
            return ()
        raise
