"""What an adapter answers for the functions that its broker has no call for.

An adapter inherits from this and overrides what the broker has; `domain.capabilities` says which
that is, and a test holds the two together.
"""

from collections.abc import Sequence
from datetime import date, datetime

from application.ports.account import Charges, Conversion, Funds, Margins, Profile
from application.ports.broker import Access
from application.ports.broker_orders import BrokerOrder, GttOrder, GttTicket, Trade, Written
from application.ports.browser_login import BrowserLogin
from application.ports.market import Candle, Detail, OptionChain, Quote
from domain.capabilities import not_offered
from domain.instruments import Instrument
from domain.vocabulary import BrokerName, Interval, OrderSighting, OrderTerms


class Lacking:
    """Every method raises NotSupportedByBroker; see `application.ports.broker.Broker`."""

    name: BrokerName
    browser: BrowserLogin | None = None

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        raise not_offered(self.name, "modify")

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        raise not_offered(self.name, "cancel")

    def convert_position(self, access: Access, conversion: Conversion, now: datetime) -> Written:
        raise not_offered(self.name, "convert_position")

    def place_gtt(self, access: Access, ticket: GttTicket, now: datetime) -> Written:
        raise not_offered(self.name, "gtt")

    def modify_gtt(self, access: Access, gtt_id: str, ticket: GttTicket, now: datetime) -> Written:
        raise not_offered(self.name, "gtt")

    def cancel_gtt(self, access: Access, gtt: GttOrder, now: datetime) -> Written:
        raise not_offered(self.name, "gtt")

    def gtt_orders(self, access: Access, now: datetime) -> tuple[GttOrder, ...]:
        raise not_offered(self.name, "gtt")

    def set_kill_switch(self, access: Access, on: bool, now: datetime) -> Written:
        raise not_offered(self.name, "kill_switch")

    def kill_switch(self, access: Access, now: datetime) -> bool:
        raise not_offered(self.name, "kill_switch")

    def profile(self, access: Access, now: datetime) -> Profile:
        raise not_offered(self.name, "profile")

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        raise not_offered(self.name, "funds")

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        raise not_offered(self.name, "order_history")

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        raise not_offered(self.name, "find")

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        raise not_offered(self.name, "trades")

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        raise not_offered(self.name, "quotes")

    def candles(
        self,
        access: Access,
        instrument: Instrument,
        interval: Interval,
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> tuple[Candle, ...]:
        raise not_offered(self.name, "candles")

    def order_margins(self, access: Access, orders: Sequence[OrderTerms], now: datetime) -> Margins:
        raise not_offered(self.name, "order_margins")

    def basket_margins(
        self,
        access: Access,
        orders: Sequence[OrderTerms],
        now: datetime,
        *,
        consider_positions: bool = True,
    ) -> Margins:
        raise not_offered(self.name, "basket_margins")

    def charges(
        self, access: Access, orders: Sequence[OrderTerms], now: datetime
    ) -> tuple[Charges, ...]:
        raise not_offered(self.name, "charges")

    def expiries(self, access: Access, underlying: Instrument, now: datetime) -> tuple[date, ...]:
        raise not_offered(self.name, "expiries")

    def option_chain(
        self, access: Access, underlying: Instrument, expiry: date, now: datetime
    ) -> OptionChain:
        raise not_offered(self.name, "option_chain")
