"""When may it be said that an order never came to be? Not before its trading day is over: brokers
show orders late, and time out on orders that they place all the same."""

from datetime import datetime, time, timedelta
from typing import Final

from domain.instants import IST, trading_day
from domain.open_orders import OpenChange, OpenOrder
from domain.orders import DISPATCH_WITHIN

DAY_OVER: Final = {"MCX": time(23, 58), "CDS": time(21, 0), "BCD": time(21, 0)}
"""Indian time after which no order of the day can still appear; hours later than the close."""
DAY_OVER_ELSEWHERE: Final = time(18, 0)
LATEST: Final = timedelta(minutes=15)
"""How late an order may show in a book, for those that were sent after hours."""
CALL_ENDS_WITHIN: Final = timedelta(seconds=60)
"""A dispatched order without an outcome after this is one whose process died."""


def asked_at(order: OpenOrder) -> datetime | None:
    """`None` for an order that an older release wrote."""
    by = order.request.dispatch_by
    return by - DISPATCH_WITHIN if by else None


def in_doubt(order: OpenOrder, now: datetime) -> bool:
    """Nobody knows whether it is at the broker, and nobody is just finding out."""
    if order.stage == "unknown":
        return True
    by = order.request.dispatch_by
    return order.stage == "dispatched" and (by is None or now > by + CALL_ENDS_WITHIN)


def change_in_doubt(change: OpenChange, now: datetime) -> bool:
    """The same for a modification or cancellation."""
    if change.stage == "unknown":
        return True
    return change.stage == "dispatched" and now > change.request.dispatch_by + CALL_ENDS_WITHIN


def may_be_live(order: OpenOrder, now: datetime) -> bool:
    """In doubt, and of a day that is not over: a day order of yesterday can harm nobody today."""
    asked = asked_at(order)
    same_day = asked is not None and trading_day(asked) == trading_day(now)
    return in_doubt(order, now) and (same_day or order.request.terms.variety == "amo")


def proves_absence(order: OpenOrder, looked_at: datetime) -> bool:
    """Whether a whole book without it, read then, is a proof: a book is of one day, so it was read
    on that day and after its end. An after-market order is for another day: never.
    """
    if not in_doubt(order, looked_at):
        return False
    asked, terms = asked_at(order), order.request.terms
    if order.request.broker == "paper" and order.stage == "dispatched":
        return True  # its book is our own log: there is no order without a word of it
    if asked is None or terms.variety == "amo" or trading_day(asked) != trading_day(looked_at):
        return False
    over = DAY_OVER.get(terms.exchange, DAY_OVER_ELSEWHERE)
    return looked_at.astimezone(IST).time() >= over and looked_at >= asked + LATEST
