"""What paper money did: a fold of one person's own stored orders over the price function.

There is nothing to lose in a crash and nothing to keep in step between instances, because nothing
is kept: the same events and the same seed give the same book everywhere, at any later time.
The paper market is open around the clock; orders are for the (Indian) day.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from domain.instants import IST
from domain.orders import OrderReport
from domain.vocabulary import SETTLED_STATUSES, OrderSighting, OrderStatus, OrderTerms
from infrastructure.simulator.market.instruments import INSTRUMENTS, Instrument
from infrastructure.simulator.market.prices import first_reached, price

OPENING_CASH_INR: Final = Decimal("1000000")
"""Ten lakh rupees, for every new person."""


@dataclass(kw_only=True)
class Lot:
    """A net quantity of one share in one product, at its average price."""

    quantity_shares: int = 0
    average_price_inr: Decimal = Decimal(0)

    def trade(self, signed_shares: int, price_inr: Decimal) -> None:
        held = self.quantity_shares
        if held == 0 or (held > 0) == (signed_shares > 0):
            value = self.average_price_inr * abs(held) + price_inr * abs(signed_shares)
            self.average_price_inr = value / (abs(held) + abs(signed_shares))
        elif abs(signed_shares) > abs(held):
            self.average_price_inr = price_inr
        self.quantity_shares = held + signed_shares


@dataclass(kw_only=True)
class PaperBook:
    """Cash in INR, delivery holdings, and the day's positions by (symbol, product)."""

    cash_inr: Decimal = OPENING_CASH_INR
    holdings: dict[str, Lot] = field(default_factory=dict)
    positions: dict[tuple[str, str], Lot] = field(default_factory=dict)
    orders: list[tuple[OrderReport, OrderSighting]] = field(default_factory=list)

    def free_cash_inr(self) -> Decimal:
        """What resting buy orders have not spoken for."""
        return self.cash_inr - sum(
            (
                (report.request.terms.limit_price_inr or Decimal(0)) * sighting.pending_shares
                for report, sighting in self.orders
                if report.request.terms.transaction_type == "BUY"
                and sighting.status not in SETTLED_STATUSES
            ),
            Decimal(0),
        )

    def free_shares(self, symbol: str) -> int:
        """What resting sell orders have not spoken for."""
        held = self.holdings.get(symbol, Lot()).quantity_shares
        return held - sum(
            sighting.pending_shares
            for report, sighting in self.orders
            if report.request.terms.trading_symbol == symbol
            and report.request.terms.product == "CNC"
            and report.request.terms.transaction_type == "SELL"
            and sighting.status not in SETTLED_STATUSES
        )


def fold_book(seed: int, reports: Iterable[OrderReport], now: datetime) -> PaperBook:
    """The book at `now`, from every paper order that was accepted, in the order of their fills."""
    accepted = [r for r in reports if r.request.broker == "paper" and r.state == "PLACED"]
    book = PaperBook()
    fills: list[tuple[datetime, OrderTerms, OrderSighting]] = []
    for report in sorted(accepted, key=lambda r: r.placed_at or now):
        sighting = sight(seed, report, now)
        book.orders.append((report, sighting))
        if sighting.filled_shares:
            fills.append((sighting.broker_time or now, report.request.terms, sighting))
    carried: Counter[tuple[str, datetime]] = Counter()
    for filled_at, terms, sighting in sorted(fills, key=lambda f: f[0]):
        _apply(book, terms, sighting, filled_at, now)
        if terms.product == "MIS" and day_end(filled_at) <= now:
            side = 1 if terms.transaction_type == "BUY" else -1
            carried[terms.trading_symbol, day_end(filled_at)] += side * sighting.filled_shares
    for (symbol, end), shares in carried.items():  # intraday ends with its day, at its last price
        book.cash_inr += shares * price(seed, INSTRUMENTS[symbol], end - timedelta(seconds=1))
    return book


def _apply(
    book: PaperBook, terms: OrderTerms, sighting: OrderSighting, filled_at: datetime, now: datetime
) -> None:
    average = sighting.average_price_inr
    assert average is not None, "a filled order has a price"
    signed = sighting.filled_shares * (1 if terms.transaction_type == "BUY" else -1)
    book.cash_inr -= signed * average
    if terms.product == "CNC":
        book.holdings.setdefault(terms.trading_symbol, Lot()).trade(signed, average)
    today = filled_at.astimezone(IST).date() == now.astimezone(IST).date()
    if terms.product == "NRML" or today:
        key = (terms.trading_symbol, terms.product)
        book.positions.setdefault(key, Lot()).trade(signed, average)


def sight(seed: int, report: OrderReport, now: datetime) -> OrderSighting:
    """What has become of one accepted order by `now`. What is settled on record stays so."""
    if report.sighting is not None and report.sighting.status in SETTLED_STATUSES:
        return report.sighting
    assert report.placed_at is not None, "an accepted order has a time"
    terms, placed_at = report.request.terms, report.placed_at
    filled = fill(seed, terms, placed_at, now)
    if filled is not None:
        at, price_inr = filled
        return _sighting(terms, "FILLED", terms.quantity_shares, price_inr, at)
    if terms.validity == "IOC":
        return _sighting(terms, "CANCELLED", 0, None, placed_at)
    end = day_end(placed_at)
    if now >= end:
        return _sighting(terms, "EXPIRED", 0, None, end)
    waits_for_trigger = terms.trigger_price_inr is not None
    return _sighting(terms, "TRIGGER_PENDING" if waits_for_trigger else "OPEN", 0, None, placed_at)


def fill(
    seed: int, terms: OrderTerms, placed_at: datetime, now: datetime
) -> tuple[datetime, Decimal] | None:
    """When and at what price the whole order was filled, if it has been by `now`."""
    share = INSTRUMENTS[terms.trading_symbol]
    until = min(now, day_end(placed_at))
    start: datetime | None = placed_at
    buying = terms.transaction_type == "BUY"
    if terms.trigger_price_inr is not None:
        trigger = terms.trigger_price_inr
        start = _reached(
            seed, share, placed_at, until, lambda p: p >= trigger if buying else p <= trigger
        )
    if start is None:
        return None
    if terms.limit_price_inr is None:
        return start, price(seed, share, start)
    limit = terms.limit_price_inr
    if terms.validity == "IOC":
        until = start
    at = _reached(seed, share, start, until, lambda p: p <= limit if buying else p >= limit)
    if at is None:
        return None
    return at, price(seed, share, at)


def _reached(
    seed: int,
    share: Instrument,
    after: datetime,
    until: datetime,
    reached: Callable[[Decimal], bool],
) -> datetime | None:
    if reached(price(seed, share, after)):
        return after
    return first_reached(seed, share, after, until, reached)


def day_end(instant: datetime) -> datetime:
    """Midnight in India after this instant."""
    local = instant.astimezone(IST)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _sighting(
    terms: OrderTerms,
    status: OrderStatus,
    filled_shares: int,
    average_price_inr: Decimal | None,
    at: datetime,
) -> OrderSighting:
    settled = status in SETTLED_STATUSES
    return OrderSighting(
        status=status,
        raw_status=status,
        filled_shares=filled_shares,
        pending_shares=0 if settled else terms.quantity_shares - filled_shares,
        average_price_inr=average_price_inr,
        broker_time=at,
    )
