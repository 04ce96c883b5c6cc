"""The rules of the simulated exchange: what it takes, when it fills, how its day ends.

Functions of seed, account and time. Nothing here reads a clock, and locking is the caller's.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from infrastructure.simulator.accounts import INTRADAY_MARGIN, Account, Holding, Position
from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.orders import (
    ZERO,
    Fill,
    Order,
    OrderRequest,
    OrderType,
    Product,
    end_of_trading_day,
)
from infrastructure.simulator.prices import first_reached, is_on_tick, price

INSTANT = timedelta(microseconds=1)
MOST_INR = Decimal(1_000_000_000)

Reason = Literal["INPUT", "FUNDS", "HOLDINGS", "ORDER", "NOT_FOUND"]


class Refused(Exception):
    """The exchange did not take it; there is no order, or the order is as it was."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def check_tradable(request: OrderRequest) -> None:
    """Raises: Refused: no such share, or a price that is not a multiple of its tick."""
    instrument = INSTRUMENTS.get(request.symbol)
    if instrument is None:
        raise Refused(
            "INPUT",
            "The instrument you are placing an order for has either expired or does not exist.",
        )
    for price_inr in (request.limit_price_inr, request.trigger_price_inr):
        if price_inr is not None and not is_on_tick(instrument, price_inr):
            raise Refused(
                "INPUT",
                f"Tick size for this stock is {instrument.tick_inr}. Kindly enter price in the "
                "multiple of tick size.",
            )


def prices_that_count(
    order_type: OrderType, price_inr: Decimal | None, trigger_inr: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Limit and trigger price of this type of order. Some SDKs send 0 for what has no meaning.

    Raises:
        Refused: one that this type needs is missing.
    """
    limit = price_inr if order_type in ("LIMIT", "SL") else None
    trigger = trigger_inr if order_type in ("SL", "SL-M") else None
    for needed, given in (
        (order_type in ("LIMIT", "SL"), limit),
        (order_type in ("SL", "SL-M"), trigger),
    ):
        if needed and (given is None or not (given.is_finite() and 0 < given < MOST_INR)):
            raise Refused("INPUT", f"An order of type {order_type} lacks a price.")
    return limit, trigger


def check_holdings(account: Account, request: OrderRequest) -> None:
    """Raises: Refused: a sale for delivery of more shares than there are."""
    if request.product == "CNC" and request.side == "SELL":
        for_sale = account.deliverable_shares(request.symbol)
        if request.quantity_shares > for_sale:
            raise Refused(
                "HOLDINGS", f"Insufficient holdings. You can sell {max(0, for_sale)} shares."
            )


def margin_needed(seed: int, account: Account, request: OrderRequest, now: datetime) -> Decimal:
    """What this order has to block, in INR.

    Raises:
        Refused: the account has less.
    """
    each = request.limit_price_inr or request.trigger_price_inr or price(seed, request.symbol, now)
    if request.product == "CNC":
        needed = each * request.quantity_shares if request.side == "BUY" else ZERO
    else:
        net = account.net_shares(request.symbol, request.product)
        opened = abs(net + request.signed_shares) - abs(net)
        needed = each * max(0, opened) * INTRADAY_MARGIN
    available = account.funds().available_inr
    if needed > available:
        raise Refused(
            "FUNDS",
            f"Insufficient funds. Required margin is {needed:.2f} but available margin is "
            f"{available:.2f}. Check the orderbook for open orders.",
        )
    return needed


def start_working(seed: int, account: Account, order: Order, now: datetime) -> None:
    """Put an order into the market; what can fill at once does."""
    _work(seed, account, account.step(order), now - INSTANT, now)


def convert(account: Account, symbol: str, source: Product, shares: int) -> None:
    """Move shares of an open position to the other product, at the price they were traded at.

    Raises:
        Refused: fewer shares are open, or the other product needs more money than there is.
    """
    target: Product = "MIS" if source == "CNC" else "CNC"
    old = account.positions.get((symbol, source))
    if old is None or shares > abs(old.net_shares):
        raise Refused("ORDER", "The position is smaller than what is to be converted.")
    is_long = old.net_shares > 0
    if not is_long and target == "CNC":
        raise Refused("ORDER", "A short position cannot be delivered.")
    key, moved = (symbol, target), old.average_price_inr * shares
    new = account.positions.get(key) or Position(symbol=symbol, product=target)
    account.positions[key] = new
    old.move(-shares, -moved, is_long=is_long)
    new.move(shares, moved, is_long=is_long)
    if account.funds().available_inr < 0:
        old.move(shares, moved, is_long=is_long)
        new.move(-shares, -moved, is_long=is_long)
        if new.buy_shares == new.sell_shares == 0:
            del account.positions[key]
        raise Refused("FUNDS", "Insufficient funds for the conversion.")


def cancel(account: Account, order: Order, at: datetime) -> None:
    shares = order.request.quantity_shares
    account.step(replace(order, status="CANCELLED", at=at, cancelled_shares=shares))


def catch_up(seed: int, account: Account, now: datetime) -> None:
    """Let the time since the last look pass for this account, the end of its day included."""
    if now >= account.day_ends_at:
        _catch_up_within_the_day(seed, account, account.day_ends_at)
        _close_the_day(seed, account)
        account.day_ends_at = end_of_trading_day(now)
    _catch_up_within_the_day(seed, account, now)


def _catch_up_within_the_day(seed: int, account: Account, now: datetime) -> None:
    for order in list(account.working.values()):
        _work(seed, account, order, account.looked_at, now)
    account.looked_at = max(account.looked_at, now)


def _work(seed: int, account: Account, order: Order, after: datetime, now: datetime) -> None:
    """Let the time from `after` to `now` pass for one working order."""
    request, opened_at = order.request, order.at
    if order.status == "TRIGGER PENDING":
        triggered_at = first_reached(seed, request.symbol, after, now, request.is_triggered_at)
        if triggered_at is None:
            return
        order = account.step(replace(order, status="OPEN", at=triggered_at))
        opened_at, after = triggered_at, triggered_at - INSTANT
    filled_at = first_reached(seed, request.symbol, after, now, request.can_fill_at)
    if filled_at is None:
        if request.validity == "IOC":
            cancel(account, order, now)
        return
    paid = price(seed, request.symbol, filled_at)
    if filled_at > opened_at and request.limit_price_inr is not None:
        paid = request.limit_price_inr  # it was waiting in the book, and others came to it
    shares = request.quantity_shares
    filled = replace(order, status="COMPLETE", at=filled_at, filled_shares=shares)
    account.book(Fill(order=account.step(replace(filled, average_price_inr=paid))))


def _close_the_day(seed: int, account: Account) -> None:
    """Open orders lapse, intraday positions are closed, deliveries become holdings.

    The day's book is forgotten, as the brokers' own is.
    """
    at = account.day_ends_at
    for order in list(account.working.values()):
        cancel(account, order, at)
    for (symbol, product), position in account.positions.items():
        account.cash_inr += position.cash_flow_inr
        if product == "MIS":
            last = price(seed, symbol, at)
            account.cash_inr += position.net_shares * (last - position.average_price_inr)
        else:
            _deliver(account, symbol, position.net_shares, position.average_price_inr)
    account.positions.clear()
    account.steps.clear()
    account.fills.clear()


def _deliver(account: Account, symbol: str, shares: int, price_inr: Decimal) -> None:
    held = account.holdings.pop(symbol, None)
    before = held.quantity_shares if held else 0
    average = held.average_price_inr if held else ZERO
    if before + shares <= 0:
        return
    if shares > 0:
        average = (average * before + price_inr * shares) / (before + shares)
    account.holdings[symbol] = Holding(
        symbol=symbol, quantity_shares=before + shares, average_price_inr=average
    )
