"""Decisions about modifying and cancelling: the same scheme as for placing, once per change."""

import hashlib
from datetime import datetime

import msgspec

from domain import events as e
from domain.absence import change_in_doubt
from domain.errors import OrderInProgress, OrderNotFound, OrderTooLate, SessionHasExpired
from domain.open_orders import OpenChange, OpenOrder
from domain.orders import DISPATCH_WITHIN, as_plain_parts
from domain.session import TradingSession, must_be_open
from domain.vocabulary import ChangeKind, OrderTerms


def change_fingerprint(broker_order_id: str, kind: ChangeKind, terms: OrderTerms | None) -> str:
    """A digest of everything that makes two requests the same change (SHA-256, 64 hex digits)."""
    wanted = None if terms is None else as_plain_parts(terms)
    return hashlib.sha256(msgspec.json.encode([broker_order_id, kind, wanted])).hexdigest()


def open_order(session: TradingSession, order_key: str) -> OpenOrder:
    """The order, if it is at the broker and not over.

    Raises:
        OrderNotFound: it is over, or never was. OrderInProgress: nobody knows yet where it is.
    """
    order = session.orders.get(order_key)
    if order is None:
        raise OrderNotFound(
            f"{order_key} is not open (any more), so there is nothing to change. Next: "
            f"get_order(order_key='{order_key}')."
        )
    if order.broker_order_id is None:
        raise OrderInProgress(
            f"It is not known yet whether {order_key} is at the broker, so it cannot be changed. "
            f"Next: get_order(order_key='{order_key}')."
        )
    return order


def request_change(
    session: TradingSession, request: e.OrderChangeRequested, now: datetime
) -> list[e.SessionEvent]:
    """Decide: write the intention down. Modifying is a command, for which the session must be
    open; a cancellation takes risk away and may come after its end.

    Raises:
        OrderNotFound, SessionHasExpired. OrderInProgress: another change is not finished.
    """
    order = open_order(session, request.order_key)
    if request.kind == "modify":
        _must_take_commands(session, now)
    for known in order.changes.values():
        if request.kind == "modify" or _is_same_cancellation(known, now):
            raise OrderInProgress(
                f"Another change of {request.order_key} ({known.request.kind}) is under way or of "
                f"unknown outcome; nothing was sent. Next: get_order("
                f"order_key='{request.order_key}')."
            )
    return [request]


def _is_same_cancellation(known: OpenChange, now: datetime) -> bool:
    """Whether somebody is just cancelling. One in doubt, or whose sender died, may be asked for
    again: cancelling twice does what cancelling once does."""
    if known.request.kind != "cancel":
        return False
    if known.stage == "requested":
        return now < known.request.dispatch_by
    return not change_in_doubt(known, now)


def _must_take_commands(session: TradingSession, now: datetime) -> None:
    """Raises:
    SessionHasExpired: see `must_be_open`.
    """
    try:
        must_be_open(session, now)
    except SessionHasExpired:
        raise SessionHasExpired(
            "The session in which this order was placed is over, so it is not modified any more; "
            "nothing was sent. Next: cancel_order still works; then place a new order."
        ) from None


def dispatch_change(
    session: TradingSession, order_key: str, change_key: str, now: datetime
) -> list[e.SessionEvent]:
    """Decide: is the one call to the broker ours to make?

    Raises:
        OrderInProgress: someone else's call was stored first. OrderNotFound: the order is over.
        OrderTooLate: it was asked for too long ago. SessionHasExpired: it is a modification, and
            its session ended meanwhile.
    """
    change = open_order(session, order_key).changes.get(change_key)
    if change is None or change.stage != "requested":
        raise OrderInProgress(
            f"This change of {order_key} is on its way already. Next: "
            f"get_order(order_key='{order_key}')."
        )
    if change.request.kind == "modify":
        _must_take_commands(session, now)
    if now >= change.request.dispatch_by:
        raise change_too_late(order_key)
    return [e.OrderChangeDispatched(order_key=order_key, change_key=change_key)]


def change_too_late(order_key: str) -> OrderTooLate:
    return OrderTooLate(
        f"The change of {order_key} was not sent within {DISPATCH_WITHIN.seconds} s of being asked "
        "for, and will not be sent any more. Next: ask for it again."
    )


def change_never_sent(
    session: TradingSession, order_key: str, change_key: str, code: str, reason: str
) -> list[e.SessionEvent]:
    """Decide: close a change that was requested and never dispatched. Nothing where it was."""
    order = session.orders.get(order_key)
    change = order.changes.get(change_key) if order else None
    if change is None or change.stage != "requested":
        return []
    return [
        e.OrderChangeRejected(
            order_key=order_key,
            change_key=change_key,
            code=code,
            reason=reason,
            reached_broker=False,
        )
    ]
