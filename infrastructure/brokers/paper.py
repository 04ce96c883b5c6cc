"""The paper broker: the same port as the real ones, without a far side and without a state.

It is always there, needs no login, and its prices come from a seed (`simulator/market/prices.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from application.ports.account import DayTrades, Funds, Holding, Position, Profile
from application.ports.broker import AcceptedLogin, Access, LoginInstructions, LoginRefused, Secrets
from application.ports.broker_orders import (
    Accepted,
    BrokerOrder,
    Declined,
    OrderTicket,
    Trade,
    Written,
)
from application.ports.egress import DIRECT, Egress
from application.ports.market import Candle, Detail, Quote
from domain.capabilities import OFFERS
from domain.events import OrderPlaced, OrderRejected, Outcome
from domain.instruments import Instrument
from domain.order_reports import OrderReport
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
from infrastructure.brokers.paper_book import Lot, PaperBook, fold_book
from infrastructure.brokers.paper_orders import PaperOrder, day_end
from infrastructure.brokers.paper_rules import change_refused, order_refused
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import price
from infrastructure.simulator.market.quotes import previous_close

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
        refusal = order_refused(self._seed, self._book(access, now), ticket.terms, now)
        if refusal is not None:
            code, reason = refusal
            return OrderRejected(order_key=ticket.order_key, code=code, reason=reason)
        return OrderPlaced(
            order_key=ticket.order_key,
            broker_order_id=f"PAPER-{ticket.broker_tag[1:13]}",
            placed_at=now,
        )

    def modify(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        """Stores nothing: it is done once the yes is on record, as of `now`."""
        return self._change(access, broker_order_id, terms, now)

    def cancel(
        self, access: Access, broker_order_id: str, terms: OrderTerms, now: datetime
    ) -> Written:
        """Stores nothing: it is done once the yes is on record, as of `now`."""
        return self._change(access, broker_order_id, None, now)

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return tuple(
            BrokerOrder(
                broker_order_id=order.report.broker_order_id or "",
                exchange=order.terms.exchange,
                trading_symbol=order.terms.trading_symbol,
                transaction_type=order.terms.transaction_type,
                order_type=order.terms.order_type,
                product=order.terms.product,
                variety=order.terms.variety,
                validity=order.terms.validity,
                quantity_shares=order.terms.quantity_shares,
                limit_price_inr=order.terms.limit_price_inr,
                trigger_price_inr=order.terms.trigger_price_inr,
                sighting=order.sighting,
                placed_at=order.report.placed_at,
                broker_tags=(order.report.request.broker_tag,),
            )
            for order in self._book(access, now).orders
            if _is_of_today(order, now)
        )

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        book = self._book(access, now)
        return tuple(
            self._holding(symbol, lot, book.free_shares(symbol), now)
            for symbol, lot in book.holdings.items()
            if lot.quantity_shares
        )

    def _holding(self, symbol: str, lot: Lot, free_shares: int, now: datetime) -> Holding:
        """Paper delivers at once, so what was bought today is held, too."""
        share, bought = INSTRUMENTS[symbol], min(lot.buy_shares, max(0, lot.quantity_shares))
        return Holding(
            exchange="NSE",
            trading_symbol=symbol,
            isin=share.isin,
            quantity_shares=lot.quantity_shares,
            average_price_inr=lot.average_price_inr,
            last_price_inr=price(self._seed, share, now),
            previous_close_inr=previous_close(self._seed, share, now),
            sellable_shares=free_shares,
            bought_today_shares=bought,
            bought_today_price_inr=lot.buy_value_inr / lot.buy_shares if bought else Decimal(0),
        )

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        """Those that were closed today, too."""
        return tuple(
            Position(
                exchange="NSE",
                trading_symbol=symbol,
                product=product,
                quantity_shares=lot.quantity_shares,
                average_price_inr=lot.average_price_inr if lot.quantity_shares else Decimal(0),
                last_price_inr=price(self._seed, INSTRUMENTS[symbol], now),
                previous_close_inr=previous_close(self._seed, INSTRUMENTS[symbol], now),
                realised_inr=lot.realised_inr,
                day=DayTrades(
                    overnight_shares=lot.overnight_shares,
                    buy_shares=lot.buy_shares,
                    buy_value_inr=lot.buy_value_inr,
                    sell_shares=lot.sell_shares,
                    sell_value_inr=lot.sell_value_inr,
                ),
            )
            for (symbol, product), lot in self._book(access, now).positions.items()
            if lot.was_touched
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

    def _change(
        self, access: Access, broker_order_id: str, terms: OrderTerms | None, now: datetime
    ) -> Written:
        history = self._history(access.principal)
        refusal = change_refused(self._seed, history, broker_order_id, terms, now)
        if refusal is not None:
            code, reason = refusal
            return Declined(code=code, reason=reason)
        return Accepted(reference=broker_order_id)


def _is_of_today(order: PaperOrder, now: datetime) -> bool:
    """Of this Indian day, or not yet on record as settled: its end is news."""
    report = order.report
    assert report.placed_at is not None, "an order in the book was placed"
    settled = report.sighting is not None and report.sighting.status in SETTLED_STATUSES
    return not settled or day_end(report.placed_at) > now
