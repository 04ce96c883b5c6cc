"""The paper broker: the same port as the real ones, without a far side and without a state.

It is always there, needs no login, and its prices come from a seed (`simulator/market/prices.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from application.ports.account import Funds, Holding, Position, Profile
from application.ports.broker import AcceptedLogin, Access, LoginInstructions, LoginRefused, Secrets
from application.ports.broker_orders import BrokerOrder, OrderTicket, Trade
from application.ports.egress import DIRECT, Egress
from application.ports.market import Candle, Detail, Quote
from domain.capabilities import OFFERS
from domain.events import OrderPlaced, OrderRejected, Outcome
from domain.instruments import Instrument
from domain.orders import OrderReport
from domain.vocabulary import (
    SETTLED_STATUSES,
    BrokerName,
    Interval,
    Mode,
    OrderSighting,
    OrderTerms,
)
from infrastructure.brokers import paper_market
from infrastructure.brokers.lacking import Lacking
from infrastructure.brokers.paper_book import PaperBook, day_end, fold_book
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import is_on_tick, price

History = Callable[[UUID], Iterable[OrderReport]]
"""Every order that the log holds for a principal."""


class PaperBroker(Lacking):
    """See `application.ports.broker.Broker`."""

    name: BrokerName = "paper"
    display_name = "Paper"
    needs_login = False
    offer = OFFERS["paper"]

    def __init__(self, seed: int, history: History) -> None:
        self._seed = seed
        self._history = history

    def mode(self, egress: Egress = DIRECT) -> Mode:
        return "PAPER"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return LoginInstructions(
            needs_login=False,
            steps=(
                "Nothing to do: paper money needs no login. "
                "Next: set_active_broker(broker='paper').",
            ),
        )

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        raise LoginRefused("NOT_NEEDED", "Paper needs no login.")

    def log_out(self, access: Access) -> None:
        return None

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        refusal = self._refusal(access, ticket.terms, now)
        if refusal is not None:
            code, reason = refusal
            return OrderRejected(order_key=ticket.order_key, code=code, reason=reason)
        return OrderPlaced(
            order_key=ticket.order_key,
            broker_order_id=f"PAPER-{ticket.broker_tag[1:13]}",
            placed_at=now,
        )

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return tuple(
            BrokerOrder(
                broker_order_id=report.broker_order_id or "",
                exchange=report.request.terms.exchange,
                trading_symbol=report.request.terms.trading_symbol,
                transaction_type=report.request.terms.transaction_type,
                order_type=report.request.terms.order_type,
                product=report.request.terms.product,
                variety=report.request.terms.variety,
                validity=report.request.terms.validity,
                quantity_shares=report.request.terms.quantity_shares,
                limit_price_inr=report.request.terms.limit_price_inr,
                trigger_price_inr=report.request.terms.trigger_price_inr,
                sighting=sighting,
                placed_at=report.placed_at,
                broker_tags=(report.request.broker_tag,),
            )
            for report, sighting in self._book(access, now).orders
            if _is_of_today(report, now)
        )

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        return tuple(
            Holding(
                exchange="NSE",
                trading_symbol=symbol,
                isin=INSTRUMENTS[symbol].isin,
                quantity_shares=lot.quantity_shares,
                average_price_inr=lot.average_price_inr,
                last_price_inr=price(self._seed, INSTRUMENTS[symbol], now),
            )
            for symbol, lot in self._book(access, now).holdings.items()
            if lot.quantity_shares
        )

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return tuple(
            Position(
                exchange="NSE",
                trading_symbol=symbol,
                product=product,
                quantity_shares=lot.quantity_shares,
                average_price_inr=lot.average_price_inr,
                last_price_inr=price(self._seed, INSTRUMENTS[symbol], now),
            )
            for (symbol, product), lot in self._book(access, now).positions.items()
            if lot.quantity_shares
        )

    def profile(self, access: Access, now: datetime) -> Profile:
        return Profile(
            account_id=access.account_id,
            account_name="Paper money",
            exchanges=tuple(sorted(self.offer.exchanges)),
            products=tuple(sorted(self.offer.products)),
        )

    def funds(self, access: Access, now: datetime) -> tuple[Funds, ...]:
        book = self._book(access, now)
        free = book.free_cash_inr()
        return (Funds(segment="all", available_inr=free, used_inr=book.cash_inr - free),)

    def order_history(
        self, access: Access, broker_order_id: str, exchange: str, now: datetime
    ) -> tuple[OrderSighting, ...]:
        """The last step only: paper keeps none."""
        return tuple(
            order.sighting
            for order in self.orders(access, now)
            if order.broker_order_id == broker_order_id
        )

    def find(
        self, access: Access, broker_tag: str, exchange: str, now: datetime
    ) -> tuple[BrokerOrder, ...]:
        return tuple(o for o in self.orders(access, now) if broker_tag in o.broker_tags)

    def trades(self, access: Access, now: datetime) -> tuple[Trade, ...]:
        return tuple(
            Trade(
                trade_id=f"{order.broker_order_id}-1",
                broker_order_id=order.broker_order_id,
                exchange=order.exchange,
                trading_symbol=order.trading_symbol,
                transaction_type=order.transaction_type,
                product=order.product,
                quantity_shares=order.sighting.filled_shares,
                price_inr=order.sighting.average_price_inr,
                traded_at=order.sighting.broker_time,
            )
            for order in self.orders(access, now)
            if order.sighting.filled_shares and order.sighting.average_price_inr is not None
        )

    def quotes(
        self, access: Access, instruments: Sequence[Instrument], detail: Detail, now: datetime
    ) -> tuple[Quote, ...]:
        return paper_market.quotes(self._seed, instruments, detail, now)

    def candles(
        self,
        access: Access,
        instrument: Instrument,
        interval: Interval,
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> tuple[Candle, ...]:
        return paper_market.candles(self._seed, instrument, interval, start, end, now)

    def _book(self, access: Access, now: datetime) -> PaperBook:
        return fold_book(self._seed, self._history(access.principal), now)

    def _refusal(self, access: Access, terms: OrderTerms, now: datetime) -> tuple[str, str] | None:
        instrument = INSTRUMENTS.get(terms.trading_symbol) if terms.exchange == "NSE" else None
        if instrument is None:
            return "UNKNOWN_INSTRUMENT", f"{terms.trading_symbol} is not traded on paper."
        for each in (terms.limit_price_inr, terms.trigger_price_inr):
            if each is not None and not is_on_tick(instrument, each):
                return "PRICE_NOT_ON_TICK", f"Prices go in steps of {instrument.tick_inr} INR."
        book = self._book(access, now)
        if terms.product == "CNC" and terms.transaction_type == "SELL":
            free = book.free_shares(terms.trading_symbol)
            if terms.quantity_shares > free:
                return "INSUFFICIENT_HOLDINGS", f"You can sell {free} shares of it."
            return None
        each = terms.limit_price_inr or price(self._seed, instrument, now)
        needed, free_cash = each * terms.quantity_shares, book.free_cash_inr()
        if needed > free_cash:
            return "INSUFFICIENT_FUNDS", f"It needs {needed} INR and you have {free_cash:.2f} INR."
        return None


def _is_of_today(report: OrderReport, now: datetime) -> bool:
    """Of this Indian day, or not yet on record as settled: its end is news."""
    assert report.placed_at is not None, "an order in the book was placed"
    settled = report.sighting is not None and report.sighting.status in SETTLED_STATUSES
    return not settled or day_end(report.placed_at) > now
