"""How events are shown, and the sessions and orders that they came to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from application.audit import SessionAsOf
from application.orders.tell_order import may_move
from domain.instants import outside, spoken
from domain.order_reports import OrderReport
from domain.order_text import rupees
from mcp_interface.tools.orders.order_rows import why
from mcp_interface.tools.results import (
    MOST_QUOTED,
    SHORT_ID,
    Form,
    Outside,
    Result,
    money,
    quoted,
    screenful,
)
from projections.audit_timeline import TimelineEntry

LONGEST_SUMMARY: Final = 130
LONGEST_WORDS: Final = 60
"""Characters in a concise text. The data has all."""
MOST_ORDERS: Final = 200


class ActivityRow(Result):
    """`words` were written by a broker or a person."""

    position: int
    at: str
    event: str
    summary: str
    words: Outside
    order_key: str | None
    client: Outside
    who: str


class SessionThen(Result):
    session_id: str
    label: str
    created_at: str
    ends_at: str
    ended: str | None
    active_broker: str | None
    authenticated_brokers: list[str]


class OrderThen(Result):
    order_key: str
    broker_order_id: str | None
    broker: str
    mode: str
    order: str
    state: str
    status: str | None
    open: bool
    filled_quantity: int
    average_price: str | None
    broker_message: Outside


class KnownThen(Result):
    """Replayed from the events of then; open orders first."""

    at: str
    sessions: list[SessionThen]
    orders: list[OrderThen]
    total_orders: int


class Activity(Result):
    events: list[ActivityRow]
    total: int
    next_cursor: str | None
    known_then: KnownThen | None
    as_of_position: int
    stale: bool
    session_id: str


def plain_name(stored: str) -> str:
    """`order_placed` out of `trading_session.order_placed.v1`."""
    return stored.removeprefix("trading_session.").rpartition(".v")[0].replace(".", "_")


def row_of(entry: TimelineEntry) -> ActivityRow:
    return ActivityRow(
        position=entry.position,
        at=outside(entry.recorded_at),
        event=plain_name(entry.name),
        summary=entry.summary,
        words=entry.words,
        order_key=entry.order_key,
        client=entry.client,
        who=entry.actor,
    )


def known_then(
    found: Sequence[SessionAsOf], at: datetime, order_key: str | None = None
) -> KnownThen:
    """Sessions oldest first; of orders at most 200, the open ones first, then the newest."""
    reports = [report for each in reversed(found) for report in reversed(each.orders)]
    if order_key is not None:
        reports = [each for each in reports if each.request.order_key == order_key]
    orders = sorted(map(_order, reports), key=lambda row: not row.open)
    return KnownThen(
        at=outside(at),
        sessions=[_session(each) for each in found],
        orders=orders[:MOST_ORDERS],
        total_orders=len(orders),
    )


def _session(found: SessionAsOf) -> SessionThen:
    session = found.session
    return SessionThen(
        session_id=str(found.opened.session_id),
        label=session.label,
        created_at=outside(found.created_at),
        ends_at=outside(session.ends_at),
        ended=session.ended,
        active_broker=session.active_broker,
        authenticated_brokers=sorted(session.logins),
    )


def _order(report: OrderReport) -> OrderThen:
    terms, seen = report.terms, report.sighting
    price = f" {rupees(terms.limit_price_inr)}" if terms.limit_price_inr is not None else ""
    return OrderThen(
        order_key=report.request.order_key,
        broker_order_id=report.broker_order_id,
        broker=report.request.broker,
        mode=report.request.mode,
        order=f"{terms.transaction_type} {terms.quantity_shares} {terms.exchange}:"
        f"{terms.trading_symbol} {terms.product} {terms.order_type}{price}",
        state=report.state,
        status=seen.status if seen else None,
        open=may_move(report),
        filled_quantity=seen.filled_shares if seen else 0,
        average_price=money(seen.average_price_inr) if seen else None,
        broker_message=why(report.request.broker, report)["broker_message"],
    )


def told_in_words(model: Activity, form: Form, tool: str) -> list[str]:
    lines = [f"{len(model.events)} of {model.total} events, newest first."]
    rows = [_line(row, form) for row in model.events]
    if model.known_then is not None:
        lines, rows = [_head(model.known_then), *lines], [*_known_lines(model.known_then), *rows]
    lines += screenful(rows, form)
    if model.stale:
        lines.append("The views are behind: the newest events may be missing.")
    if model.next_cursor:
        lines.append(f"More: {tool}(cursor='{model.next_cursor}') with the same arguments.")
    return lines


def _head(then: KnownThen) -> str:
    is_open = sum(row.open for row in then.orders)
    return (
        f"Known at {spoken(datetime.fromisoformat(then.at))}, replayed from the events: "
        f"{len(then.sessions)} sessions, {then.total_orders} orders, {is_open} of them open."
    )


def _known_lines(then: KnownThen) -> list[str]:
    lines = [
        f"Session '{each.label}' ({each.session_id[:SHORT_ID]}): "
        f"{_is_over(each.ended)}, active broker {each.active_broker or 'none'}, "
        f"logged in: {', '.join(each.authenticated_brokers) or 'nowhere'}."
        for each in then.sessions
    ]
    lines += [
        f"Order '{each.order_key}' at {each.broker} ({each.mode}): {each.order}: "
        + ", ".join(filter(None, [each.state, each.status]))
        for each in then.orders
    ]
    return lines


def _is_over(ended: str | None) -> str:
    return "open" if ended is None else "ended" if ended == "ended" else f"ended ({ended})"


def _line(row: ActivityRow, form: Form) -> str:
    """`23 Nov 09:20:15 user: The broker accepted it as B1. (order 'k1')`."""
    at = datetime.fromisoformat(row.at)
    who = f"{row.who} with {quoted(row.client)}" if form == "detailed" and row.client else row.who
    summary, most = row.summary, MOST_QUOTED
    if form == "concise":
        most = LONGEST_WORDS
        if len(summary) > LONGEST_SUMMARY:
            summary = f"{summary[: LONGEST_SUMMARY - 1]}…"
    words = f" Written: {quoted(row.words, most)}" if row.words else ""
    key = f" (order '{row.order_key}')" if row.order_key else ""
    return f"{at:%d %b %H:%M:%S} {who}: {summary}{words}{key}"
