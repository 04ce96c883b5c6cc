"""What paper money did: a fold of one person's own stored orders over the price function.

There is nothing to lose in a crash and nothing to keep in step between instances, because nothing
is kept: the same events and the same seed give the same book everywhere, at any later time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from domain.instants import IST
from domain.order_reports import OrderReport
from domain.vocabulary import OrderSighting, OrderTerms
from infrastructure.brokers.paper_orders import PaperOrder, day_end, see
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import price

OPENING_CASH_INR: Final = Decimal("1000000")
"""Ten lakh rupees, for every new person."""


@dataclass(kw_only=True)
class Lot:
    """A net quantity of one share in one product, at its average price, and how today came to it;
    `realised_inr` is what was closed today has earned."""

    quantity_shares: int = 0
    average_price_inr: Decimal = Decimal(0)
    overnight_shares: int = 0
    buy_shares: int = 0
    buy_value_inr: Decimal = Decimal(0)
    sell_shares: int = 0
    sell_value_inr: Decimal = Decimal(0)
    realised_inr: Decimal = Decimal(0)

    @property
    def was_touched(self) -> bool:
        """Whether there is something, or was today."""
        return bool(self.quantity_shares or self.buy_shares or self.sell_shares)

    def trade(self, signed_shares: int, price_inr: Decimal, *, today: bool) -> None:
        held = self.quantity_shares
        if today:
            self._trade_today(signed_shares, price_inr)
        else:
            self.overnight_shares += signed_shares
        if held == 0 or (held > 0) == (signed_shares > 0):
            value = self.average_price_inr * abs(held) + price_inr * abs(signed_shares)
            self.average_price_inr = value / (abs(held) + abs(signed_shares))
        elif abs(signed_shares) > abs(held):
            self.average_price_inr = price_inr
        self.quantity_shares = held + signed_shares

    def _trade_today(self, signed_shares: int, price_inr: Decimal) -> None:
        if signed_shares > 0:
            self.buy_shares += signed_shares
            self.buy_value_inr += signed_shares * price_inr
        else:
            self.sell_shares -= signed_shares
            self.sell_value_inr -= signed_shares * price_inr
        held = self.quantity_shares
        if held * signed_shares < 0:
            closed = min(abs(held), abs(signed_shares)) * (1 if held > 0 else -1)
            self.realised_inr += closed * (price_inr - self.average_price_inr)


@dataclass(kw_only=True)
class PaperBook:
    """Cash in INR, delivery holdings, and the day's positions by (symbol, product)."""

    cash_inr: Decimal = OPENING_CASH_INR
    holdings: dict[str, Lot] = field(default_factory=dict)
    positions: dict[tuple[str, str], Lot] = field(default_factory=dict)
    orders: list[PaperOrder] = field(default_factory=list)

    def free_cash_inr(self) -> Decimal:
        """What resting buy orders have not spoken for."""
        return self.cash_inr - sum(
            (
                (order.terms.limit_price_inr or Decimal(0)) * order.sighting.pending_shares
                for order in self.orders
                if order.terms.transaction_type == "BUY" and order.is_open
            ),
            Decimal(0),
        )

    def free_shares(self, symbol: str) -> int:
        """What resting sell orders have not spoken for."""
        held = self.holdings.get(symbol, Lot()).quantity_shares
        return held - sum(
            order.sighting.pending_shares
            for order in self.orders
            if order.terms.trading_symbol == symbol
            and order.terms.product == "CNC"
            and order.terms.transaction_type == "SELL"
            and order.is_open
        )


def accepted(reports: Iterable[OrderReport]) -> list[OrderReport]:
    """The paper orders among all that the log knows, oldest first."""
    known = [r for r in reports if r.request.broker == "paper" and r.state == "PLACED"]
    return sorted(known, key=_placed_at)


def fold_book(seed: int, reports: Iterable[OrderReport], now: datetime) -> PaperBook:
    """The book at `now`, from every paper order that was accepted, in the order of their fills."""
    book = PaperBook(orders=[see(seed, report, now) for report in accepted(reports)])
    fills = [
        (order.sighting.broker_time or now, order.terms, order.sighting)
        for order in book.orders
        if order.sighting.filled_shares
    ]
    carried: Counter[tuple[str, datetime]] = Counter()
    for filled_at, terms, sighting in sorted(fills, key=lambda f: f[0]):
        _apply(book, terms, sighting, filled_at, now)
        if terms.product == "MIS" and day_end(filled_at) <= now:
            side = 1 if terms.transaction_type == "BUY" else -1
            carried[terms.trading_symbol, day_end(filled_at)] += side * sighting.filled_shares
    for (symbol, end), shares in carried.items():  # intraday ends with its day, at its last price
        book.cash_inr += shares * price(seed, INSTRUMENTS[symbol], end - timedelta(seconds=1))
    return book


def _placed_at(report: OrderReport) -> datetime:
    assert report.placed_at is not None, "an accepted order has a time"
    return report.placed_at


def _apply(
    book: PaperBook, terms: OrderTerms, sighting: OrderSighting, filled_at: datetime, now: datetime
) -> None:
    average = sighting.average_price_inr
    assert average is not None, "a filled order has a price"
    signed = sighting.filled_shares * (1 if terms.transaction_type == "BUY" else -1)
    book.cash_inr -= signed * average
    today = filled_at.astimezone(IST).date() == now.astimezone(IST).date()
    if terms.product == "CNC":
        lot = book.holdings.setdefault(terms.trading_symbol, Lot())
        lot.trade(signed, average, today=today)
    if terms.product == "NRML" or today:
        key = (terms.trading_symbol, terms.product)
        book.positions.setdefault(key, Lot()).trade(signed, average, today=today)
