"""How orders come to be filled: triggers, trades, what is cancelled.

Functions of venue, account and time. Nothing here reads a clock, and locking is the caller's.
An order fills whole at once unless it asks for more than the book shows; then it takes what is
there and goes on as time passes.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from infrastructure.simulator.exchange.accounts import Account, Liquidity
from infrastructure.simulator.exchange.orders import Fill, Order, OrderRequest, Status
from infrastructure.simulator.exchange.venue import Venue
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.prices import expires_at

INSTANT = timedelta(microseconds=1)
_REFILLED_EVERY = timedelta(seconds=10)


def start_working(venue: Venue, account: Account, order: Order, now: datetime) -> None:
    """Bring an order to the market; what can fill at once does."""
    work(venue, account, _enter(venue, account, order, now), now - INSTANT, now)


def work_on(venue: Venue, account: Account, order: Order, now: datetime) -> None:
    """Let an order go on under new terms; what can fill at once does."""
    work(venue, account, account.step(_protected(venue, order, now)), now - INSTANT, now)


def cancel(account: Account, order: Order, at: datetime, *, lapsed: bool = False) -> None:
    account.step(
        replace(
            order,
            status="CANCELLED",
            at=at,
            cancelled_shares=order.pending_shares,
            lapsed=lapsed,
            status_message="The order lapsed at the end of the day." if lapsed else None,
        )
    )


def work(venue: Venue, account: Account, order: Order, after: datetime, now: datetime) -> None:
    """Let the time from `after` to `now` pass for one working order."""
    after = max(after, order.at - INSTANT)
    if order.status == "AMO REQ RECEIVED":
        assert order.works_from is not None
        if now < order.works_from:
            return
        after = order.works_from - INSTANT
        order = _enter(venue, account, order, order.works_from)
    until = min(now, order.lapses_at or now)
    instrument = venue.instrument(order.request.exchange, order.request.symbol, order.placed_at)
    if order.status == "TRIGGER PENDING":
        triggered_at = venue.first_reached(instrument, after, until, order.request.is_triggered_at)
        if triggered_at is not None:
            order = replace(order, status="OPEN", at=triggered_at)
            order = account.step(_protected(venue, order, triggered_at))
            after = triggered_at - INSTANT
    if order.status == "OPEN":
        order = _fill(venue, account, order, instrument, after, until)
    if order.is_working and order.lapses_at is not None and order.lapses_at <= now:
        cancel(account, order, order.lapses_at, lapsed=True)
    elif order.status == "OPEN" and order.request.validity == "IOC":
        cancel(account, order, now)


def first_working_status(request: OrderRequest) -> Status:
    return "TRIGGER PENDING" if request.waits_for_trigger else "OPEN"


def _enter(venue: Venue, account: Account, order: Order, at: datetime) -> Order:
    account.step(replace(order, status="OPEN PENDING", at=at))
    entered = replace(
        order,
        at=at,
        status=first_working_status(order.request),
        lapses_at=_lapses_at(venue, order, at),
    )
    return account.step(_protected(venue, entered, at))


def _lapses_at(venue: Venue, order: Order, at: datetime) -> datetime | None:
    request = order.request
    if venue.hours.kept:
        return venue.hours.closes_at(request.exchange, at)
    instrument = venue.instrument(request.exchange, request.symbol, order.placed_at)
    return expires_at(instrument) if instrument.is_contract else None


def _protected(venue: Venue, order: Order, at: datetime) -> Order:
    """An order at market remembers how far it may go once it is in the market."""
    request = order.request
    if not request.is_at_market or request.market_protection_percent is None:
        return replace(order, worst_price_inr=None)
    if order.status != "OPEN":
        return order
    instrument = venue.instrument(request.exchange, request.symbol, order.placed_at)
    worst = venue.worst_price(request, instrument, venue.last(instrument, at))
    return replace(order, worst_price_inr=worst)


def _fill(
    venue: Venue,
    account: Account,
    order: Order,
    instrument: Instrument,
    after: datetime,
    until: datetime,
) -> Order:
    """Trade whatever can be traded in (after, until]."""
    while order.is_working:
        at = _next_trade(venue, account, order, instrument, after, until)
        if at is None:
            break
        paid = venue.last(instrument, at)
        if at > order.at and order.request.limit_price_inr is not None:
            paid = order.request.limit_price_inr  # it was waiting in the book; others came to it
        liquidity = _liquidity(venue, account, order, instrument, at)
        shares = min(order.pending_shares, liquidity.shares_per_fill)
        left = order.pending_shares - shares
        order = account.step(
            replace(
                order,
                status="OPEN" if left else "COMPLETE",
                at=at,
                filled_at=at,
                trades=order.trades + 1,
                filled_shares=order.filled_shares + shares,
                filled_value_inr=order.filled_value_inr + shares * paid,
                blocked_inr=order.blocked_inr * left / order.pending_shares,
            )
        )
        account.book(Fill(order=order, shares=shares, price_inr=paid), instrument)
        after = at
        if order.request.validity == "IOC":
            break
    return order


def _next_trade(
    venue: Venue,
    account: Account,
    order: Order,
    instrument: Instrument,
    after: datetime,
    until: datetime,
) -> datetime | None:
    """The first instant in (after, until] at which this order trades."""
    if order.filled_at is not None:
        ready_at = order.filled_at + _liquidity(venue, account, order, instrument, after).every
        if ready_at > until:
            return None
        if ready_at > after:
            if order.can_fill_at(venue.last(instrument, ready_at)):
                return ready_at
            after = ready_at
    return venue.first_reached(instrument, after, until, order.can_fill_at)


def _liquidity(
    venue: Venue, account: Account, order: Order, instrument: Instrument, at: datetime
) -> Liquidity:
    if account.liquidity is not None:
        return account.liquidity
    shares = venue.on_offer(instrument, order.request.side, at)
    lot = instrument.lot_size_shares
    return Liquidity(shares_per_fill=max(lot, shares // lot * lot), every=_REFILLED_EVERY)
