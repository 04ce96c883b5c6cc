"""Decisions about orders. What can be told about one is in `domain/order_reports.py`.

The life of an order: (proposed -> confirmed ->) requested -> dispatched -> placed | rejected |
unknown, then sightings at the broker until it is filled, cancelled, expired or rejected there.
`OrderDispatched` is stored at most once per order, ever, before the one call to the broker. What is
unknown is looked for until it is seen or its trading day is over.
"""

import hashlib
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain import events as e
from domain.errors import (
    BrokerLoginRequired,
    InvalidOrder,
    OrderInProgress,
    OrderKeyReused,
    OrderTooLate,
)
from domain.instructions import must_be_possible, prices_in, reduces_risk
from domain.order_reports import OrderReport
from domain.session import TradingSession, must_be_open
from domain.vocabulary import GttLeg, OrderSighting, OrderTerms, PlaceGtt

MAX_QUANTITY_SHARES = 10_000_000
MAX_PRICE_INR = Decimal("10000000")
ORDER_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
TRADING_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9 &_-]{0,49}")

DISPATCH_WITHIN: Final = timedelta(seconds=10)
"""How long after the request an order may still be sent. Later, prices and minds have changed."""


def check_terms(terms: OrderTerms) -> OrderTerms:
    """The rules that hold at every broker.

    Raises:
        InvalidOrder: says which argument is wrong and how to mend it.
    """
    if reduces_risk(terms):  # the broker's own words about what is there; nothing new is asked for
        return terms
    if not TRADING_SYMBOL.fullmatch(terms.trading_symbol):
        raise InvalidOrder(
            "trading_symbol must be 1 to 50 capital letters, digits, '-', '&' or '_'. Next: give "
            "it as the exchange writes it, such as INFY."
        )
    if not 0 < terms.quantity_shares <= MAX_QUANTITY_SHARES:
        raise InvalidOrder(
            f"quantity must be a whole number of shares from 1 to {MAX_QUANTITY_SHARES}. "
            "Next: correct it and call again."
        )
    _check_price("price", terms.limit_price_inr, terms.order_type in ("LIMIT", "SL"), terms)
    _check_price(
        "trigger_price", terms.trigger_price_inr, terms.order_type in ("SL", "SL-M"), terms
    )
    for name, price in prices_in(terms):
        _check_amount(name, price)
    must_be_possible(terms)
    disclosed = terms.disclosed_quantity_shares
    if disclosed is not None and not 0 < disclosed <= terms.quantity_shares:
        raise InvalidOrder(
            "disclosed_quantity must be between 1 and quantity. Next: correct it or leave it out."
        )
    return terms


def _check_price(name: str, price: Decimal | None, needed: bool, terms: OrderTerms) -> None:
    if price is None:
        if needed:
            raise InvalidOrder(
                f"{name} is required for {terms.order_type} orders. Next: give {name} in INR."
            )
        return
    if not needed:
        raise InvalidOrder(
            f"{name} has no meaning for {terms.order_type} orders. Next: leave it out, or choose "
            "another order_type."
        )
    _check_amount(name, price)


def _check_amount(name: str, price: Decimal) -> None:
    exponent = price.as_tuple().exponent
    if not price.is_finite() or not 0 < price <= MAX_PRICE_INR or not isinstance(exponent, int):
        raise InvalidOrder(f"{name} must be above 0 and at most {MAX_PRICE_INR} INR. Next: fix it.")
    if exponent < -4:
        raise InvalidOrder(f"{name} has more than 4 decimal places. Next: round it to the tick.")


def check_order_key(order_key: str) -> str:
    """Raises:
    InvalidOrder: not 1 to 64 letters, digits, dots, colons, hyphens or underscores.
    """
    if not ORDER_KEY.fullmatch(order_key):
        raise InvalidOrder(
            "order_key must be 1 to 64 letters, digits or . _ : - and begin with a letter or "
            "digit. Next: choose another key, or leave it out and one is minted."
        )
    return order_key


def fingerprint(broker: str, account_fingerprint: str, terms: OrderTerms) -> str:
    """A digest of everything that makes two requests the same order (SHA-256, 64 hex digits)."""
    parts = msgspec.json.encode([broker, account_fingerprint, as_plain_parts(terms)])
    return hashlib.sha256(parts).hexdigest()


def as_plain_parts(terms: OrderTerms) -> dict[str, object]:
    """For a digest. What a release before this one did not know is left out where it says nothing:
    keys that were claimed then name the same order still."""
    parts: dict[str, object] = msgspec.to_builtins(plain_prices(terms))
    if parts["instruction"] is None:
        del parts["instruction"]
    return parts


def plain_prices(terms: OrderTerms) -> OrderTerms:
    """So that 10 and 10.00 are the same price."""

    def plain(price: Decimal | None) -> Decimal | None:
        return None if price is None else _plain(price)

    instruction = terms.instruction
    if isinstance(instruction, PlaceGtt):
        legs = tuple(
            GttLeg(
                trigger_price_inr=_plain(leg.trigger_price_inr),
                limit_price_inr=_plain(leg.limit_price_inr),
            )
            for leg in instruction.legs
        )
        instruction = PlaceGtt(legs=legs)
    return replace(
        terms,
        limit_price_inr=plain(terms.limit_price_inr),
        trigger_price_inr=plain(terms.trigger_price_inr),
        instruction=instruction,
    )


def _plain(price: Decimal) -> Decimal:
    return Decimal(f"{price.normalize():f}")


def request_order(session: TradingSession, request: e.OrderRequested) -> list[e.SessionEvent]:
    """Decide: write the intention down. The caller has checked the session and the login.

    Raises:
        OrderInProgress: an order with this key is open in this session.
    """
    if request.order_key in session.orders:
        raise OrderInProgress(f"{request.order_key} is already open. Next: get_orders().")
    return [request]


def claim_key(
    claimed: e.OrderKeyClaimed | None, order_key: str, print_of_order: str, session_id: UUID
) -> list[e.Event]:
    """Decide: is this key free? Nothing when it names this very order already.

    Raises:
        OrderKeyReused: the key names another order.
    """
    if claimed is None:
        return [
            e.OrderKeyClaimed(
                order_key=order_key, fingerprint=print_of_order, session_id=session_id
            )
        ]
    if claimed.fingerprint != print_of_order:
        raise _reused(order_key)
    return []


def adopted_key(broker_tag: str) -> str:
    """The key of an order that is found at the broker, and whose own key nobody knows any more."""
    return f"adopted-{broker_tag}"


def claim_new_key(
    claimed: e.OrderKeyClaimed | None, order_key: str, print_of_order: str, session_id: UUID
) -> list[e.Event]:
    """Decide: the same for a key that must not name anything yet, as a slice's.

    Raises:
        OrderKeyReused: it does.
    """
    if claimed is not None:
        raise _reused(order_key)
    return claim_key(None, order_key, print_of_order, session_id)


def must_be_that_order(report: OrderReport, broker: str | None, terms: OrderTerms) -> None:
    """Raises:
    OrderKeyReused: the key's order has other terms, or is at another broker than the one named.
    """
    request = report.request
    if broker not in (None, request.broker) or plain_prices(terms) != plain_prices(request.terms):
        raise _reused(request.order_key)


def _reused(order_key: str) -> OrderKeyReused:
    return OrderKeyReused(
        f"order_key {order_key!r} already names an order with other terms; nothing was sent. "
        "Next: use a new order_key for a new order."
    )


def dispatch_order(session: TradingSession, order_key: str, now: datetime) -> list[e.SessionEvent]:
    """Decide: is the one call to the broker ours to make?

    Raises:
        OrderInProgress: someone else's call was stored first, or the order is settled.
        SessionHasExpired, BrokerLoginRequired, OrderTooLate: it was never sent and cannot be any
            more; `never_sent` says so in a fact.
    """
    order = session.orders.get(order_key)
    if order is None or order.stage != "requested":
        raise OrderInProgress(
            f"{order_key} is on its way already. Next: get_order(order_key='{order_key}') in a "
            "second."
        )
    must_be_open(session, now)
    request = order.request
    login = session.logins.get(request.broker)
    if request.credential_version and (
        login is None or login.credential_version != request.credential_version
    ):
        raise BrokerLoginRequired(
            f"The {request.broker} login that {order_key} was asked for with is over; nothing was "
            "sent. Next: log in and use a new order_key.",
            login_at=request.broker,
        )
    if request.dispatch_by is not None and now >= request.dispatch_by:
        raise too_late(order_key)
    return [e.OrderDispatched(order_key=order_key)]


def too_late(order_key: str) -> OrderTooLate:
    return OrderTooLate(
        f"{order_key} was not sent within {DISPATCH_WITHIN.seconds} s of being asked for, and will "
        "not be sent any more. Next: look at the price again and use a new order_key."
    )


def never_sent(
    session: TradingSession, order_key: str, code: str, reason: str
) -> list[e.SessionEvent]:
    """Decide: close an order that was requested and never dispatched. Nothing where it was."""
    order = session.orders.get(order_key)
    if order is None or order.stage != "requested":
        return []
    return [e.OrderRejected(order_key=order_key, code=code, reason=reason, reached_broker=False)]


def observe_order(
    session: TradingSession, order_key: str, broker_order_id: str, sighting: OrderSighting
) -> list[e.SessionEvent]:
    """Decide: is this news? Only a sighting that differs from the last one is stored."""
    order = session.orders.get(order_key)
    if order is None or order.sighting == sighting:
        return []
    return [
        e.OrderObserved(order_key=order_key, broker_order_id=broker_order_id, sighting=sighting)
    ]
