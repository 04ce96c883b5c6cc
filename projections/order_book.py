"""Which orders are open or unsettled: one row each, from the request until the end is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, Table, delete, select, tuple_

from domain import events as e
from domain.envelope import Recorded
from domain.instants import as_text, from_text
from domain.open_orders import OpenOrder, evolve_orders
from domain.vocabulary import BrokerName, Mode
from projections.tables import order_book
from projections.upsert import write_rows

name: Final = "order_book"
tables: Final[tuple[Table, ...]] = (order_book,)

_Key = tuple[UUID, str]
_KEY: Final = tuple_(order_book.c.session_id, order_book.c.order_key)


@dataclass(kw_only=True)
class _Entry:
    """An open order, and what its session does not remember of it."""

    order: OpenOrder
    principal: UUID
    requested_at: str
    dispatched_at: str | None = None


def fold(connection: Connection, batch: Sequence[Recorded]) -> None:
    """Load the orders that a batch speaks of, evolve them as their sessions do, write them back."""
    facts = [(r, r.event) for r in batch if isinstance(r.event, e.OrderEvent)]
    if not facts:
        return
    touched = {(r.envelope.stream_id, event.order_key) for r, event in facts}
    found = connection.execute(select(order_book).where(_KEY.in_(touched)))
    entries = {(row.session_id, row.order_key): _entry(row) for row in found}
    settled = set(entries)
    for recorded, event in facts:
        _apply(entries, recorded, event)
    settled -= entries.keys()
    if settled:
        connection.execute(delete(order_book).where(_KEY.in_(settled)))
    write_rows(connection, order_book, [_row(key, entry) for key, entry in entries.items()])


def _apply(entries: dict[_Key, _Entry], recorded: Recorded, event: e.OrderEvent) -> None:
    envelope = recorded.envelope
    key = (envelope.stream_id, event.order_key)
    known = entries.pop(key, None)
    before = {event.order_key: known.order} if known else {}
    order = evolve_orders(before, event).get(event.order_key)
    if order is None:
        return
    at = as_text(envelope.recorded_at)
    if known is None:
        known = _Entry(order=order, principal=envelope.principal, requested_at=at)
    known.order = order
    if isinstance(event, e.OrderDispatched):
        known.dispatched_at = at
    entries[key] = known


def _entry(row: Row[Any]) -> _Entry:
    return _Entry(
        order=msgspec.json.decode(row.open_order, type=OpenOrder),
        principal=row.principal,
        requested_at=row.requested_at,
        dispatched_at=row.dispatched_at,
    )


def _row(key: _Key, entry: _Entry) -> dict[str, Any]:
    order, request = entry.order, entry.order.request
    session_id, order_key = key
    return {
        "session_id": session_id,
        "order_key": order_key,
        "principal": entry.principal,
        "broker": request.broker,
        "account_fingerprint": request.account_fingerprint,
        "credential_version": request.credential_version,
        "mode": request.mode,
        "state": order.stage.upper(),
        "broker_tag": request.broker_tag,
        "broker_order_id": order.broker_order_id,
        "exchange": order.terms.exchange,
        "trading_symbol": order.terms.trading_symbol,
        "transaction_type": order.terms.transaction_type,
        "quantity_shares": order.terms.quantity_shares,
        "filled_shares": order.sighting.filled_shares if order.sighting else 0,
        "requested_at": entry.requested_at,
        "dispatched_at": entry.dispatched_at,
        "open_changes": len(order.changes),
        "open_order": msgspec.json.encode(order, order="deterministic").decode(),
    }


@dataclass(frozen=True, kw_only=True)
class OpenRow:
    """One order that is open or unsettled. `state` is REQUESTED, DISPATCHED, PLACED or UNKNOWN,
    `quantity_shares` as it stands after modifications. `requested_at` is when it was asked for or,
    for an adopted order, when it was found (UTC). `open_changes` counts modifications and
    cancellations that are under way, or may or may not have been done."""

    principal: UUID
    session_id: UUID
    order_key: str
    broker: BrokerName
    account_fingerprint: str
    credential_version: int
    mode: Mode
    state: str
    broker_tag: str
    broker_order_id: str | None
    exchange: str
    trading_symbol: str
    transaction_type: str
    quantity_shares: int
    filled_shares: int
    requested_at: datetime
    dispatched_at: datetime | None
    open_changes: int


def read(rows: Iterable[Any]) -> list[OpenRow]:
    """From rows of the table."""
    return [_read(row._asdict()) for row in rows]


def _read(row: dict[str, Any]) -> OpenRow:
    del row["open_order"]
    dispatched_at = row["dispatched_at"]
    return OpenRow(
        **row
        | {
            "requested_at": from_text(row["requested_at"]),
            "dispatched_at": from_text(dispatched_at) if dispatched_at else None,
        }
    )
