"""Turn what a broker's order book says into facts about our own orders."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application.orders.sending import day_of
from application.orders.sending_changes import ledger_of
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import BrokerOrder
from application.ports.clock import Clock
from application.sessions.broker_access import Admission
from application.writer import Context, Loaded, Writer
from domain.absence import change_in_doubt, proves_absence
from domain.events import (
    Event,
    OrderChangeAccepted,
    OrderChangeRejected,
    OrderFoundAbsent,
    OrderMismatched,
)
from domain.open_orders import OpenChange, OpenOrder
from domain.orders import observe_order
from domain.risk_ledger import fold_ledger, release
from domain.session import TradingSession, fold
from domain.streams import account_switch_stream, risk_ledger_stream
from domain.switches import fold_switch, halt
from domain.vocabulary import SETTLED_STATUSES, BrokerName, OrderTerms


@dataclass(frozen=True, kw_only=True)
class Book:
    """One whole order book, as it was when reading it began (`read_at`, UTC)."""

    broker: BrokerName
    account_fingerprint: str
    orders: tuple[BrokerOrder, ...]
    read_at: datetime


def read_book(admission: Admission, clock: Clock) -> Book:
    """Raises: LoginExpired, BrokerDown."""
    read_at = clock.now()
    return Book(
        broker=admission.broker.name,
        account_fingerprint=admission.account,
        orders=admission.broker.orders(admission.access, read_at),
        read_at=read_at,
    )


def look_at_book(
    writer: Writer, clock: Clock, context: Context, session_id: UUID, at: Admission
) -> int:
    """Read the book just now and store what is new; answer with the position, 0 for nothing new
    and where it cannot be read: a later look will see it."""
    with suppress(BrokerDown, LoginExpired):
        return observe_book(writer, context, session_id, read_book(at, clock))
    return 0


@dataclass
class _News:
    facts: list[Event] = field(default_factory=list)
    released: list[tuple[str, str | None, str]] = field(default_factory=list)
    """Order key, change key, and why."""
    frozen_by: tuple[str, str] | None = None
    """Order key, and what was found in its place."""

    def release_from(self, ledger: Loaded) -> list[Event]:
        """What is given back to this day, of all that was taken from it."""
        taken = fold_ledger(ledger.events)
        return [f for key, change, why in self.released for f in release(taken, key, why, change)]


def observe_book(writer: Writer, context: Context, session_id: UUID, book: Book) -> int:
    """Store what is new about the session's open orders in this account; answer with the position,
    0 for nothing.

    An order of ours is recognised by the id that we gave it; in a row without any tag by the
    broker's order id, which another broker, or this one on another day, may give to another order.
    Our id on another share, side or quantity, or on two orders, freezes the account. What the book
    does not have is absent only where `proves_absence` says so.
    """
    session = fold(writer.load(session_id).events)
    watched = [o for o in session.orders.values() if _is_in(o, book)] if session else []
    if not watched:
        return 0
    switch = account_switch_stream(book.account_fingerprint)

    def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
        session = fold(streams[0].events)
        news = _news(session, book) if session else _News()
        frozen: list[Event] = []
        if news.frozen_by is not None:
            key, found = news.frozen_by
            reason = f"the broker shows {found} under the id of our order {key}"
            frozen = halt(fold_switch(streams[1].events), "account", reason, None, key)
        return [news.facts, frozen, *map(news.release_from, streams[2:])]

    streams = [session_id, switch, *_ledgers(context.principal, watched)]
    return writer.record(context, streams, decision, shared=(switch,)).position or 0


def _ledgers(principal: UUID, watched: Sequence[OpenOrder]) -> list[UUID]:
    """The days that these orders, and their changes, count in."""
    days = {risk_ledger_stream(principal, day_of(order.request)) for order in watched}
    changes = (change for order in watched for change in order.changes.values())
    return sorted(days | {ledger_of(principal, change.request) for change in changes})


def _is_in(order: OpenOrder, book: Book) -> bool:
    """Whether it could be in this book. What was never sent cannot: a row of its id is another's,
    or a store restored from a backup, which adopting takes care of."""
    request = order.request
    return (
        order.stage != "requested"
        and not order.is_instruction
        and request.broker == book.broker
        and request.account_fingerprint == book.account_fingerprint
    )


def _news(session: TradingSession, book: Book) -> _News:
    by_tag: dict[str, list[BrokerOrder]] = {}
    for row in book.orders:
        for tag in row.broker_tags:
            by_tag.setdefault(tag, []).append(row)
    by_id = {row.broker_order_id: row for row in book.orders if not row.broker_tags}
    news = _News()
    for key, order in session.orders.items():
        if not _is_in(order, book):
            continue
        named = by_tag.get(order.request.broker_tag, [])
        strangers = [row for row in named if not _is_that_order(row, order)]
        if (len(named) > 1 or strangers) and not order.mismatched:
            found = " and ".join(map(_in_words, named))
            news.facts.append(
                OrderMismatched(
                    order_key=key, broker_order_id=named[0].broker_order_id, found=found
                )
            )
            news.frozen_by = key, found
        seen = next((row for row in named if row not in strangers), None)
        if not named:
            untagged = by_id.get(order.broker_order_id or "")
            seen = untagged if untagged is not None and _is_that_order(untagged, order) else None
        if seen is not None:
            _see(session, key, order, seen, book.read_at, news)
        elif not named and proves_absence(order, book.read_at):
            news.facts.append(OrderFoundAbsent(order_key=key, looked_at=book.read_at))
            news.released.append((key, None, "absent"))
    return news


def _see(
    session: TradingSession,
    key: str,
    order: OpenOrder,
    seen: BrokerOrder,
    read_at: datetime,
    news: _News,
) -> None:
    """The changes first: what settles an order takes it out of sight."""
    sighting = seen.sighting
    over = sighting.status in SETTLED_STATUSES
    for change_key, change in order.changes.items():
        if _was_done(seen, change) and (over or change_in_doubt(change, read_at)):
            news.facts.append(OrderChangeAccepted(order_key=key, change_key=change_key))
        elif over:
            news.facts.append(
                OrderChangeRejected(
                    order_key=key,
                    change_key=change_key,
                    code="ORDER_IS_OVER",
                    reason=f"The order ended first ({sighting.status}), without this change.",
                    reached_broker=change.stage != "requested",
                )
            )
            news.released.append((key, change_key, "not_changed"))
    news.facts.extend(observe_order(session, key, seen.broker_order_id, sighting))
    if sighting.status == "REJECTED" and not sighting.filled_shares:
        news.released.append((key, None, "rejected"))


def _was_done(seen: BrokerOrder, change: OpenChange) -> bool:
    """Whether the row shows what was asked for."""
    if change.stage == "requested":
        return False
    terms = change.request.terms
    return seen.sighting.status == "CANCELLED" if terms is None else _has_terms(seen, terms)


def _is_that_order(seen: BrokerOrder, order: OpenOrder) -> bool:
    """A row that names another share or side is another order, whatever its id; one of another
    quantity, too, when it is seen for the first time. Later its owner may have changed it in the
    broker's own app."""
    wanted = [order.request.terms, order.terms]
    wanted += [c.request.terms for c in order.changes.values() if c.request.terms is not None]
    return any(
        (seen.trading_symbol, seen.transaction_type)
        == (terms.trading_symbol, terms.transaction_type)
        and (
            seen.quantity_shares == terms.quantity_shares
            or (order.sighting is not None and seen.broker_order_id == order.broker_order_id)
        )
        for terms in wanted
    )


def _has_terms(seen: BrokerOrder, terms: OrderTerms) -> bool:
    return (
        seen.order_type,
        seen.quantity_shares,
        seen.limit_price_inr,
        seen.trigger_price_inr,
    ) == (
        terms.order_type,
        terms.quantity_shares,
        terms.limit_price_inr,
        terms.trigger_price_inr,
    )


def _in_words(row: BrokerOrder) -> str:
    return (
        f"{row.transaction_type} {row.quantity_shares} {row.exchange}:{row.trading_symbol} "
        f"({row.broker_order_id})"
    )
